import { Digest } from "../../../lib/digest/digest.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import {
  escapeXattr,
  metacopyDigest,
  metacopyXattr,
  redirectPath,
  redirectXattr,
  unescapeXattr,
} from "../../../lib/composefs/_overlay_xattrs.ts";
import { ImageFormatError } from "../../../lib/erofs/image_format_error.ts";
import { ImageXattr } from "../../../lib/erofs/read_xattrs.ts";
import type { InodeXattr } from "../../../lib/erofs/inode.ts";
import { xattr } from "../../kit/trees.ts";

const escaped = (name: string) => new TextDecoder().decode(escapeXattr(xattr(name)).name);

Deno.test("xattrs that overlayfs would take for its own are escaped once more", () => {
  assertEquals(escaped("trusted.overlay.opaque"), "trusted.overlay.overlay.opaque");
  assertEquals(escaped("trusted.overlay.overlay.x"), "trusted.overlay.overlay.overlay.x");
  assertEquals(escaped("trusted.overlay."), "trusted.overlay.overlay.");
});

Deno.test("all others are left alone", () => {
  for (const name of ["user.overlay.opaque", "trusted.overlay", "trusted.overlayx.", "user.a"]) {
    const own = xattr(name, "v");
    assertStrictEquals(escapeXattr(own), own);
  }
});

Deno.test("what is escaped comes back", () => {
  for (const name of ["trusted.overlay.opaque", "trusted.overlay.overlay.x"]) {
    assertEquals(unescapeXattr(escapeXattr(xattr(name, "v"))), xattr(name, "v"));
  }
});

/** An xattr in an image that holds nothing else. */
const inImage = (value: Uint8Array) => new ImageXattr(utf8("x"), value, 0, value.length);
const path = () => utf8("/f");
const valueOf = ({ head, rest }: InodeXattr) => concatBytes(head, rest);

Deno.test("metacopy holds the digest of SHA-256, or nothing", () => {
  const digest = new Digest("sha256", Uint8Array.from({ length: 32 }, (_, i) => i));
  const metacopy = metacopyXattr(digest);
  const value = valueOf(metacopy);
  assertEquals(new TextDecoder().decode(metacopy.name.bytes), "trusted.overlay.metacopy");
  assertEquals([...value.subarray(0, 5), value.length], [0, 36, 0, 1, 0, 36]);
  assertEquals(metacopyDigest(inImage(value), path), digest);
  assertEquals(valueOf(metacopyXattr(undefined)).length, 0);
});

Deno.test("metacopy holds the digest of SHA-512 as well", () => {
  const digest = new Digest("sha512", Uint8Array.from({ length: 64 }, (_, i) => i));
  const value = valueOf(metacopyXattr(digest));
  assertEquals([...value.subarray(0, 5), value.length], [0, 68, 0, 2, 0, 68]);
  assertEquals(metacopyDigest(inImage(value), path), digest);
});

Deno.test("an empty metacopy is no digest, and nothing else is taken for none", () => {
  assertEquals(metacopyDigest(inImage(new Uint8Array()), path), undefined);
  const sha256 = valueOf(metacopyXattr(new Digest("sha256", new Uint8Array(32))));
  const sha512 = valueOf(metacopyXattr(new Digest("sha512", new Uint8Array(64))));
  const changed = [sha256, sha512].flatMap((value) =>
    [0, 1, 2, 3].map((at) => value.map((byte, i) => i === at ? byte + 1 : byte))
  );
  const others = [4, 35, 36, 37, 68].map((length) => new Uint8Array(length));
  const crossed = sha512.slice(0, 36);
  for (const value of [...changed, ...others, crossed, sha256.slice(0, 35)]) {
    assertThrows(() => metacopyDigest(inImage(value), path), ImageFormatError, '"/f": metacopy of');
  }
});

Deno.test("without a metacopy there is no digest, without a redirect no path", () => {
  assertEquals([metacopyDigest(undefined, path), redirectPath(undefined)], [undefined, undefined]);
});

Deno.test("a path does not begin with the redirect's own slash", () => {
  const paths = ["/ab/cd", "ab/cd", "//x", ""].map((text) => redirectPath(inImage(utf8(text))));
  assertEquals(paths, ["ab/cd", "ab/cd", "/x", ""].map(utf8));
});

Deno.test("a redirect has a slash in front, also before another", () => {
  const redirect = redirectXattr(utf8("ab/cd"));
  assertEquals(new TextDecoder().decode(redirect.name.bytes), "trusted.overlay.redirect");
  assertEquals(valueOf(redirect), utf8("/ab/cd"));
  assertEquals(valueOf(redirectXattr(utf8("/x"))), utf8("//x"));
});
