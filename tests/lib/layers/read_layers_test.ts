import { assertEquals, assertRejects } from "@std/assert";
import { concatBytes, utf8 } from "../../../lib/bytes/text.ts";
import { decodeBy } from "../../../lib/compression/decode.ts";
import { type ContentSink, SequentialSink } from "../../../lib/composefs/content_sink.ts";
import {
  type LayerSource,
  type MemberSource,
  readLayers,
} from "../../../lib/layers/read_layers.ts";
import { member } from "../../kit/layers.ts";
import { END, file } from "../../kit/tar_archive.ts";

const ARCHIVE = concatBytes(file({ name: "a" }, "archive"), END);

const archive: LayerSource = { shown: "archive", open: () => [ARCHIVE] };

/** Tells of one file. */
function told(name: string, contents: string): MemberSource {
  return {
    shown: name,
    // deno-lint-ignore require-await -- sources have to wait for their decoder
    async tell(sink, { onBytes }) {
      sink.member(member("f", name, contents).member);
      sink.contents(utf8(contents), 0);
      sink.end();
      onBytes(10);
    },
  };
}

function read(
  sources: readonly (LayerSource | MemberSource)[],
  more: {
    sink?: ContentSink;
    streams?: number;
    onRead?: (done: number) => void;
    interrupt?: () => void;
  } = {},
) {
  return readLayers(sources, {
    sink: new SequentialSink(),
    decode: (chunks, compression, options) => decodeBy({}, chunks, compression, options),
    capture: () => true,
    ...more,
  });
}

Deno.test("layers: sources that tell of members stand beside archives", async () => {
  const counts: number[] = [];
  const { layers, contents, captured } = await read([told("b", "told"), archive, told("c", "")], {
    onRead: (done) => counts.push(done),
  });
  assertEquals(
    layers.map((members) =>
      members.map(({ member: { name }, file }) => [
        new TextDecoder().decode(name),
        new TextDecoder().decode(captured.get(file!)),
        contents.size(file!),
      ])
    ),
    [[["b", "told", 4]], [["a", "archive", 7]], [["c", "", 0]]],
  );
  assertEquals(counts, [10, 10 + ARCHIVE.length, 20 + ARCHIVE.length]);
});

Deno.test("layers: what takes their contents is told when each has ended, or failed", async () => {
  let open = 0;
  const sink = new SequentialSink();
  const counting: ContentSink = {
    finish: () => sink.finish(),
    stream() {
      open++;
      return { ...sink.stream(), close: () => void open-- };
    },
  };
  const failing: MemberSource = { shown: "failing", tell: () => Promise.reject(new TypeError()) };
  await read([archive, told("b", "told"), archive], { sink: counting });
  assertEquals(open, 0);
  await assertRejects(() => read([archive, failing], { sink: counting, streams: 2 }), TypeError);
  assertEquals(open, 0);
});

/** Tells of nothing until it is over. */
const endless: MemberSource = {
  shown: "endless",
  async tell(_, { isOver }) {
    while (!isOver()) await Promise.resolve();
  },
};

Deno.test("layers: what interrupts ends a source that reads no bytes", async () => {
  let left = 100;
  const interrupt = () => {
    if (left-- === 0) throw new TypeError("interrupted");
  };
  await assertRejects(() => read([endless], { interrupt }), TypeError, "interrupted");
});

Deno.test("layers: a source that fails ends the others, and its error is told as it is", async () => {
  const failing: MemberSource = {
    shown: "failing",
    tell: () => Promise.reject(new TypeError("no table")),
  };
  let isAsked = false;
  const unread: MemberSource = {
    shown: "unread",
    tell() {
      isAsked = true;
      return Promise.resolve();
    },
  };
  const sources = [endless, failing, unread];
  await assertRejects(() => read(sources, { streams: 2 }), TypeError, "no table");
  assertEquals(isAsked, false);
});
