import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { testEach } from "./each_program.ts";
import { output, textOutput } from "./process.ts";
import { listFiles, storeFaults } from "./store_listing.ts";
import { TreeMaker } from "./tree_maker.ts";

const IMAGE_SHA256 = "96ab743edca88954510e7274cb428717845afa1dbd7ece309aa185caaa7ac6b2";
const DIGEST = "0aecf5f76d6f28293a10a6d8e76f83796e6c165c734424c7175247f5bbfc059c";
const DIGEST_EPOCH = "225c0c136618026595675eb5820806e5f578b42a72c00f4613361118494b81bc";
const DIGEST_VERSION_1 = "e82bac0459bf472a282755575fd84e16ec8c8c6a86f5cada413a5a026fa61956";
const FOO = "85/d600d462f5c3738b55c3ebf570c31263353dc6aa35448c6a8f9aa519429c8a";
const BAR = "fc/2a1a56808b1739e0fb1621d2170b42d9cfd57c54f7481b1c29935e440fd8a4";

testEach("walk-through: example tree, store, image, digests, root", { root: true }, (subject) => {
  const make = new TreeMaker(subject.directory);
  make.directory("rootfs");
  make.file("rootfs/foo.txt", "foo.txt" + "_".repeat(60) + "\n");
  make.directory("rootfs/subdir");
  make.file("rootfs/subdir/bar.txt", "bar.txt" + "_".repeat(60) + "\n");
  make.file("rootfs/testfile", "abcde\n");
  make.timeAll(1_700_000_000);
  const options = { cwd: subject.directory };
  const mkcomposefs = (...args: string[]) =>
    textOutput(subject.tool("mkcomposefs"), args, options).trimEnd();
  const info = (...args: string[]) => textOutput(subject.tool("composefs-info"), args, options);

  assertEquals(mkcomposefs("--digest-store=objects", "rootfs", "example.cfs"), "");
  const image = readFileSync(subject.path("example.cfs"));
  assertEquals(createHash("sha256").update(image).digest("hex"), IMAGE_SHA256);
  assertEquals(listFiles(subject.path("objects")), [
    "85 40755",
    `${FOO} 100644 68`,
    "fc 40755",
    `${BAR} 100644 68`,
  ]);
  assertEquals(storeFaults(subject.path("objects")), []);
  assertEquals(mkcomposefs("--print-digest-only", "rootfs"), DIGEST);
  assertEquals(mkcomposefs("--use-epoch", "--print-digest-only", "rootfs"), DIGEST_EPOCH);
  assertEquals(mkcomposefs("--min-version=1", "--print-digest-only", "rootfs"), DIGEST_VERSION_1);
  assertEquals(info("measure-file", "example.cfs"), `${DIGEST}\n`);
  assertEquals(info("objects", "example.cfs"), `${FOO}\n${BAR}\n`);
  assertEquals(info("--basedir=objects", "missing-objects", "example.cfs"), "");
  assertEquals(
    info("ls", "example.cfs"),
    `/foo.txt\t@ ${FOO}\n/subdir/\t\n/subdir/bar.txt\t@ ${BAR}\n/testfile\n`,
  );
  const dump = info("dump", "example.cfs");
  assertEquals(dump.split("\n").at(-2), "/testfile 6 100644 1 0 0 0 1700000000.0 - abcde\\n -");
  const script = `"$@" composefs-info dump example.cfs | "$@" mkcomposefs --from-file - -`;
  const again = output(["sh", "-c", script, "sh"], subject.composefs, options);
  assertEquals(createHash("sha256").update(again).digest("hex"), IMAGE_SHA256);
});
