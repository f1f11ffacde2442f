import { assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { imageReference, parseReference, TRANSPORTS } from "../../../cli/references/reference.ts";
import { UsageError } from "../../../cli/args/usage_error.ts";

function parsed(word: string): string {
  const { transport, rest, isStream, shown } = parseReference(utf8(word));
  return [transport ?? "path", latin1(rest), isStream ? "stream" : "file", shown].join(" ");
}

Deno.test("a transport is one of the list, and all behind its colon is the rest", () => {
  for (const name of Object.keys(TRANSPORTS)) {
    assertEquals(parsed(`${name}:a:b@c`), `${name} a:b@c file "${name}:a:b@c"`);
  }
});

Deno.test("other prefixes are parts of paths", () => {
  for (const path of ["foo:bar", "./dir:x", "C:x", ":x", "dirx:y", "DIR:x", "oci", "/dir:x", ""]) {
    assertEquals(parsed(path), `path ${path} file "${path}"`);
  }
});

Deno.test("a transport with nothing behind it is refused, and says what is expected", () => {
  const error = assertThrows(() => parseReference(utf8("oci:")), UsageError);
  assertEquals(error.message, 'Cannot use "oci:": expected oci:DIR[:TAG|@DIGEST]');
});

Deno.test("- is standard input, alone and where a transport reads a file", () => {
  assertEquals(parsed("-"), "path - stream standard input");
  assertEquals(parsed("tar:-"), "tar - stream standard input");
  assertEquals(parsed("dump:-"), "dump - stream standard input");
  assertEquals(parsed("dir:-"), 'dir - file "dir:-"');
  assertEquals(parsed("./-"), 'path ./- file "./-"');
});

Deno.test("paths keep their bytes", () => {
  const { rest } = parseReference(Uint8Array.of(...utf8("dir:"), 0xff, 0x0a));
  assertEquals(rest, Uint8Array.of(0xff, 0x0a));
});

Deno.test("under the C programs' names all words are paths of images", () => {
  for (const word of ["-", "dir:x"]) {
    const { transport, rest, isStream } = imageReference(utf8(word));
    assertEquals([transport, latin1(rest), isStream], ["image", word, false]);
  }
});
