#!/bin/bash
# Deno's node:zlib decompresses one zstd frame and drops the rest of the input, without an error.
#
# Expected: a zstd stream is any number of frames, some of them skippable (RFC 8878), and decompresses to
# the contents of all of them, as with zstd itself and Bun. Or there is an error.
# Happens: zstdDecompressSync gives the first frame only, and nothing at all if that is a skippable one.
# The stream gives what was in the piece of input in which the first frame ended, and loses the rest of
# that piece; so the result depends on how the network cut the input.
# Seen with: deno version 2.9.6.
# Matters because: a zstd:chunked layer has a frame for each file and its table of contents in skippable
# ones, and seekable or parallel writers make many frames too. Cut the input at the frames, give one at a
# time, and count what came out.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
npm install --silent --no-audit --no-fund --prefix "$temp" --cache "$temp/cache" deno@2.9.6
cd "$temp"
export DENO_DIR=$temp/deno
deno=node_modules/.bin/deno
$deno --version | sed -n 's/^deno /deno version /p'

cat >frames.mjs <<'END'
import { createZstdDecompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";

const a = zstdCompressSync(Buffer.alloc(400, "a"));
const b = zstdCompressSync(Buffer.alloc(400, "b"));
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

const streamed = async (pieces) => {
  const stream = createZstdDecompress();
  let length = 0;
  stream.on("data", (chunk) => length += chunk.length);
  const end = new Promise((resolve) => stream.on("end", () => resolve(length)).on("error", (e) => resolve(e.message)));
  for (const piece of pieces) stream.write(piece);
  stream.end();
  return await end;
};

const all = { "a": [a], "a b": [a, b], "skippable a": [skippable, a], "a skippable b": [a, skippable, b] };
for (const [name, frames] of Object.entries(all)) {
  const bytes = Buffer.concat(frames);
  const single = [...bytes].map((byte) => Buffer.of(byte));
  console.log(
    `${name}: sync ${zstdDecompressSync(bytes).length}, stream in one piece ${await streamed([bytes])},`,
    `by frames ${await streamed(frames)}, by bytes ${await streamed(single)}`,
  );
}
END

timeout 60 $deno run --no-config --no-lock frames.mjs 2>&1 | tee seen
if ! diff - seen <<'END'; then
a: sync 400, stream in one piece 400, by frames 400, by bytes 400
a b: sync 400, stream in one piece 400, by frames 800, by bytes 800
skippable a: sync 0, stream in one piece 0, by frames 400, by bytes 400
a skippable b: sync 400, stream in one piece 400, by frames 800, by bytes 800
END
  echo "deno behaves differently now (< as stated, > as seen)"
  exit 1
fi
