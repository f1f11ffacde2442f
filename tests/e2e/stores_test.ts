/**
 * Object stores, as our own commands name them: by an option, or by the environment.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { makeImage, makeSmallTree } from "./small_image.ts";
import { testEach } from "./each_program.ts";
import { output, run, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";

testEach("store: one option for reading and writing, by its older names too", {}, (subject) => {
  const { composefs, path } = subject;
  const { image, store, digest } = makeImage(subject, makeSmallTree);
  mkdirSync(path("empty"));
  const wanted = read(path("tree/600000"));
  for (const name of ["--store", "--basedir"]) {
    const stores = [`${name}=${path("empty")}`, `${name}=${store}`];
    assertSameBytes(output([...composefs, "cat"], [...stores, image, "/600000"]), wanted, name);
    assertEquals(output([...composefs, "missing-objects"], [...stores, image]).length, 0);
    const both = run([...composefs, "verify"], [...stores, `--digest=sha256:${digest}`, image]);
    assertEquals([both.code, both.stderr], [0, ""]);
  }
  const mixed = run([...composefs, "verify"], [`--store=${store}`, `--basedir=${store}`, image]);
  assertEquals([mixed.code, mixed.stderr.includes("expected one name")], [2, true]);
  for (const name of ["--store", "--digest-store"]) {
    const made = path(`made${name}`);
    const args = [`${name}=${made}`, "--print-digest-only", path("tree")];
    const created = run([...composefs, "create"], args);
    assertEquals(new TextDecoder().decode(created.stdout).trim(), digest, created.stderr);
    assertSameBytes(
      output([...composefs, "cat"], [`--store=${made}`, image, "/600000"]),
      wanted,
      name,
    );
  }
  const help = textOutput([...composefs, "verify"], ["--help"]);
  assertEquals([help.includes("--store=DIR"), help.includes("--basedir")], [true, false]);
});

testEach("store: the environment names one for our commands that read", {}, (subject) => {
  const { composefs, path, tool } = subject;
  const { image, store } = makeImage(subject, makeSmallTree);
  mkdirSync(path("empty"));
  const env = { COMPOSEFS_STORE: store };
  const wanted = read(path("tree/600000"));
  const found = output([...composefs, "cat"], [image, "/600000"], { env });
  assertSameBytes(found, wanted, "cat");
  assertEquals(run([...composefs, "verify"], [image], { env }).code, 0);
  assertEquals(run([...composefs, "verify"], ["--image-only", image], { env }).code, 0);
  assertEquals(output([...composefs, "missing-objects"], [image], { env }).length, 0);
  // An option beats it; and what is no option for reading, or another program's, knows nothing of it.
  const other = run([...composefs, "cat"], [`--store=${path("empty")}`, image, "/600000"], { env });
  assertEquals(other.code, 1);
  const missing = output(tool("composefs-info"), ["missing-objects", image], { env });
  assert(missing.length > 0);
  const made = { COMPOSEFS_STORE: path("made") };
  assertEquals(run([...composefs, "create"], [path("tree"), path("again")], { env: made }).code, 0);
  assertEquals(run(["ls"], [path("made")]).code === 0, false);
  const empty = run([...composefs, "verify"], [image], { env: { COMPOSEFS_STORE: "" } });
  assertEquals([empty.code, empty.stderr.includes("expected --store")], [2, true]);
});

testEach(
  "verify: of several images each is told of by its name, and shared objects are read once",
  {},
  (subject) => {
    const { composefs, path } = subject;
    const { image, store, digest } = makeImage(subject, makeSmallTree);
    const both = run([...composefs, "verify"], [`--store=${store}`, image, image]);
    const sound = new TextDecoder().decode(both.stdout).trimEnd().split("\n");
    assertEquals([both.code, sound.length], [0, 2]);
    for (const line of sound) assert(line.startsWith(`"${image}": Nothing is wrong: `), line);
    // A directory brings its own contents.
    assertEquals(run([...composefs, "verify"], [`--store=${store}`, path("tree"), image]).code, 0);
    const [shard] = readdirSync(store);
    rmSync(`${store}/${shard}`, { recursive: true });
    const lacking = run([...composefs, "verify", "--json"], [
      `--store=${store}`,
      image,
      path("tree"),
    ]);
    const lines = new TextDecoder().decode(lacking.stdout).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(lacking.code, 1);
    assertEquals(lines.filter(({ type }) => type === "summary").map(({ ok }) => ok), [false, true]);
    assertEquals(lines[0].image, image);
    const one = run([...composefs, "verify"], [
      `--digest=${digest}`,
      `--store=${store}`,
      image,
      image,
    ]);
    assertEquals([one.code, one.stderr.includes("expected one image")], [2, true]);
  },
);

testEach(
  "verify, cat: digests by other block sizes and salts, where these are named",
  {},
  (subject) => {
    const { composefs, path, tool } = subject;
    mkdirSync(path("store/ab"), { recursive: true });
    for (const size of [5000, 3_000_000]) {
      const contents = Uint8Array.from({ length: size }, (_, i) => i % 251);
      writeFileSync(path("store/ab/cd"), contents);
      const parameters = ["--block-size=1024", "--salt=00ff"];
      const measured = textOutput(tool("fsverity"), [
        "digest",
        "--compact",
        ...parameters,
        path("store/ab/cd"),
      ]);
      const line = `/a ${size} 100644 1 0 0 0 0.0 ab/cd - ${measured.trim()}`;
      writeFileSync(path("dump"), `/ 0 40755 2 0 0 0 0.0 - - -\n${line}\n`);
      const args = [`--store=${path("store")}`, path("dump")];
      assertEquals(run([...composefs, "verify"], args).code, 1);
      assertEquals(run([...composefs, "verify"], [...parameters, ...args]).code, 0);
      assertEquals(run([...composefs, "verify"], [parameters[0]!, ...args]).code, 1);
      assertEquals(run([...composefs, "cat"], [...args, "/a"]).stdout.length, 0);
      assertSameBytes(
        output([...composefs, "cat"], [...parameters, ...args, "/a"]),
        contents,
        "cat",
      );
      contents[size - 1]! ^= 1;
      writeFileSync(path("store/ab/cd"), contents);
      assertEquals(run([...composefs, "cat"], [...parameters, ...args, "/a"]).code, 1);
    }
  },
);
