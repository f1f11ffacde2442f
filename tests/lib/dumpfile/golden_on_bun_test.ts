import { testOnBun } from "../../kit/run_on_bun.ts";

testOnBun("vectors, goldens and random dumps", "tests/lib/dumpfile/golden_on_bun.ts");
