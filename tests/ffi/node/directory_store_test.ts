import { checkStore } from "../../kit/store_contract.ts";
import { putObject } from "../../../lib/objects/object_store.ts";
import { IntegrityError } from "../../../lib/digest/integrity_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLinux } from "../../../ffi/mod.ts";
import { directoryStore } from "../../../ffi/node/directory_store.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { objectPath } from "../../../lib/digest/object_path.ts";
import { memoryFile, readWhole } from "../../../lib/file/file.ts";
import { createRandom } from "../../../scripts/random.ts";

const CONTENTS = createRandom(1).bytes(300_000);
const DIGEST = fsVerityDigest(CONTENTS);

async function withStore(body: (path: string) => void | Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "composefs-node-"));
  try {
    await body(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}

Deno.test("a store by node:fs is one for the kernel's, and the other way round", async () => {
  await withStore(async (path) => {
    const store = directoryStore(path);
    assertEquals(store.has(DIGEST, CONTENTS.length), false);
    assertEquals(store.open(DIGEST), undefined);
    putObject(store, DIGEST, CONTENTS.length, memoryFile(CONTENTS));
    assertEquals(store.has(DIGEST, CONTENTS.length), true);
    assertEquals(store.has(DIGEST, 5), false);
    using opened = store.open(DIGEST)!;
    assertEquals(readWhole(opened), CONTENTS);

    using other = (await openLinux()).openStore(path);
    assertEquals(other.has(DIGEST, CONTENTS.length), true);
    const short = CONTENTS.slice(0, 100);
    const digest = fsVerityDigest(short, { algorithm: "sha512" });
    putObject(other, digest, short.length, short);
    other.flush();
    assertEquals(store.has(digest, short.length), true);
  });
});

Deno.test("a store by node:fs takes no other contents, and leaves none of them behind", async () => {
  await withStore((path) => {
    const store = directoryStore(path);
    const longer = new Uint8Array(CONTENTS.length + 1);
    longer.set(CONTENTS);
    for (const wrong of [CONTENTS.slice(1), new Uint8Array(CONTENTS.length), longer]) {
      const put = () => putObject(store, DIGEST, CONTENTS.length, wrong);
      assertThrows(put, IntegrityError, "the file it was made of changed");
      assertEquals(readdirSync(path), []);
    }
  });
});

Deno.test("a store by node:fs replaces what has another size", async () => {
  await withStore((path) => {
    const store = directoryStore(path);
    putObject(store, DIGEST, CONTENTS.length, CONTENTS);
    writeFileSync(join(path, objectPath(DIGEST)), "short");
    putObject(store, DIGEST, CONTENTS.length, CONTENTS);
    using opened = store.open(DIGEST)!;
    assertEquals(readWhole(opened), CONTENTS);
  });
});

Deno.test("a store by node:fs is one", async () => {
  await withStore((path) => {
    checkStore(directoryStore(path));
    assertEquals(readdirSync(path).filter((name) => name.startsWith(".")), []);
  });
});
