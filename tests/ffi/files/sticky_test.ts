import { assertEquals } from "@std/assert";
import { mayFollow, mayWrite, type Owned } from "../../../ffi/files/_sticky.ts";

const [ME, OTHER, OWNER] = [1000, 2000, 0];
const REGULAR = 0o100644;
const KINDS = { regular: REGULAR, fifo: 0o10644, device: 0o20644, directory: 0o40755 };

function directory(mode: number): Owned {
  return { mode: 0o40000 | mode, uid: OWNER };
}

Deno.test("sticky: a link is followed unless a stranger has put it where all may", () => {
  const link = (uid: number) => ({ mode: 0o120777, uid });
  for (const mode of [0o1777, 0o1773, 0o1002, 0o1775, 0o1755, 0o777, 0o2777]) {
    for (const uid of [ME, OTHER, OWNER]) {
      const expected = uid !== OTHER || ![0o1777, 0o1773, 0o1002].includes(mode);
      assertEquals(mayFollow(link(uid), directory(mode), ME), expected, `${mode} ${uid}`);
    }
  }
});

Deno.test("sticky: a file is written unless a stranger has put it where others may", () => {
  for (const [kind, mode] of Object.entries(KINDS)) {
    const write = (uid: number, parent: number) => mayWrite({ mode, uid }, directory(parent), ME);
    for (const parent of [0o1777, 0o1775, 0o1755, 0o777]) {
      assertEquals([write(ME, parent), write(OWNER, parent)], [true, true]);
    }
    assertEquals(write(OTHER, 0o1777), kind === "directory", kind);
    // Where only the group may write, the kernel protects regular files and fifos only.
    assertEquals(write(OTHER, 0o1775), kind !== "regular" && kind !== "fifo", kind);
    assertEquals([write(OTHER, 0o1755), write(OTHER, 0o777)], [true, true]);
  }
});
