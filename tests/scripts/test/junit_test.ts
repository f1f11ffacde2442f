import { assertEquals, assertThrows } from "@std/assert";
import { readJunit } from "../../../scripts/test/junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="5" failures="1" errors="0" time="0.467">
    <testsuite name="./a_test.ts" tests="4" disabled="1" errors="0" failures="1">
        <testcase name="good" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="bad &lt;&amp;&gt; &quot;name&quot; &#x20AC;&#10;" classname="./a_test.ts" time="0.001" line="2" col="6">
            <failure message="Uncaught Error: no">Error: &lt;skipped/&gt; &lt;/testcase&gt;</failure>
        </testcase>
        <testcase name="off (skipped: no fsverity on PATH)" classname="./a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="steps &gt; one" classname="./a_test.ts" time="0.000" line="4" col="43">
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="empty" classname="./b_test.ts" time="0.001" />
    </testsuite>
</testsuites>
`;

Deno.test("readJunit() tells what became of each test", () => {
  assertEquals(readJunit(REPORT), [
    { name: "good", file: "./a_test.ts", outcome: "passed" },
    { name: 'bad <&> "name" €\n', file: "./a_test.ts", outcome: "failed" },
    { name: "off (skipped: no fsverity on PATH)", file: "./a_test.ts", outcome: "skipped" },
    { name: "steps > one", file: "./a_test.ts", outcome: "passed" },
    { name: "empty", file: "./b_test.ts", outcome: "passed" },
  ]);
});

Deno.test("readJunit() rejects a report that is cut off", () => {
  assertThrows(() => readJunit(REPORT.slice(0, 700)), SyntaxError, "Cannot read the report");
  assertThrows(() => readJunit(""), SyntaxError);
});

Deno.test("readJunit() rejects a report that counts other tests than it holds", () => {
  assertThrows(() => readJunit(REPORT.replace('tests="5"', 'tests="6"')), SyntaxError, "not 6");
});
