/**
 * Reads the reports that `deno test --junit-path` writes.
 *
 * They are what Deno writes and not any XML: elements of one kind are never inside each other, and text
 * is escaped. A module that fails before its first test is not in them.
 *
 * @module
 */

/** How a test ended. */
export type Outcome = "passed" | "failed" | "skipped";

/** One test or step of a test. */
export interface TestResult {
  /** A step has the name of its test before its own: `test > step`. */
  readonly name: string;
  readonly file: string;
  readonly outcome: Outcome;
}

const TEST_CASE = /<testcase\b([^>]*?)(?:\/>|>([^]*?)<\/testcase>)/g;

/**
 * Reads a report.
 *
 * @throws {SyntaxError} If it is cut off, or says that it holds more or fewer tests than it does.
 */
export function readJunit(report: string): TestResult[] {
  const results = [...report.matchAll(TEST_CASE)].map(([, attributes = "", body = ""]) => ({
    name: attribute(attributes, "name"),
    file: attribute(attributes, "classname"),
    outcome: outcomeOf(body),
  }));
  const counted = /<testsuites\b[^>]*\btests="(\d+)"/.exec(report)?.[1];
  if (!report.trimEnd().endsWith("</testsuites>") || Number(counted) !== results.length) {
    throw new SyntaxError(`Cannot read the report: ${results.length} tests in it, not ${counted}`);
  }
  return results;
}

function outcomeOf(body: string): Outcome {
  if (/<(failure|error)\b/.test(body)) return "failed";
  return /<skipped\b/.test(body) ? "skipped" : "passed";
}

function attribute(attributes: string, name: string): string {
  return unescape(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

const ENTITIES: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(decimal !== undefined ? Number(decimal) : parseInt(hex, 16));
  });
}
