/**
 * The public library where nothing but ECMAScript and three Web interfaces is there: as in a browser.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { bundle } from "../../scripts/build.ts";
import { CASE_NAMES, type CaseResult } from "../kit/library/cases.ts";
import { Scratch } from "../kit/scratch.ts";

/**
 * Gives the realm its Web interfaces. They take and return the realm's own byte arrays, for a foreign
 * Uint8Array is no `instanceof Uint8Array` there, which no browser would do to the library.
 */
const PRELUDE = `({ encoder, decoderOf, digest }) => {
  globalThis.TextEncoder = class {
    encode(text) { return new Uint8Array(encoder.encode(text)); }
    encodeInto(text, into) { return encoder.encodeInto(text, into); }
  };
  globalThis.TextDecoder = class {
    #decoder;
    constructor(...args) { this.#decoder = decoderOf(...args); }
    decode(bytes, options) { return this.#decoder.decode(bytes, options); }
  };
  globalThis.crypto = { subtle: {
    async digest(algorithm, bytes) { return new Uint8Array(await digest(algorithm, bytes)).buffer; },
  } };
}`;

/** Makes a realm with no way to the runtime, and gives what evaluates scripts in it. */
function makeRealm(): (script: string) => unknown {
  const context = createContext(Object.create(null));
  runInContext(PRELUDE, context)({
    encoder: new TextEncoder(),
    decoderOf: (...args: ConstructorParameters<typeof TextDecoder>) => new TextDecoder(...args),
    digest: (algorithm: string, bytes: BufferSource) => crypto.subtle.digest(algorithm, bytes),
  });
  return (script) => runInContext(script, context);
}

/** The cases as a script, which leaves them behind as a global. */
function bundleCases(): string {
  using scratch = new Scratch();
  const path = scratch.path("cases.js");
  bundle("tests/kit/library/realm.ts", path, "browser");
  return readFileSync(path, "utf8");
}

Deno.test("the realm leads to no runtime", async () => {
  const evaluate = makeRealm();
  for (const name of ["Deno", "process", "require", "Buffer"]) {
    assertEquals(evaluate(`typeof ${name}`), "undefined", name);
  }
  const imported = evaluate('import("node:fs").then(() => "found", () => "out of reach")');
  assertEquals(await imported, "out of reach");
});

Deno.test("the library does all it must without a runtime", async () => {
  const evaluate = makeRealm();
  evaluate(bundleCases());
  const results: CaseResult[] = JSON.parse(await (evaluate("runCases()") as Promise<string>));
  assertEquals(results, CASE_NAMES.map((name) => ({ name })));
});
