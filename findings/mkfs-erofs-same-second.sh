#!/bin/bash
# mkfs.erofs drops the nanoseconds of a file that was changed in the second the image is made in.
#
# Expected: --mkfs-time takes the given time for the image alone, and --preserve-mtime keeps each
# file's own, "strictly", whatever the time of the image is.
# Happens: a file whose seconds are equal to those of the image gets a compact inode of 32 bytes, which
# has no room for a time of its own, and reads as .000000000 ever after, --preserve-mtime or not; its
# neighbours have inodes of 64 bytes and are right. -Eforce-inode-extended keeps the nanoseconds.
# Seen with: erofs-utils version 1.9.4 (Debian 14); 1.8.6 keeps them without.
# Matters because: a tree that was just written or unpacked gives another image than the same tree two
# seconds later, in its times and in its layout. A byte for byte comparison with mkfs.erofs needs times
# that are fixed and old, or extended inodes.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" forky erofs-utils=1.9.4-1
cd "$temp"
run mkfs.erofs --version | head -n 1

mkdir tree
for name in same other; do echo "$name" >tree/$name; done
touch -d @1700000000.987654321 tree/same
touch -d @1700000001.987654321 tree/other

experiment() {
  local name option
  for option in "" --preserve-mtime -Eforce-inode-extended; do
    rm -f image
    run mkfs.erofs --quiet --mkfs-time -T1700000000 ${option:+"$option"} image tree
    for name in same other; do
      echo "$name $option:" "$(run dump.erofs --path="/$name" image |
        sed -n 's/^\(Inode size: [0-9]*\).*/\1/p; s/^Timestamp: \(.*\)/\1/p' | tr '\n' ' ')"
    done
  done
}

export TZ=UTC
experiment | sed 's, *$,,' | tee seen
if ! diff - seen <<'END'; then
same : Inode size: 32 2023-11-14 22:13:20.000000000
other : Inode size: 64 2023-11-14 22:13:21.987654321
same --preserve-mtime: Inode size: 32 2023-11-14 22:13:20.000000000
other --preserve-mtime: Inode size: 64 2023-11-14 22:13:21.987654321
same -Eforce-inode-extended: Inode size: 64 2023-11-14 22:13:20.987654321
other -Eforce-inode-extended: Inode size: 64 2023-11-14 22:13:21.987654321
END
  echo "mkfs.erofs behaves differently now (< as stated, > as seen)"
  exit 1
fi
