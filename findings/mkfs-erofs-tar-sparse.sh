#!/bin/bash
# mkfs.erofs --tar=f makes wrong files of sparse members, under names that nobody gave them.
#
# Expected: a file with a hole that GNU tar has stored as sparse comes out with its size, its name and
# its contents, or the layer is refused.
# Happens: exit status 0 and no message. The PAX forms 0.1 and 1.0 become a file in a made-up directory
# GNUSparseFile.PID, 0.0 keeps its name; all three have the stored bytes alone (in 1.0 with the map of
# the holes before them) instead of 1 MiB; a member of the old type S is left out.
# Seen with: erofs-utils version 1.8.6 (Debian 13) and 1.9.4, archives of GNU tar version 1.35.
# Matters because: `tar --sparse` and bsdtar write such members for any file with a hole, and layers
# with them are valid. An image that mkfs.erofs made is no reference for them, and whoever imports
# layers has to expand all four forms.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie erofs-utils=1.8.6-1 tar=1.35+dfsg-3.1
cd "$temp"
run mkfs.erofs --version | head -n 1
run tar --version | head -n 1

mkdir tree
echo whole >tree/whole
# 4 KiB of data, and a hole up to 1 MiB.
head -c 4096 /dev/zero | tr '\0' x >tree/holes
truncate -s 1M tree/holes

experiment() {
  local form
  for form in "posix --sparse-version=0.0" "posix --sparse-version=0.1" "posix --sparse-version=1.0" gnu; do
    rm -rf layer.tar image out
    # shellcheck disable=SC2086 # two words
    run tar --create --sparse --hole-detection=raw --file=layer.tar --directory=tree --format=$form holes whole
    run mkfs.erofs --quiet -T0 --tar=f image layer.tar
    run fsck.erofs --extract=out image >/dev/null
    echo "$form:"
    (cd out && find . -type f -printf '  %P %s\n' | sed 's/GNUSparseFile\.[0-9]*/GNUSparseFile.PID/' | LC_ALL=C sort)
  done
}

experiment 2>&1 | tee seen
if ! diff - seen <<'END'; then
posix --sparse-version=0.0:
  holes 4096
  whole 6
posix --sparse-version=0.1:
  GNUSparseFile.PID/holes 4096
  whole 6
posix --sparse-version=1.0:
  GNUSparseFile.PID/holes 4608
  whole 6
gnu:
  whole 6
END
  echo "mkfs.erofs behaves differently now (< as stated, > as seen)"
  exit 1
fi
