import { testOnBun } from "../support/run_on_bun.ts";

testOnBun("every test of ffi passes", "tests/ffi/bun_smoke.ts");
