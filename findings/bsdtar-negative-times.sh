#!/bin/bash
# bsdtar and GNU tar write fractions of a second before 1970 differently, and each reads the other's
# half a second or more off.
#
# Expected: 1969-12-31 23:59:58.25, which is -1.75 s, stands in a PAX header as mtime=-1.75, and both
# programs give back what the other has stored.
# Happens: bsdtar writes the whole second rounded down and the fraction added to it as digits, -2.25,
# and reads the same way: right for itself, wrong with everyone else's archives. GNU tar writes and reads
# a decimal number, as Python's tarfile does.
# Seen with: libarchive-tools version 3.7.4 and GNU tar version 1.35 (Debian 13); 3.8.10 does the same.
# Matters because: an inode's time is part of an image's digest. A tree that went through an archive of
# one and came out of the other has another digest, and a PAX reader cannot tell which of the two wrote
# a negative time.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie libarchive-tools=3.7.4-4+deb13u1 tar=1.35+dfsg-3.1
cd "$temp"
run bsdtar --version | cut -d ' ' -f 1-2
run tar --version | head -n 1

mkdir tree
echo old >tree/file
touch -d '1969-12-31 23:59:58.25 UTC' tree/file

experiment() {
  local writer reader
  echo "file: $(stat -c %.2Y tree/file)"
  for writer in bsdtar tar; do
    run "$writer" -c --format=pax -f archive.tar -C tree file
    echo "$writer writes $(grep -ao 'mtime=[-0-9.]*' archive.tar)"
    for reader in bsdtar tar; do
      rm -rf out
      mkdir out
      # GNU tar warns of any time before 1970.
      run "$reader" -xf archive.tar -C out 2>warnings
      echo "  $reader reads $(stat -c %.2Y out/file)"
    done
    python3 -c 'import tarfile; print("  tarfile reads %.2f" % tarfile.open("archive.tar").next().mtime)'
  done
}

experiment | tee seen
if ! diff - seen <<'END'; then
file: -1.75
bsdtar writes mtime=-2.25
  bsdtar reads -1.75
  tar reads -2.25
  tarfile reads -2.25
tar writes mtime=-1.75
  bsdtar reads -0.25
  tar reads -1.75
  tarfile reads -1.75
END
  echo "bsdtar or tar behaves differently now (< as stated, > as seen)"
  exit 1
fi
