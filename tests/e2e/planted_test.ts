/**
 * What strangers have put into a directory like `/tmp` before a program of root's writes there.
 */

import { assert, assertEquals } from "@std/assert";
import {
  chmodSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { testEach } from "./each_program.ts";
import { run } from "./process.ts";
import { makeKey } from "./signing_keys.ts";

const STRANGER = 4711;
const NEEDS = { root: true, tools: ["openssl"], once: true } as const;

testEach("planted: no output goes where a stranger's link leads", NEEDS, (subject) => {
  const { composefs, directory, path, tool } = subject;
  mkdirSync(path("tree"));
  writeFileSync(path("tree/file"), "contents ".repeat(100));
  makeKey(directory, "key", "ec:prime256v1");
  mkdirSync(path("sticky"));
  chmodSync(path("sticky"), 0o1777);
  writeFileSync(path("own"), "own");
  mkdirSync(path("place"));
  run(composefs, ["create", "--digest-store=objects", "tree", "image"], { cwd: directory });
  const [planted, way] = [path("sticky/planted"), path("sticky/way")];
  const writers = {
    image: [...composefs, "create", "tree", planted],
    "image of C's name": [...tool("mkcomposefs"), "tree", planted],
    store: [...composefs, "create", `--digest-store=${way}`, "tree", "image"],
    "store to be made": [...composefs, "create", `--digest-store=${way}/new`, "tree", "image"],
    tree: [...composefs, "extract", "--basedir=objects", "image", `${way}/tree`],
    signature: [...tool("fsverity"), "sign", "--key=key.pem", "--cert=key.crt", "own", planted],
    "Merkle tree": [...tool("fsverity"), "digest", `--out-merkle-tree=${planted}`, "own"],
    descriptor: [...tool("fsverity"), "digest", `--out-descriptor=${planted}`, "own"],
    cache: [...composefs, "create", `--cache=${planted}`, "tree", "image"],
  };
  symlinkSync("../own", planted);
  symlinkSync("../place", way);
  for (const link of [planted, way]) lchownSync(link, STRANGER, STRANGER);
  for (const [name, command] of Object.entries(writers)) {
    const { code, stderr } = run(command, [], { cwd: directory });
    // A cache that cannot be written is done without; all else is an error.
    assertEquals(code, name === "cache" ? 0 : 1, name);
    assert(stderr.includes(path("sticky/")), `${name}: ${stderr}`);
    assertEquals(readFileSync(path("own"), "utf8"), "own", name);
    assertEquals(readdirSync(path("place")), [], name);
  }
});
