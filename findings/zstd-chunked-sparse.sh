#!/bin/bash
# The writer of zstd:chunked layers stores another tar than it was given, if a member is sparse.
#
# Expected: a zstd:chunked layer unpacks, as any zstd stream, to the tar that went in, byte for byte: its
# digest is the diff_id in the image's configuration. Or a member that cannot be kept is refused.
# Happens: no error. The hole is filled in and the map left out, behind a header that still announces a map
# and the stored size. So the tar inside is a megabyte longer, has another digest, and is of no use from
# that member on. The table of contents has the right size. A member of the older GNU type S is refused
# ("unknown tarball type").
# Seen with: go.podman.io/storage version 1.65.1, the writer in Podman, Buildah and Skopeo.
# Matters because: `tar --sparse` and bsdtar write such members for every file with a hole. Who reads such
# a layer as a tar, or checks its diff_id, fails; who goes by the table of contents gets the files.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
support=$(cd "$(dirname "$0")/support" && pwd)
# shellcheck source=/dev/null
. "$support/go.bash"
go_program "$temp" go.podman.io/storage v1.65.1 pkg/chunked/compressor <"$support/zstd-chunked.go"
cd "$temp"

# One file of 1 MiB: 4 KiB of data and a hole. PAX form 1.0 has the map of the data before the data.
python3 - <<'END'
import io, tarfile

data, size = b"x" * 4096, 1 << 20
with tarfile.open("sparse.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    body = f"1\n0\n{len(data)}\n".encode().ljust(512, b"\0") + data
    entry = tarfile.TarInfo("GNUSparseFile.0/holes")
    entry.size = len(body)
    entry.pax_headers = {
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
        "GNU.sparse.name": "holes", "GNU.sparse.realsize": str(size),
    }
    tar.addfile(entry, io.BytesIO(body))
    entry = tarfile.TarInfo("whole")
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
with tarfile.open("plain.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    tar.addfile(entry, io.BytesIO(data))
END

experiment() {
  local archive
  for archive in plain sparse; do
    echo "$archive"
    timeout 30 ./program $archive.tar | sed 's/^/  /'
  done
}

experiment | tee seen
if ! diff - seen <<'END'; then
plain
  error: <nil>
  tar in: 10240 bytes; tar out: 10240 bytes; same digest: true
  table: "whole" of 4096 bytes
sparse
  error: <nil>
  tar in: 20480 bytes; tar out: 1064448 bytes; same digest: false
  table: "holes" of 1048576 bytes
  table: "holes" of 0 bytes
  table: "whole" of 4096 bytes
END
  echo "the zstd:chunked writer behaves differently now (< as stated, > as seen)"
  exit 1
fi
