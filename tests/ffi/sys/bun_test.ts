import { testOnBun } from "../../kit/run_on_bun.ts";

testOnBun("every test of ffi passes", "tests/ffi/sys/bun_smoke.ts");
