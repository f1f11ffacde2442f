/** The examples on the manual pages of formats give what the pages show. */

import { assert } from "@std/assert";
import { writeFileSync } from "node:fs";
import { DUMP_EXAMPLE, DUMP_SESSION } from "../../cli/manual/dump_format.ts";
import { IMAGE_SESSION } from "../../cli/manual/image_format.ts";
import { FORMAT_PAGES } from "../../cli/manual/pages.ts";
import { testEach } from "./each_program.ts";
import { runSteps, stepsOf } from "./session.ts";

/** What a page shows as it stands. */
function linesOn(name: string): string[] {
  const page = FORMAT_PAGES.find((page) => page.name === name)!;
  return page.sections.flatMap(({ parts }) => parts)
    .flatMap((part) => typeof part === "object" && "lines" in part ? [part.lines] : []);
}

testEach("manual: the example in composefs-dump(5)", {}, (subject) => {
  assert(linesOn("composefs-dump").includes(DUMP_EXAMPLE.text));
  assert(linesOn("composefs-dump").includes(DUMP_SESSION));
  writeFileSync(subject.path(DUMP_EXAMPLE.file), `${DUMP_EXAMPLE.text}\n`);
  runSteps(subject, stepsOf(`${DUMP_SESSION}\n`));
});

testEach("manual: the example in composefs-image(5)", {}, (subject) => {
  assert(linesOn("composefs-image").includes(IMAGE_SESSION));
  runSteps(subject, stepsOf(`${IMAGE_SESSION}\n`));
});
