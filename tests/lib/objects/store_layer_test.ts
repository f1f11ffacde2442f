import { putObject } from "../../../lib/objects/object_store.ts";
import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";
import { storeLayer } from "../../../lib/objects/store_layer.ts";

Deno.test("a store has what is named as its objects are, and nothing else", () => {
  const store = new MemoryStore();
  for (const algorithm of ["sha256", "sha512"] as const) {
    const contents = utf8(algorithm);
    const digest = fsVerityDigest(contents, { algorithm });
    putObject(store, digest, contents.length, contents);
    const layer = storeLayer(store);
    assertEquals(layer.open(utf8(objectPath(digest)))?.size, 6);
    const hex = digest.toHex();
    for (
      const path of [
        hex,
        `${hex.slice(0, 3)}/${hex.slice(3)}`,
        `/${objectPath(digest)}`,
        `${algorithm}:${objectPath(digest)}`,
        objectPath(digest).toUpperCase(),
        objectPath(digest).slice(0, -2),
        "",
      ]
    ) assertEquals(layer.open(utf8(path)), undefined, path);
  }
});
