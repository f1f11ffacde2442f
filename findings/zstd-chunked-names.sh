#!/bin/bash
# The writer of zstd:chunked layers gives two files one name in its table of contents, if their names are
# not UTF-8.
#
# Expected: names are bytes, in tar and on Linux; a table of contents in JSON escapes them somehow, or a
# name that cannot be written is refused.
# Happens: every byte that is not UTF-8 becomes U+FFFD, without an error, so caf\xe8 and caf\xe9 are the
# same entry twice. The tar inside the layer is intact, and so is the tar-split data beside the table.
# Seen with: go.podman.io/storage version 1.65.1, the writer in Podman, Buildah and Skopeo.
# Matters because: who builds a tree from the table alone loses a file and names the other wrongly. Where an
# entry has U+FFFD, the name has to come from the tar-split data or from the tar headers.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
support=$(cd "$(dirname "$0")/support" && pwd)
# shellcheck source=/dev/null
. "$support/go.bash"
go_program "$temp" go.podman.io/storage v1.65.1 pkg/chunked/compressor <"$support/zstd-chunked.go"
cd "$temp"

python3 - <<'END'
import io, tarfile
with tarfile.open("names.tar", "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
    for size, name in enumerate(("caf\xe8", "caf\xe9", "plain"), 1):
        entry = tarfile.TarInfo(name)
        entry.size = size
        tar.addfile(entry, io.BytesIO(b"x" * size))
END

timeout 30 ./program names.tar | tee seen
if ! diff - seen <<'END'; then
error: <nil>
tar in: 10240 bytes; tar out: 10240 bytes; same digest: true
table: "caf\ufffd" of 1 bytes
table: "caf\ufffd" of 2 bytes
table: "plain" of 3 bytes
END
  echo "the zstd:chunked writer behaves differently now (< as stated, > as seen)"
  exit 1
fi
