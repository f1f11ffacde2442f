import { assert, assertFalse } from "@std/assert";
import { mayBeSkipped } from "../../../scripts/test/skips.ts";

Deno.test("CI may skip what no package brings", () => {
  assert(mayBeSkipped("enables verity (skipped: no file system with fs-verity)"));
  assert(mayBeSkipped("mounts (skipped: needs erofs in the kernel)"));
  assert(mayBeSkipped("boots (skipped: no KVM)"));
  assert(mayBeSkipped("is refused (skipped: vm: no kernel of bullseye to be had, see vm.sh)"));
});

Deno.test("CI may not skip for a missing program or for no reason", () => {
  assertFalse(mayBeSkipped("digests (skipped: no fsverity on PATH)"));
  assertFalse(mayBeSkipped("makes images (skipped: no bun on PATH)"));
  assertFalse(mayBeSkipped("enables fs-verity (skipped: not root)"));
  assertFalse(mayBeSkipped("enables fs-verity"));
  assertFalse(mayBeSkipped("mounts (skipped: vm: no kernel of trixie to be had, see vm.sh)"));
  assertFalse(mayBeSkipped("checks an image (skipped: no fsck.erofs on PATH)"));
});
