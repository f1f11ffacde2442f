#!/bin/bash
# Deno's node:fs rounds times to milliseconds, and changes names that are not UTF-8.
#
# Expected: lstatSync(path, { bigint: true }).mtimeNs is the time of the file, and names that readdirSync gives
# as buffers lead to the files they are the names of, as on Node and Bun.
# Happens: the last six digits of mtimeNs are zeros. Bytes that are not UTF-8 come as U+FFFD, both in names that
# are read and in those that are given, so that a file is not found by the name it was listed under, and one that
# is made gets another.
# Seen with: deno version 2.9.6.
# Matters because: an image of a directory by way of node:fs would have other times and other names than the
# directory, and so another digest; composefs-ts/node refuses Deno for that. Through FFI both are exact.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
npm install --silent --no-audit --no-fund --prefix "$temp" --cache "$temp/cache" deno@2.9.6
cd "$temp"
export DENO_DIR=$temp/deno
deno=node_modules/.bin/deno
$deno --version | sed -n 's/^deno /deno version /p'

mkdir tree
touch -d @1234567890.123456789 "tree/$(printf '\377')"
cat >list.mjs <<'END'
import { lstatSync, readdirSync } from "node:fs";

const [name] = readdirSync("tree", { encoding: "buffer" });
console.log("name", [...name].join(" "));
try {
  console.log("time", lstatSync(Buffer.concat([Buffer.from("tree/"), name]), { bigint: true }).mtimeNs);
} catch (error) {
  console.log("stat", error.code);
}
console.log("rounded", lstatSync("tree", { bigint: true }).mtimeNs % 1_000_000n);
END

touch -d @1234567890.123456789 tree
timeout 60 $deno run -A --no-config --no-lock list.mjs 2>&1 | tee seen
if ! diff - seen <<'END'; then
name 239 191 189
stat ENOENT
rounded 0n
END
  echo "deno behaves differently now (< as stated, > as seen)"
  exit 1
fi
