import { assertEquals, assertThrows } from "@std/assert";
import { bootTree, type SealOptions, sealTree } from "../../../lib/layers/seal.ts";
import { SelinuxPolicyError } from "../../../lib/selinux/policy_error.ts";
import type { Content, Stat, Tree, Xattr } from "../../../lib/tree/tree.ts";
import { TreeError } from "../../../lib/tree/tree_error.ts";
import { walk } from "../../../lib/tree/walk.ts";
import { directory, external, hardLink, inline, symlink, xattr } from "../../kit/trees.ts";

const USR: Partial<Stat> = {
  mode: 0o711,
  uid: 3,
  gid: 4,
  mtime: -5,
  mtimeNsec: 6,
  xattrs: [xattr("user.usr", "1"), xattr("security.capability", "2"), xattr("trusted.x")],
};

/** `path mode owner time xattrs names` of each file. */
function described(tree: Tree<Content>): string[] {
  const decoder = new TextDecoder();
  const shown = ({ name, value }: Xattr) => `${decoder.decode(name)}=${decoder.decode(value)}`;
  return Array.from(walk(tree), ({ path, node: { kind, stat } }) => {
    const { mode, uid, gid, mtime, mtimeNsec, xattrs, nlink } = stat;
    const what = `${decoder.decode(path)} ${mode.toString(8)} ${uid}:${gid} ${mtime}.${mtimeNsec}`;
    return [what, ...xattrs.map(shown), ...kind === "directory" ? [] : [`x${nlink}`]].join(" ");
  });
}

function boot(tree: Tree<Content>, options: SealOptions = {}): Tree<Content> {
  const readFile = (file: Content) => file.kind === "inline" ? file.bytes : undefined;
  return bootTree(tree, { ...options, readFile });
}

Deno.test("sealing takes the root's metadata from /usr, empties /run, and drops xattrs", () => {
  const file = inline("x", { xattrs: [xattr("user.a", "b"), xattr("security.selinux", "l")] });
  const tree = directory({
    f: file,
    run: directory({ lock: hardLink(file), only: inline("gone"), sub: directory() }, { mtime: 9 }),
    usr: directory({ c: external(100, "aa/bb", undefined, { nlink: 7 }) }, USR),
  }, { mtime: 1, xattrs: [xattr("user.root")] });
  assertEquals(described(sealTree(tree)), [
    "/ 711 3:4 -5.6 security.capability=2",
    "/f 644 0:0 0.0 x1",
    "/run 755 0:0 -5.6",
    "/usr 711 3:4 -5.6 security.capability=2",
    "/usr/c 644 0:0 0.0 x1",
  ]);
  assertEquals(described(sealTree(tree, { xattrs: "keep-user-xattrs" })), [
    "/ 711 3:4 -5.6 user.usr=1 security.capability=2",
    "/f 644 0:0 0.0 user.a=b x1",
    "/run 755 0:0 -5.6",
    "/usr 711 3:4 -5.6 user.usr=1 security.capability=2",
    "/usr/c 644 0:0 0.0 x1",
  ]);
  assertEquals(sealTree(tree).leaves.length, 2);
  assertEquals(described(tree)[0], "/ 755 0:0 1.0 user.root=");
});

Deno.test("sealing wants a /usr, and directories", () => {
  const refuse = (tree: Tree<Content>, message: string) =>
    assertThrows(() => sealTree(tree), TreeError, `Cannot seal the tree: ${message}`);
  refuse(directory(), '"/usr": no such directory');
  refuse(directory({ usr: symlink("x") }), '"/usr": a symlink, expected a directory');
  refuse(
    directory({ run: symlink("x"), usr: directory() }),
    '"/run": a symlink, expected a directory',
  );
  assertEquals(described(sealTree(directory({ usr: directory() }))).length, 2);
});

Deno.test("a bootable tree has nothing in /boot and /sysroot, and no contexts without a policy", () => {
  const tree = directory({
    boot: directory({ efi: inline("x") }, { mode: 0o700 }),
    sysroot: directory({ ostree: directory() }),
    usr: directory({ f: inline("x", { xattrs: [xattr("security.selinux", "l")] }) }, USR),
  });
  assertEquals(described(boot(tree)), [
    "/ 711 3:4 -5.6 security.capability=2",
    "/boot 700 0:0 -5.6",
    "/sysroot 755 0:0 -5.6",
    "/usr 711 3:4 -5.6 security.capability=2",
    "/usr/f 644 0:0 0.0 x1",
  ]);
  for (const missing of ["boot", "sysroot"]) {
    const dirs = { boot: directory(), sysroot: directory(), usr: directory() };
    delete (dirs as Partial<typeof dirs>)[missing as "boot"];
    assertThrows(
      () => boot(directory(dirs)),
      TreeError,
      `Cannot seal the tree: "/${missing}": no such directory`,
    );
  }
});

Deno.test("a bootable tree has the contexts of its own policy", () => {
  const rules = "/.* all\n/usr(/.*)? usr\n/boot -d boot\n/usr/none <<none>>\n";
  const files = directory({ file_contexts: inline(rules) });
  const tree = directory({
    boot: directory(),
    etc: directory({
      selinux: directory({
        config: inline("SELINUXTYPE=mine\n"),
        mine: directory({ contexts: directory({ files }) }),
      }),
    }),
    sysroot: directory(),
    usr: directory({ none: inline("x", { xattrs: [xattr("user.a", "1")] }) }),
  });
  const contexts = described(boot(tree, { xattrs: "keep-user-xattrs" })).map((line) =>
    line.split(" ").toSpliced(1, 3).join(" ").replace("security.selinux", "")
  );
  assertEquals(contexts.filter((line) => !line.startsWith("/etc")), [
    "/ =all",
    "/boot =boot",
    "/sysroot =all",
    "/usr =usr",
    "/usr/none user.a=1 x1",
  ]);
  assertThrows(
    () => bootTree(tree, { readFile: () => undefined }),
    SelinuxPolicyError,
    "its contents are not at hand",
  );
});
