import { assertEquals } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { summarizeImage } from "../../../lib/composefs/image_summary.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { openImage } from "../../../lib/composefs/open.ts";
import { parseDumpfile } from "../../../lib/dumpfile/parse.ts";

/** A file whose object has the digest `digit`, over and over. */
function object(path: string, size: number, digit: string): string {
  const [name, digest] = [`${digit.repeat(2)}/${digit.repeat(62)}`, digit.repeat(64)];
  return `${path} ${size} 100644 1 0 0 0 0.0 ${name} - ${digest}`;
}

const DUMP = [
  "/ 4096 40755 4 0 0 0 0.0 - - -",
  "/a 4096 40755 2 0 0 0 0.0 - - - user.x=1",
  object("/a/one", 1000, "1"),
  object("/a/two", 1000, "1"),
  "/a/small 5 100644 2 0 0 0 0.0 - hello - user.x=2 security.selinux=l",
  "/b 4096 40755 2 0 0 0 0.0 - - -",
  "/b/again 5 @100644 2 0 0 0 0.0 /a/small - -",
  object("/b/three", 70, "2"),
  "/b/gone 0 20000 1 0 0 0 0.0 - - -",
  "/b/link 3 120777 1 0 0 0 0.0 a/x - -",
].join("\n") + "\n";

Deno.test("summary: counts files, objects, links, xattrs, and finds the largest", () => {
  const image = openImage(encodeImage(parseDumpfile([utf8(DUMP)])));
  const { xattrs, largestFiles, largestDirectories, ...numbers } = summarizeImage(image, 2);
  assertEquals(numbers, {
    kinds: { regular: 4, directory: 3, symlink: 1, character: 1, block: 0, fifo: 0, socket: 0 },
    hardLinks: 1,
    whiteouts: 1,
    inline: { count: 1, bytes: 5 },
    external: { count: 3, bytes: 2070 },
    objects: { count: 2, bytes: 1070 },
    undigested: 0,
    algorithms: ["sha256"],
  });
  assertEquals([...xattrs], [["security.selinux", 1], ["user.x", 2]]);
  const shown = (list: readonly { path: Uint8Array; bytes: number }[]) =>
    list.map(({ path, bytes }) => `${latin1(path)} ${bytes}`);
  assertEquals(shown(largestFiles), ["/a/one 1000", "/a/two 1000"]);
  assertEquals(shown(largestDirectories), ["/a 2005", "/b 70"]);
});
