/**
 * `--dry-run` and `--json` of the commands that make something: `extract`, `rewrite`, `mount`, and `fsverity sign`.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { inNamespace, NEEDS, prepare } from "./mount_namespace.ts";
import { run, textOutput } from "./process.ts";
import { makeKey } from "./signing_keys.ts";
import { makeImage, makeSmallTree } from "./small_image.ts";

testEach("extract --dry-run: looks at everything, and writes nothing", {}, (subject) => {
  const { composefs, directory, path } = subject;
  const { image, store, digest } = makeImage(subject, makeSmallTree);
  const before = readdirSync(directory);
  const extract = (...args: string[]) => {
    const options = { cwd: directory, env: { TMPDIR: directory } };
    const { code, stdout, stderr } = run(
      [...composefs, "extract"],
      ["--dry-run", ...args],
      options,
    );
    assertEquals(readdirSync(directory), before);
    return { code, text: new TextDecoder().decode(stdout), stderr };
  };
  const counts = `9 files of 762482 bytes, image digest ${digest}\n`;
  const stored = `--store=${store}`;
  const told = extract(stored, image, path("out"));
  assertEquals(told, {
    code: 0,
    text: `Would extract "${image}" to "${path("out")}": ${counts}`,
    stderr: "",
  });
  const archive = extract(stored, "--tree-cache=cache", "--tar", image);
  assertEquals(archive.text, `Would write an archive of "${image}": ${counts}`);
  const some = JSON.parse(extract(stored, "--json", image, "out", "/sub", "/64").text);
  assertEquals(some, { digest, algorithm: "sha256", files: 2, bytes: 129 });
  // Layers have been read when the image of them is made, and nothing of them is kept.
  const { stdout } = run([...composefs, "extract"], ["--tar", stored, image]);
  writeFileSync(path("store/tree.tar"), stdout);
  const layer = extract("--json", path("store/tree.tar"), "out");
  assertEquals([layer.code, JSON.parse(layer.text).files], [0, 9], layer.stderr);
  assertEquals(extract(image, "out").code, 1);
  assertEquals(
    extract(stored, image, store).stderr,
    `composefs: Cannot extract to "${store}": ` +
      "the directory is not empty\n",
  );
  const [object] = readdirSync(store).filter((name) => name.length === 2);
  rmSync(`${store}/${object}`, { recursive: true });
  assertEquals(extract(stored, image, "out").code, 1);
});

testEach("extract --json: says what it has made, of directories only", {}, (subject) => {
  const { composefs, path } = subject;
  const { image, store, digest } = makeImage(subject, makeSmallTree);
  const args = [`--store=${store}`, "--json"];
  const answer = textOutput([...composefs, "extract"], [...args, image, path("out")]);
  const expected = { digest, algorithm: "sha256", files: 9, bytes: 762_482 };
  assertEquals(JSON.parse(answer), expected);
  const archive = run([...composefs, "extract"], [...args, image, "-"]);
  assertEquals([archive.code, JSON.parse(archive.stderr).error.code], [2, "usage"]);
});

testEach("rewrite: --dry-run and --json say what is made", {}, (subject) => {
  const { composefs, directory, path } = subject;
  const { image, digest } = makeImage(subject, makeSmallTree);
  const rewrite = (...args: string[]) => textOutput([...composefs, "rewrite"], args);
  const size = readFileSync(image).length;
  const before = readdirSync(directory);
  const planned = rewrite("--dry-run", image, path("again"));
  assertEquals(planned, `Would write "${path("again")}", ${size} bytes, digest ${digest}\n`);
  const streamed = rewrite("--dry-run", image, "-");
  assertEquals(streamed, `Would write to standard output, ${size} bytes, digest ${digest}\n`);
  const answer = rewrite("--dry-run", "--json", "--format=2", image, path("again"));
  assertEquals(readdirSync(directory), before);
  assertEquals(rewrite("--json", "--format=2", image, path("again")), answer);
  const made = readFileSync(path("again"));
  assertEquals(JSON.parse(answer), {
    digest: textOutput([...composefs, "digest"], [path("again")]).trim(),
    algorithm: "sha256",
    size: made.length,
    formatVersion: 2,
  });
  const stream = run([...composefs, "rewrite"], ["--json", image, "-"]);
  assertEquals([stream.code, JSON.parse(stream.stderr).error.code], [2, "usage"]);
});

testEach("mount --json: says what is mounted, and how", NEEDS, (subject) => {
  prepare(subject);
  const script = `
    "$@" --dry-run x.cfs m
    "$@" x.cfs m
    "$@" -o remount,ro x.cfs m
    umount m`;
  const command = [...subject.composefs, "mount", "--json", "--store=objects"];
  const { code, stdout, stderr } = inNamespace(subject, script, command);
  assertEquals([code, stderr], [0, ""]);
  const [planned, mounted, changed] = new TextDecoder().decode(stdout).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const place = { image: "x.cfs", mountpoint: "m" };
  const how = { objectVerity: false, copied: false };
  assertEquals(planned, { ...place, mounted: false, backing: null, layer: null, ...how });
  const { backing, layer, ...rest } = mounted;
  assert(typeof backing === "string" && typeof layer === "string");
  assertEquals(rest, { ...place, mounted: true, ...how });
  assertEquals(changed, { ...place, remounted: true });
});

testEach("fsverity --json: signatures, and what goes wrong", { tools: ["openssl"] }, (subject) => {
  const { directory, path, tool } = subject;
  writeFileSync(path("file"), "hello");
  makeKey(directory, "key", "rsa:2048");
  const options = { cwd: directory };
  const args = ["sign", "--json", "file", "signature", "--key=key.pem", "--cert=key.crt"];
  const [digest] = textOutput(tool("fsverity"), ["digest", "--compact", "file"], options).split(
    "\n",
  );
  const answer = JSON.parse(textOutput(tool("fsverity"), args, options));
  assertEquals(answer, { path: "file", algorithm: "sha256", digest });
  const failing = (...args: string[]) => {
    const { code, stderr } = run(tool("fsverity"), args, options);
    return [code, JSON.parse(stderr).error.code];
  };
  assertEquals(failing("digest", "--json", "none"), [1, "not-found"]);
  assertEquals(failing("digest", "--json"), [2, "usage"]);
  mkdirSync(path("plain"));
  const plain = run(tool("fsverity"), ["digest", "none"], options);
  assertStringIncludes(plain.stderr, "ERROR: ");
});
