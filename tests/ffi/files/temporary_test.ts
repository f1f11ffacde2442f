import { assertEquals, assertThrows } from "@std/assert";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ERRNO, SyscallError } from "../../../ffi/sys/errno.ts";
import { Fd } from "../../../ffi/files/fd.ts";
import type { Linux } from "../../../ffi/sys/linux.ts";
import { Replacement } from "../../../ffi/files/replacement.ts";
import {
  lockTemporary,
  randomSeed,
  removeLeftovers,
  temporaryName,
} from "../../../ffi/files/temporary.ts";
import { O_PATH, O_RDONLY } from "../../../ffi/sys/uapi.ts";
import { UnnamedFile } from "../../../ffi/files/unnamed_file.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { IS_ROOT, needsRoot, openFaulty, STRANGER, test } from "../harness.ts";

const newName = () => new TextDecoder().decode(temporaryName(randomSeed()));

function sweep(linux: Linux, directory: string): string[] {
  using opened = Fd.open(linux, utf8(directory), { flags: O_RDONLY });
  removeLeftovers(opened);
  return readdirSync(directory).sort();
}

test("leftovers: what nobody holds is removed, with all that is in it", ({ linux, directory }) => {
  const [file, tree] = [newName(), newName()];
  writeFileSync(join(directory, file), "x");
  mkdirSync(join(directory, tree, "closed", "sub"), { recursive: true });
  writeFileSync(join(directory, tree, "closed", "file"), "x");
  Deno.chmodSync(join(directory, tree, "closed"), 0);
  assertEquals(sweep(linux, directory), []);
});

test("leftovers: what a living process holds stays", ({ linux, directory }) => {
  const name = newName();
  mkdirSync(join(directory, name));
  using held = Fd.open(linux, utf8(join(directory, name)), { flags: O_RDONLY });
  assertEquals(lockTemporary(held), true);
  assertEquals(sweep(linux, directory), [name]);
  held.close();
  assertEquals(sweep(linux, directory), []);
});

test("leftovers: what only looks like one stays", ({ linux, directory }) => {
  const name = newName();
  const others = [
    ".tmp-0123456789abcdef",
    name.slice(0, -1),
    `${name}0`,
    name.replace(/.$/, "g"),
    `x${name}`,
  ];
  for (const other of others) writeFileSync(join(directory, other), "");
  const link = newName();
  symlinkSync(others[0]!, join(directory, link));
  assertEquals(sweep(linux, directory), [...others, link].sort());
});

test("leftovers: what another user has made stays", ({ linux, directory }) => {
  const name = newName();
  writeFileSync(join(directory, name), "");
  if (IS_ROOT) chownSync(join(directory, name), STRANGER, STRANGER);
  assertEquals(sweep(linux, directory), [name]);
}, needsRoot());

test("leftovers: a directory and a file under construction are held", async ({ linux, directory }) => {
  using replacement = new Replacement(linux, utf8(join(directory, "out")));
  assertEquals(sweep(linux, directory).length, 1);
  // A second one in the directory does not sweep away the first, which is still held.
  {
    using _ = new Replacement(linux, utf8(join(directory, "other")));
    assertEquals(readdirSync(directory).length, 2);
  }
  replacement.publish();
  assertEquals(sweep(linux, directory), ["out"]);

  // Without /proc a file cannot be linked from its descriptor, so it has a temporary name from the start.
  const withoutProc = await openFaulty({});
  Object.defineProperty(withoutProc, "hasProc", { value: false });
  using parent = Fd.open(withoutProc, utf8(directory), { flags: O_RDONLY });
  {
    using draft = UnnamedFile.create(parent, 0o600, utf8("draft"));
    assertEquals(draft.hasName, true);
    assertEquals(sweep(linux, directory).length, 2);
    draft.reopenForReading();
    assertEquals(sweep(linux, directory).length, 2);
  }
  assertEquals(existsSync(join(directory, "out")), true);
  assertEquals(sweep(linux, directory), ["out"]);
});

/** The temporary name among the arguments of a call. */
function temporaryIn(path: unknown): string | undefined {
  const name = new TextDecoder().decode(path as Uint8Array).split("\0")[0]!;
  return name.startsWith(".tmp-composefs-") ? name : undefined;
}

test("leftovers: a directory that is swept before it is opened is made once more", async ({ directory }) => {
  let isSwept = false;
  const linux = await openFaulty({
    openat(_, path) {
      const name = temporaryIn(path);
      if (name !== undefined && !isSwept) rmdirSync(join(directory, name));
      isSwept ||= name !== undefined;
      return undefined;
    },
  });
  using replacement = new Replacement(linux, utf8(join(directory, "out")));
  replacement.publish();
  assertEquals([isSwept, ...readdirSync(directory)], [true, "out"]);
});

test("leftovers: a directory that the umask shuts to its owner is opened all the same", async ({ directory }) => {
  const linux = await openFaulty({
    // Root may open it whatever its mode; this refuses as the kernel refuses all others.
    openat(_, path, flags) {
      const name = temporaryIn(path);
      if (name === undefined || (Number(flags) & O_PATH) !== 0) return undefined;
      return (statSync(join(directory, name)).mode & 0o400) === 0 ? ERRNO.EACCES : undefined;
    },
  });
  const umask = process.umask(0o777);
  try {
    using replacement = new Replacement(linux, utf8(join(directory, "out")));
    replacement.publish();
  } finally {
    process.umask(umask);
  }
  assertEquals(statSync(join(directory, "out")).mode & 0o777, 0o700);
});

test("leftovers: a directory that cannot be opened does not stay", async ({ directory }) => {
  const linux = await openFaulty({
    openat: (_, path) => temporaryIn(path) === undefined ? undefined : ERRNO.EMFILE,
  });
  const error = assertThrows(
    () => new Replacement(linux, utf8(join(directory, "out"))),
    SyscallError,
  );
  assertEquals([error.code, ...readdirSync(directory)], ["EMFILE"]);
});
