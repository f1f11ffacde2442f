/**
 * What the forms of the program are called in names of tests and in reports.
 *
 * Importing this builds nothing; see `programs.ts`.
 *
 * @module
 */

/** Names, each as a person would type it. */
export const PROGRAM_NAMES = {
  source: "deno run -A cli/main.ts",
  deno: "deno run -A dist/composefs.js",
  bun: "bun dist/composefs.js",
  bunExecutable: "dist/composefs",
  denoExecutable: "dist/composefs-deno",
} as const;

/** A test that ran, or did not. */
interface Result {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
}

/**
 * A line for each form of the program: how many tests ran under it.
 *
 * @param results Of the tests that ran; those of a form have its name in brackets in theirs.
 */
export function programTable(results: readonly Result[]): string[] {
  const width = Math.max(...Object.values(PROGRAM_NAMES).map((name) => name.length));
  return Object.values(PROGRAM_NAMES).map((name) => {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const result of results) if (result.name.includes(`[${name}]`)) count[result.outcome]++;
    const { passed, failed, skipped } = count;
    const ran = passed + failed > 0;
    const left = name.padEnd(width);
    return ran
      ? `${left}  ${passed} passed, ${failed} failed, ${skipped} skipped`
      : `${left}  not run`;
  });
}
