import { assertEquals, assertThrows } from "@std/assert";
import { OciError } from "../../../lib/oci/oci_error.ts";
import { formatPlatform, parsePlatform, suitability } from "../../../lib/oci/platform.ts";

/** Which of some platforms are taken, the best first. */
function order(wanted: string, ...made: readonly string[]): string[] {
  const rank = (text: string) => suitability(parsePlatform(text), parsePlatform(wanted));
  return made.filter((text) => rank(text) !== undefined).sort((a, b) => rank(b)! - rank(a)!);
}

Deno.test("platform: names of the kernel are those of Go", () => {
  for (
    const [text, name] of [
      ["linux/amd64", "linux/amd64"],
      ["Linux/X86_64", "linux/amd64"],
      ["linux/aarch64", "linux/arm64"],
      ["linux/armhf", "linux/arm/v7"],
      ["linux/armel", "linux/arm/v6"],
      ["linux/arm/6", "linux/arm/v6"],
      ["linux/i686", "linux/386"],
      ["linux/riscv64/rva23", "linux/riscv64/rva23"],
    ]
  ) assertEquals(formatPlatform(parsePlatform(text!)), name);
});

Deno.test("platform: what is none is refused", () => {
  for (const text of ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/arm/", "a b/c"]) {
    assertThrows(() => parsePlatform(text), OciError, `Cannot use platform "${text}"`);
  }
});

Deno.test("platform: a machine runs its own level and those below, the highest first", () => {
  const arm = ["linux/arm/v5", "linux/arm/v8", "linux/arm/v6", "linux/arm", "linux/arm/v7"];
  assertEquals(order("linux/arm/v7", ...arm), [
    "linux/arm/v7",
    "linux/arm",
    "linux/arm/v6",
    "linux/arm/v5",
  ]);
  assertEquals(order("linux/arm/v6", ...arm), ["linux/arm/v6", "linux/arm/v5"]);
  assertEquals(order("linux/arm", ...arm).slice(0, 2), ["linux/arm", "linux/arm/v7"]);
  assertEquals(order("linux/arm64", "linux/arm64/v8", "linux/arm64/v9", ...arm), [
    "linux/arm64/v8",
  ]);
  assertEquals(order("linux/arm64/v8", "linux/arm64"), ["linux/arm64"]);
  assertEquals(order("linux/arm64/v9", "linux/arm64", "linux/arm64/v9"), [
    "linux/arm64/v9",
    "linux/arm64",
  ]);
  assertEquals(order("linux/amd64", "linux/amd64/v2", "linux/amd64/v1"), ["linux/amd64/v1"]);
  assertEquals(order("linux/amd64/v3", "linux/amd64", "linux/amd64/v4", "linux/amd64/v2"), [
    "linux/amd64/v2",
    "linux/amd64",
  ]);
});

Deno.test("platform: other variants must be the same, or not told", () => {
  assertEquals(order("linux/mips/hard", "linux/mips/soft", "linux/mips", "linux/mips/hard"), [
    "linux/mips/hard",
    "linux/mips",
  ]);
  assertEquals(order("linux/mips", "linux/mips/soft"), []);
  assertEquals(order("linux/amd64", "windows/amd64", "linux/386"), []);
});
