import { assert, assertEquals, assertThrows } from "@std/assert";
import { concatBytes } from "../../../lib/bytes/text.ts";
import { dumpImage } from "../../../lib/composefs/dump_image.ts";
import { createImageFromDump, encodeImage } from "../../../lib/composefs/image.ts";
import { openErofs, openImage } from "../../../lib/composefs/open.ts";
import type { ImageView } from "../../../lib/composefs/unoverlay.ts";
import { versionProblem } from "../../../lib/composefs/version.ts";
import { DumpfileSyntaxError } from "../../../lib/dumpfile/syntax_error.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { seeds } from "../../../scripts/test/effort.ts";
import { randomDump } from "../../kit/random_dump.ts";
import {
  directory,
  dumpBytes,
  external,
  hardLink,
  inline,
  locate,
  patched,
  special,
  symlink,
  xattr,
} from "../../kit/trees.ts";

const VIEWS: readonly ImageView[] = ["exact", "libcomposefs"];

/** An image's dump as it is made straight from it. */
function dumped(bytes: Uint8Array, view: ImageView, names: string[] = []): Uint8Array {
  const { erofs, version } = openErofs(bytes);
  const visit = ({ path }: { readonly path: Uint8Array }) =>
    void names.push(new TextDecoder().decode(path));
  const chunks = dumpImage(erofs, { version, view }, () => {
    names.length = 0;
    return visit;
  });
  return concatBytes(...Array.from(chunks, (chunk) => chunk.slice()));
}

function assertSame(image: Uint8Array, message: string): void {
  for (const view of VIEWS) {
    const expected = dumpBytes(openImage(image).tree({ view }));
    assertEquals(dumped(image, view), expected, `${message}, ${view}`);
  }
}

const EVERYTHING = {
  a: external(9, "ab/cd", undefined, { uid: 70_000, xattrs: [xattr("user.a", "=b")] }),
  b: external(2 ** 43),
  c: external(70, "/x"),
  d: directory({ "e f": directory({ g: special("character", 0) }), h: inline("hi", { mtime: 5 }) }),
  i: symlink("-"),
  j: special("block", 259),
  k: external(9, "-"),
};

Deno.test("the dump of an image is that of its tree", () => {
  assertSame(encodeImage(directory(EVERYTHING)), "everything");
  for (const format of [0, 1, 2] as const) {
    assertSame(encodeImage(directory(EVERYTHING), { format }), `version ${format}`);
  }
});

Deno.test("the dump of an image with hard links is that of its tree, wherever their homes are", () => {
  const [one, two] = [inline("1"), inline("2")];
  assertSame(encodeImage(directory({ a: one, b: one })), "first");
  assertSame(
    encodeImage(
      directory({ a: hardLink(two), d: directory({ c: hardLink(one) }), e: one, f: two }),
    ),
    "last",
  );
});

Deno.test("the dumps of the images of random dumps are those of their trees", () => {
  for (const seed of seeds(0, 200)) {
    const { dump, ...versions } = randomDump(seed);
    if (versionProblem(versions) !== undefined) continue;
    try {
      assertSame(createImageFromDump([dump], versions), `seed ${seed}`);
    } catch (error) {
      if (!(error instanceof DumpfileSyntaxError)) throw error;
    }
  }
});

Deno.test("each name is told of, but those of hidden whiteouts", () => {
  const names: string[] = [];
  dumped(
    encodeImage(directory({ a: inline(""), b: directory({ c: inline("") }) })),
    "exact",
    names,
  );
  assertEquals(names, ["/", "/a", "/b", "/b/c"]);
});

Deno.test("of a malformed image nothing is handed out", () => {
  const image = encodeImage(directory({ a: inline("x"), b: symlink("t") }));
  const { start } = locate(image, "b").inode;
  const bad = patched(image, (view) => view.setUint32(start + 8, 0, true));
  for (const view of VIEWS) {
    const { erofs, version } = openErofs(bad);
    assertThrows(() => dumpImage(erofs, { version, view }), ImageFormatError, "no target");
  }
});

Deno.test("what is too long to be kept is checked first, and comes whole", () => {
  const levels = 9_000;
  let tree = directory({ z: symlink("t") });
  for (let level = 0; level < levels; level++) tree = directory({ dd: tree });
  const image = encodeImage(tree);
  const { erofs, version } = openErofs(image);
  let length = 0;
  for (const chunk of dumpImage(erofs, { version, view: "exact" })) length += chunk.length;
  // Each level makes the path three bytes longer, so the paths alone take this much.
  assert(length > 3 * levels * levels / 2, `${length} bytes`);
  const expected = dumpBytes(openImage(image).tree()).length;
  assertEquals(length, expected);
  const { start } = locate(image, ...Array(levels).fill("dd"), "z").inode;
  const bad = patched(image, (view) => view.setUint32(start + 8, 0, true));
  const opened = openErofs(bad).erofs;
  assertThrows(() => dumpImage(opened, { version, view: "exact" }), ImageFormatError, "no target");
});
