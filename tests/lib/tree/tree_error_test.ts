import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { encodeImage } from "../../../lib/composefs/image.ts";
import { lookupPath } from "../../../lib/tree/lookup.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { checkPathLengths } from "../../../lib/tree/walk.ts";
import { directory, type GivenTree, inline, symlink } from "../../kit/trees.ts";

const text = (path: Uint8Array | undefined) => path && new TextDecoder().decode(path);

function codeOf(run: () => unknown): [string, string | undefined] {
  const error = assertThrows(run, TreeError);
  return [error.code, text(error.path)];
}

Deno.test("an error says by values what is wrong, and where", () => {
  const tree = directory({ d: directory({ f: inline(""), l: symlink("l") }) });
  const find = (path: string) => () => lookupPath(tree, utf8(path));
  assertEquals(codeOf(find("/d/x")), ["not-found", "/d/x"]);
  assertEquals(codeOf(find("/d/f/x")), ["not-a-directory", "/d/f/x"]);
  assertEquals(codeOf(find("/d/l")), ["too-many-links", "/d/l"]);
  const bad = directory({ d: directory({ f: inline("", { uid: -1 }) }) });
  assertEquals(codeOf(() => encodeImage(bad)), ["invalid", "/d/f"]);
  const large = directory({ f: inline("x".repeat(600)) });
  assertEquals(codeOf(() => encodeImage(large, { format: 2 })), ["too-large", undefined]);
});

Deno.test("the path of an error stays as it is", () => {
  let deep: GivenTree<never> = directory<never>();
  for (let depth = 0; depth < 2048; depth++) deep = directory({ d: deep });
  const [code, path] = codeOf(() => checkPathLengths(deep));
  assertEquals([code, path!.length], ["path-too-long", 4096]);
});
