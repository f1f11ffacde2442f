/**
 * The public library where nothing but ECMAScript and three Web interfaces is there: as in a browser.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { bundle } from "../../scripts/build.ts";
import type { PureResults } from "../kit/pure_realm.ts";

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

function bundleRealm(): string {
  const directory = mkdtempSync(join(tmpdir(), "composefs-pure-"));
  try {
    const path = join(directory, "pure_realm.js");
    bundle("tests/kit/pure_realm.ts", path, "browser");
    return readFileSync(path, "utf8");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const TREE_DUMP = String.raw`/ 4096 40755 4 0 0 0 0.0 - - -
/bin 41 40755 2 0 0 0 0.0 - - -
/bin/sh 5000 100644 1 0 0 0 0.0 b7/09ce026afaee39e9a7fd6c155381961ba2b85244e42b05104dbbeb204244ab - b709ce026afaee39e9a7fd6c155381961ba2b85244e42b05104dbbeb204244ab
/etc 62 40755 2 0 0 0 0.0 - - -
/etc/gr\xc3\xb6\xc3\x9fe 2 100644 1 0 0 0 0.0 - \x00\xff -
/etc/motd 9 100644 1 0 0 0 0.0 - Welcome!\n -
/lib 7 120777 1 7 0 0 1234567890.0 usr/lib - -
`;

Deno.test("the realm leads to no runtime", async () => {
  const evaluate = makeRealm();
  for (const name of ["Deno", "process", "require", "Buffer"]) {
    assertEquals(evaluate(`typeof ${name}`), "undefined", name);
  }
  const imported = evaluate('import("node:fs").then(() => "found", () => "out of reach")');
  assertEquals(await imported, "out of reach");
});

Deno.test("the library makes and reads images without a runtime", async () => {
  const script = bundleRealm();
  const evaluate = makeRealm();
  evaluate(script);
  const results: PureResults = await (evaluate("pureRealm()") as Promise<PureResults>);

  assertEquals(new Set(Object.values(results.runtime)), new Set(["undefined"]));
  assertEquals(
    results.rootImage,
    "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682",
  );
  assertEquals(
    results.rootImageSha512,
    "ae399f4c2c5c1fed2238affa1ca9240f064dac53117d6eb67ee3c81f44d74560" +
      "64a7443925b1d6ab309b694d2ae6808e2afebb96202fc5025f13bb00f3f138e2",
  );
  assertEquals(results.treeDump, TREE_DUMP);
  // As mkcomposefs 1.0.8 makes it of a directory of the same files.
  assertEquals(
    results.treeImage,
    "235f00e28f7f1e99e73bbfa64711ec4dbce0de6b790cedbd768efa45e1fde3e9",
  );
  assertEquals(results.dumpImage, results.treeImage);
  assertEquals(results.objects, 1);
  assertEquals(
    results.sha256,
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assertEquals(
    results.sha512,
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
      "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
  );
});
