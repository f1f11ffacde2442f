/**
 * Cases in which nobody, on a kernel with fs-verity, makes an image, looks at it and tries to mount it.
 *
 * Run by Bun's executable: nobody cannot reach Deno where it is in a home directory.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Executable } from "../../scripts/test/executables.ts";
import { type Disk, type Guest, missingPrograms, succeed, type VmCase } from "./case.ts";
import { type Example, FOO, FOO_DIGEST, IMAGE_DIGEST, makeExample, SHORT } from "./example.ts";

const NOBODY = 65534;

/** What a refusal to mount has to say: that it takes root, and what does not. */
const REFUSED =
  /^mount\.composefs: [^\n]*, so run as root; "composefs ls", "cat", "extract" and "verify" work without privilege \(EPERM\)\n$/;

/** Has somebody who may not mount try it. */
async function refuseMount(
  somebody: Guest["nobody"],
  { image, objects, mountPoint }: Example,
): Promise<void> {
  const args = ["-o", `basedir=${objects}`, image, mountPoint];
  const { status, stderr } = await somebody("mount.composefs", args);
  assertEquals(status, 1);
  assertMatch(stderr, REFUSED);
}

/** The cases on one disk. */
export function unprivilegedCases(disk: Disk, bun: Executable): VmCase[] {
  const skip = "missing" in bun ? bun.missing : missingPrograms("setpriv", "unshare");
  const named = (
    name: string,
    run: (guest: Guest, example: Example) => Promise<void>,
  ): VmCase => ({
    name: `as nobody: ${name}`,
    skip,
    async run(guest) {
      const directory = guest.directory(disk);
      chownSync(directory, NOBODY, NOBODY);
      // makeExample writes the tree and its directories as root, which others may read.
      const example = await makeExample(directory, guest.ours);
      await run(guest, example);
    },
  });
  return [
    named("mkcomposefs makes the image, and objects with fs-verity", async (guest, example) => {
      const { tree, image } = example;
      const store = `${example.objects}-of-nobody`;
      const args = ["--print-digest", `--digest-store=${store}`, tree, `${image}-of-nobody`];
      assertEquals(await succeed(guest.nobody, "mkcomposefs", args), `${IMAGE_DIGEST}\n`);
      assertEquals(readFileSync(`${image}-of-nobody`), readFileSync(image));
      const foo = join(store, FOO_DIGEST.slice(0, 2), FOO_DIGEST.slice(2));
      assertEquals(guest.measure(foo), FOO_DIGEST);
      const enabled = await guest.nobody("fsverity", ["enable", `${image}-of-nobody`]);
      assertEquals(enabled, { status: 0, stdout: "", stderr: "" });
      assertEquals(guest.measure(`${image}-of-nobody`), IMAGE_DIGEST);
    }),
    named("verify, cat and extract read what is root's", async (guest, example) => {
      const { image, objects } = example;
      const store = `--basedir=${objects}`;
      await succeed(guest.nobody, "verify", [image, store]);
      assertEquals(await succeed(guest.nobody, "cat", [image, "/foo.txt", store]), FOO);
      const target = `${image}.d`;
      await succeed(guest.nobody, "extract", ["--no-same-owner", image, target, store]);
      assertEquals(readFileSync(join(target, "testfile"), "utf8"), SHORT);
      assertEquals(readFileSync(join(target, "foo.txt"), "utf8"), FOO);
    }),
    named("a mount is refused, and what works is named", async (guest, example) => {
      await refuseMount(guest.nobody, example);
      assertEquals(readdirSync(example.mountPoint), []);
    }),
    named(
      "root of a user namespace is refused just so",
      (guest, example) => refuseMount(guest.nobodyAsRoot, example),
    ),
    named("doctor says what is missing", async (guest, example) => {
      const place = join(example.objects, "of-nobody");
      mkdirSync(place);
      chownSync(place, NOBODY, NOBODY);
      chmodSync(place, 0o755);
      const { status, stdout } = await guest.nobody("doctor", ["--json", place]);
      assertEquals(status, 1);
      const { verdict, findings } = JSON.parse(stdout);
      const answer = (name: string) =>
        findings.find(({ question }: { question: string }) => question === name).answer;
      assertEquals([verdict.works, verdict.missing], [false, ["root"]]);
      for (const question of ["erofs", "overlay", "writable", "placeVerity", "kernelVerity"]) {
        assertEquals(answer(question), "yes", question);
      }
      assertStringIncludes(verdict.advice.join("\n"), "ask again as root");
    }),
  ];
}
