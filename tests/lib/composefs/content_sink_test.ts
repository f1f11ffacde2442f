import { assertEquals } from "@std/assert";
import { SequentialSink } from "../../../lib/composefs/content_sink.ts";
import { fsVerityDigest } from "../../../lib/digest/fs_verity.ts";
import { readWhole } from "../../../lib/file/file.ts";
import { MemoryStore } from "../../../lib/objects/memory_store.ts";
import type { ObjectDraft } from "../../../lib/objects/object_store.ts";
import { checkSink, checkStreams, givenFiles } from "../../kit/sink_contract.ts";
import { seeds } from "../../../scripts/test/effort.ts";

Deno.test("contents that come may come in any number of sequences", () =>
  checkStreams(new SequentialSink()));

Deno.test("contents that have not come to their end leave no draft", () => {
  const store = new MemoryStore();
  const drafts: ObjectDraft[] = [];
  let disposed = 0;
  store.draft = (algorithm) => {
    const draft = MemoryStore.prototype.draft.call(store, algorithm);
    drafts.push(draft);
    const dispose = draft[Symbol.dispose].bind(draft);
    draft[Symbol.dispose] = () => {
      disposed++;
      dispose();
    };
    return draft;
  };
  const stream = new SequentialSink({ store }).stream();
  stream.begin(2 ** 21);
  stream.write(new Uint8Array(10), 5);
  stream.close();
  assertEquals([drafts.length, disposed], [1, 1]);
});

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
