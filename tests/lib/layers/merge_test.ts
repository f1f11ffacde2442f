import { assert, assertEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { LayerError } from "../../../lib/layers/layer_error.ts";
import { type LayerMember, LayerMerger } from "../../../lib/layers/merge.ts";
import { layer, lines, member, merge, statLines } from "../../kit/layers.ts";
import type { Directory, Xattr } from "../../../lib/tree/tree.ts";
import { xattr } from "../../kit/trees.ts";

function refuses(layers: readonly (readonly LayerMember<string>[])[], message: string): void {
  const error = assertThrows(() => merge("container", ...layers), LayerError);
  assertEquals(error.message, `Cannot apply ${message}`);
}

Deno.test("a whiteout removes what lower layers have, wherever it stands in its own", () => {
  const lower = layer("f x old", "d d", "f d/old old", "d d/sub", "f d/sub/old old");
  assertEquals(lines(merge("container", lower, layer("f x new", "f .wh.x", "f .wh.d"))), [
    "f x new",
  ]);
  assertEquals(lines(merge("container", lower, layer("f .wh.x", "f x new", "f .wh.d"))), [
    "f x new",
  ]);
  for (
    const upper of [
      layer("d d", "f d/.wh..wh..opq", "f d/new new", "f d/sub/new new"),
      layer("f d/new new", "f d/sub/new new", "d d", "f d/.wh..wh..opq"),
      layer("f .wh.d", "f d/new new", "f d/sub/new new"),
      layer("f d/new new", "f d/sub/new new", "f .wh.d"),
    ]
  ) {
    assertEquals(lines(merge("container", lower, upper)), [
      "d d",
      "f d/new new",
      "d d/sub",
      "f d/sub/new new",
      "f x old",
    ]);
  }
});

Deno.test("a whiteout of what is not there does nothing", () => {
  const lower = layer("d d", "f f x");
  const upper = layer("f .wh.none", "f none/.wh.x", "f f/.wh.x", "f none/.wh..wh..opq", "f .wh.f/");
  assertEquals(lines(merge("container", lower, upper)), ["d d"]);
  assertEquals(lines(merge("container", layer("f .wh.x", "f .wh..wh..opq"))), []);
});

Deno.test("other names that begin as whiteouts do are whiteouts of what aufs would not have", () => {
  const plnk = ["d .wh..wh.plnk", "f .wh..wh.aufs", "f .wh..wh.orph/x x"];
  assertEquals(lines(merge("container", layer("f x old", ...plnk))), [
    "d .wh..wh.orph",
    "f .wh..wh.orph/x x",
    "f x old",
  ]);
});

Deno.test("a whiteout of no name is refused, for it would remove directories", () => {
  for (const name of [".wh.", ".wh..", ".wh...", "d/.wh...", ".wh.../"]) {
    for (const rules of ["container", "sealed"] as const) {
      assertThrows(
        () => merge(rules, layer("d d", `f ${name}`)),
        LayerError,
        `Cannot apply "${name}" of layer 1: a whiteout of no name`,
      );
    }
  }
});

Deno.test("a directory over a directory replaces its metadata, anything else the file", () => {
  const old = { mode: 0o711, uid: 1, gid: 2, mtime: 3, mtimeNsec: 4, xattrs: [xattr("user.a")] };
  const lower = [
    member("d", "d", "", old),
    ...layer("f d/kept k", "d dir", "f dir/lost l", "f file x"),
  ];
  const upper = [
    member("d", "d/", "", { mode: 0o700, mtime: 9 }),
    ...layer("f dir now", "d file", "f file/in i", "s link a", "d link"),
  ];
  const tree = merge("container", lower, upper);
  assertEquals(statLines(tree), [
    "d  755 0:0 0.0",
    "d d 700 0:0 9.0",
    "f d/kept k 644 0:0 0.0",
    "f dir now 644 0:0 0.0",
    "d file 755 0:0 0.0",
    "f file/in i 644 0:0 0.0",
    "d link 755 0:0 0.0",
  ]);
  assertEquals(
    tree.root.entries.map(({ node }) => (node as { stat?: unknown }).stat !== undefined),
    [
      true,
      false,
      true,
      true,
    ],
  );
});

Deno.test("directories that no member describes are plain, or stay as a lower layer has them", () => {
  const lower = [member("d", "a", "", { mode: 0o711, uid: 7, mtime: 3000 })];
  assertEquals(statLines(merge("container", lower, layer("f a/b/c x", "f p/q y"))), [
    "d  755 0:0 0.0",
    "d a 711 7:0 3000.0",
    "d a/b 755 0:0 0.0",
    "f a/b/c x 644 0:0 0.0",
    "d p 755 0:0 0.0",
    "f p/q y 644 0:0 0.0",
  ]);
  // A lower directory of which nothing remains is another one.
  for (const upper of [layer("f .wh.a", "f a/b x"), layer("f a/b x", "f .wh.a")]) {
    assertEquals(statLines(merge("container", lower, upper))[1], "d a 755 0:0 0.0");
  }
  const described = [member("d", "a", "", { mode: 0o500 }), ...layer("f .wh.a")];
  assertEquals(statLines(merge("container", lower, described))[1], "d a 500 0:0 0.0");
});

Deno.test("the root is what the topmost layer that has it says", () => {
  const root = (name: string, mode: number) => [member("d", name, "", { mode, mtime: 1000 })];
  assertEquals(statLines(merge("container", root(".", 0o700), root("./", 0o711), [])), [
    "d  711 0:0 1000.0",
  ]);
  assertEquals(statLines(merge("sealed", root("/", 0o700))), ["d  700 0:0 1000.0"]);
  refuses([layer("s / a")], '"/" of layer 1: it would replace the root, expected a directory');
});

Deno.test("names begin, end and lead as they may", () => {
  const upper = layer(
    "f ./dot 1",
    "f /slash 2",
    "f plain 3",
    "d late/",
    "f a//b/./c 4",
    "f x/../y 5",
  );
  assertEquals(lines(merge("container", upper)), [
    "d a",
    "d a/b",
    "f a/b/c 4",
    "f dot 1",
    "d late",
    "f plain 3",
    "f slash 2",
    "f y 5",
  ]);
});

Deno.test("names are in byte order, whatever bytes they are", () => {
  const names = ["b", "a", "a-", "a0", "é"].map(utf8).concat(Uint8Array.of(0xff), Uint8Array.of(1));
  const tree = merge("container", names.map((name) => member("f", name, "x")));
  assertEquals(
    tree.root.entries.map(({ name }) => name.join()),
    ["1", "97", "97,45", "97,48", "98", "195,169", "255"],
  );
});

Deno.test("of a member that is there twice the last counts", () => {
  assertEquals(lines(merge("container", layer("f x 1", "f ./x 2", "d x", "f x 3"))), ["f x 3"]);
});

Deno.test("links lead members on, and never out of the root", () => {
  assertEquals(
    lines(merge("container", layer("s lib usr/lib", "d usr", "d usr/lib"), layer("f lib/a x"))),
    ["s lib usr/lib", "d usr", "d usr/lib", "f usr/lib/a x"],
  );
  assertEquals(
    lines(merge("container", layer("s out /", "f out/evil3 e", "s up ..", "f up/evil4 e"))),
    ["f evil3 e", "f evil4 e", "s out /", "s up .."],
  );
  assertEquals(lines(merge("container", layer("f ../evil e", "f a/../../evil2 e"))), [
    "f evil e",
    "f evil2 e",
  ]);
  // What a link names need not be there, nor what its target leads back from.
  assertEquals(
    lines(
      merge(
        "container",
        layer("s l none/../to/../here", "f l/x 1", "s m ../../../m2/n", "f m/y 2"),
      ),
    ),
    [
      "d here",
      "f here/x 1",
      "s l none/../to/../here",
      "s m ../../../m2/n",
      "d m2",
      "d m2/n",
      "f m2/n/y 2",
    ],
  );
  assertEquals(
    lines(merge("container", layer("d d", "f d/x x", "s l d"), layer("f l/.wh.x", "f .wh.l"))),
    ["d d"],
  );
});

Deno.test("a file gives way to a directory that a member stands in", () => {
  assertEquals(
    lines(merge("container", layer("f f x", "f f/x y", "p p"), layer("d p/d", "f .wh.p"))),
    [
      "d f",
      "f f/x y",
      "d p",
      "d p/d",
    ],
  );
  assertEquals(lines(merge("container", layer("f f x", "s l f"), layer("d l/x"))), [
    "d f",
    "d f/x",
    "s l f",
  ]);
});

Deno.test("links that lead nowhere are refused by the member's name", () => {
  refuses(
    [layer("s a b", "s b a", "f a/x x")],
    '"a/x" of layer 1: it leads through too many symbolic links',
  );
  const long = Array.from({ length: 30 }, (_, i) => `s l${i} ${"a/../".repeat(100)}l${i + 1}`);
  refuses(
    [layer(...long, "f l0/x x")],
    '"l0/x" of layer 1: it leads through more than 4095 names',
  );
});

Deno.test("what no name or path can be is refused", () => {
  refuses(
    [layer(`f ${"n".repeat(256)} x`)],
    `"${"n".repeat(200)}…" of layer 1: name of 256 bytes, expected at most 255`,
  );
  refuses([[member("f", "a\0b", "x")]], '"a\\x00b" of layer 1: NUL or slash in name "a\\x00b"');
  const deep = "d/".repeat(2046);
  assert(merge("container", layer(`f ${deep}xx 1`)).leaves.length === 1);
  refuses(
    [layer(`f ${deep}xxx 1`)],
    `"${"d/".repeat(100)}…" of layer 1: a path of 4096 bytes, expected at most 4095`,
  );
  refuses(
    [layer(`d ${deep}`, `s l ${deep}`, "f l/xxx 1")],
    '"l/xxx" of layer 1: a path of 4096 bytes, expected at most 4095',
  );
  refuses([layer("s l ")], '"l" of layer 1: invalid symlink: no target');
});

Deno.test("a hard link is one more name, of what is there or comes later", () => {
  const lower = layer("f x old", "f y other", "s s x", "d d");
  assertEquals(
    lines(merge("container", lower, layer("h d/x2 ./x", "h x3 /x", "h s2 s", "f x new"))),
    ["d d", "f d/x2 old x2", "s s x x2", "s s2 x x2", "f x new", "f x3 old x2", "f y other"],
  );
  assertEquals(
    lines(merge("container", layer("h a b", "h b c", "h a2 a", "f c x", "h c2 ../../c"))),
    ["f a x x5", "f a2 x x5", "f b x x5", "f c x x5", "f c2 x x5"],
  );
  // Through a link, and one whose name is taken afterwards.
  assertEquals(
    lines(
      merge("container", layer("h a l/x", "h b x", "s l d", "f d/x 1", "f b 2", "f x 3", "h x x")),
    ),
    ["f a 1 x2", "f b 2", "d d", "f d/x 1 x2", "s l d", "f x 3"],
  );
  // The whiteout comes after the link: the file has another name by then.
  assertEquals(lines(merge("container", lower, layer("h z x", "f .wh.x")))[3], "f z old");
});

Deno.test("a hard link takes its metadata from its file", () => {
  const members = [
    member("f", "x", "x", { mode: 0o600, mtime: 5 }),
    member("h", "y", "x", { mode: 0o777 }),
  ];
  assertEquals(statLines(merge("container", members)).slice(1), [
    "f x x x2 600 0:0 5.0",
    "f y x x2 600 0:0 5.0",
  ]);
});

Deno.test("a hard link to nothing, itself or a directory is refused with both names", () => {
  const missing = (name: string, target: string) =>
    `"${name}" of layer 1: hard link to "${target}", which does not exist`;
  refuses([layer("h passwd ../../../etc/passwd")], missing("passwd", "../../../etc/passwd"));
  refuses([layer("h a a")], missing("a", "a"));
  refuses([layer("h a b", "h b a")], missing("a", "b"));
  refuses([layer("h a b", "h b c", "h c a")], missing("b", "c"));
  refuses([layer("f x 1"), layer("f .wh.x", "h y x")], missing("y", "x").replace("1", "2"));
  const directory = (target: string) =>
    `"a" of layer 1: hard link to "${target}", which is a directory`;
  refuses([layer("d d", "h a d")], directory("d"));
  refuses([layer("h a d", "d d")], directory("d"));
  refuses([layer("h a /")], directory("/"));
});

Deno.test("sealed: whiteouts go by order, and remove what their own layer has", () => {
  const lower = layer("d d", "f d/old o", "f x old");
  assertEquals(lines(merge("sealed", lower, layer("f x new", "f .wh.x", "f .wh.none"))), [
    "d d",
    "f d/old o",
  ]);
  assertEquals(lines(merge("sealed", lower, layer("f d/new n", "f d/.wh..wh..opq"))), [
    "d d",
    "f x old",
  ]);
  assertEquals(lines(merge("sealed", lower, layer("f d/.wh..wh..opq", "f d/new n"))), [
    "d d",
    "f d/new n",
    "f x old",
  ]);
});

Deno.test("sealed: a name whose directory is not there, or no directory, is refused", () => {
  const refuse = (members: readonly LayerMember<string>[], state: string) =>
    assertThrows(() => merge("sealed", members), LayerError, state);
  refuse(layer("f a/b x"), '"a/b" of layer 1: the directory "a" above it does not exist');
  refuse(layer("f a/.wh.b"), '"a/.wh.b" of layer 1: the directory "a" above it does not exist');
  refuse(layer("d d", "s l d", "f l/b x"), '"l/b" of layer 1: "l" above it is not a directory');
  refuse(layer("d d", "f d/../b x"), '".." in "d/../b", expected a path that leads down only');
  refuse(layer("h a b", "f b x"), 'hard link to "b", which does not exist');
  refuse(layer("f b x", "h a ../b"), '".." in "../b"');
});

Deno.test("symbolic links have the mode that the kernel shows, or the archive's in sealed images", () => {
  const members = [member("s", "l", "x", { mode: 0o600 })];
  assertEquals(statLines(merge("container", members))[1], "s l x 777 0:0 0.0");
  assertEquals(statLines(merge("sealed", members))[1], "s l x 600 0:0 0.0");
});

/** An ACL of entries of a tag, permissions and an owner. */
function acl(...entries: readonly (readonly [number, number, number])[]): Xattr {
  const view = new DataView(new ArrayBuffer(4 + 8 * entries.length));
  view.setUint32(0, 2, true);
  entries.forEach(([tag, permissions, id], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  return xattr("system.posix_acl_access", new Uint8Array(view.buffer));
}

Deno.test("an access ACL decides the mode, and goes if it says no more than that", () => {
  const none = 0xffffffff;
  const long = acl([1, 6, none], [2, 4, 7], [4, 7, none], [8, 1, 9], [16, 4, none], [32, 0, none]);
  const short = acl([1, 7, none], [4, 5, none], [32, 1, none]);
  const members = [
    member("d", "d", "", { mode: 0o3755, xattrs: [long] }),
    member("f", "f", "x", { mode: 0o644, xattrs: [xattr("user.a"), short] }),
  ];
  const tree = merge("container", members);
  assertEquals(statLines(tree).slice(1), ["d d 3640 0:0 0.0", "f f x 751 0:0 0.0"]);
  assertEquals(tree.leaves[0]!.stat.xattrs, [xattr("user.a")]);
  assertEquals((tree.root.entries[0]!.node as Directory).stat.xattrs, [long]);
  assertEquals(merge("sealed", members).leaves[0]!.stat.mode, 0o644);
  const bad = [
    xattr("system.posix_acl_access", "x"),
    acl([1, 6, none], [4, 7, none]),
    acl([1, 6, none], [4, 7, none], [32, 8, none]),
    acl([1, 6, none], [1, 6, none], [4, 7, none], [32, 0, none]),
    acl([1, 6, none], [2, 6, 1], [4, 7, none], [32, 0, none]),
    acl([4, 7, none], [1, 6, none], [32, 0, none]),
    acl([1, 6, none], [4, 7, none], [32, 0, none], [64, 0, none]),
  ];
  for (const each of bad) {
    const size = each.value.length;
    refuses(
      [[member("f", "f", "x", { xattrs: [each] })]],
      `"f" of layer 1: an access ACL of ${size} bytes that is none`,
    );
  }
});

Deno.test("a regular file without contents is a mistake of the caller", () => {
  const { member: described } = member("f", "x", "x");
  assertThrows(
    () => new LayerMerger("container").apply([{ member: described }], "layer 1"),
    TypeError,
    'No contents of "x"',
  );
});

Deno.test("large layers are merged in time that grows with them", () => {
  const count = 30_000;
  const many = (make: (i: number) => LayerMember<string>) =>
    Array.from({ length: count }, (_, i) => make(i));
  const files = many((i) => member("f", `d/${i}`, "x"));
  const whiteouts = many((i) => member("f", `d/.wh.${i}`, "x"));
  const opaque = many(() => member("f", "d/.wh..wh..opq", "x"));
  assertEquals(lines(merge("container", files, whiteouts)), ["d d"]);
  const tree = merge("container", files, files.concat(opaque));
  assertEquals(tree.leaves.length, count);
  const links = many((i) => member("h", `l${i}`, `l${i + 1}`));
  const linked = merge("container", links.concat(layer(`f l${count} x`)));
  assertEquals(linked.leaves[0]!.stat.nlink, count + 1);
  const deep = concatBytes(utf8("d/".repeat(500)), utf8("x"));
  const again = Array.from({ length: 2000 }, () => member("f", deep, "x"));
  assertEquals(merge("container", again).leaves.length, 1);
});
