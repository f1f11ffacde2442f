import { assertEquals } from "@std/assert";
import { SequentialSink } from "../../../lib/composefs/content_sink.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { readWhole } from "../../../lib/file/file.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";
import { checkSink, givenFiles } from "../../kit/sink_contract.ts";
import { seeds } from "../../../scripts/test/effort.ts";

for (const seed of seeds(1, 2)) {
  Deno.test(`contents that come are digested, by each algorithm (seed ${seed})`, async () => {
    await checkSink(new SequentialSink({ algorithms: ["sha256", "sha512"] }), seed);
  });

  Deno.test(`contents that come are in the store in the end (seed ${seed})`, async () => {
    const store = new MemoryStore();
    await checkSink(new SequentialSink({ store }), seed);
    for (const { contents } of givenFiles(seed)) {
      if (contents.length <= 64) continue;
      using object = store.open(fsVerityDigest(contents))!;
      assertEquals(readWhole(object), contents);
    }
  });
}
