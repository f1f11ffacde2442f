#!/bin/bash
# bsdtar escapes names of extended attributes in SCHILY.xattr headers and does not undo it, so a round
# trip through bsdtar alone leaves a file with two attributes for each one it had.
#
# Expected: an attribute comes out of an archive under the name that went in, once.
# Happens: each is written under two keys, LIBARCHIVE.xattr.NAME in base64 and SCHILY.xattr.NAME, and in
# both a blank, '%', '=' and every byte beyond ASCII is written as in a URL. Reading, bsdtar unescapes
# the first key and takes the second as it stands, and sets both. GNU tar writes '=' as %3D and '%' as %25
# and leaves the rest, and undoes just those; of bsdtar's archives it sees the escaped names only.
# Seen with: libarchive-tools version 3.7.4 and GNU tar version 1.35 (Debian 13); 3.8.10 does the same.
# Matters because: xattrs are part of an image's digest. A layer that bsdtar wrote must be read by its
# LIBARCHIVE keys, where there are any, and the SCHILY key of the same attribute be passed over; which
# one that is shows in the escaped name alone.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie libarchive-tools=3.7.4-4+deb13u1 tar=1.35+dfsg-3.1
cd "$temp"
run bsdtar --version | cut -d ' ' -f 1-2
run tar --version | head -n 1

cat >xattrs.py <<'END'
import os, sys
print("  on disk", *sorted(repr(x) for x in os.listxattr(sys.argv[1]) if x.startswith("user.")))
END
mkdir tree
echo file >tree/file
python3 - <<'END'
import os, sys
try:
    for name in ("user.plain", "user.a blank", "user.100%", "user.k=v"):
        os.setxattr("tree/file", name, b"1")
except OSError as error:
    sys.exit(f"cannot run here: no user extended attributes in {os.getcwd()}: {error}")
END

experiment() {
  local writer reader
  for writer in bsdtar tar; do
    run "$writer" -c --xattrs --format=pax -f archive.tar -C tree file
    echo "$writer writes"
    grep -aoE '(SCHILY|LIBARCHIVE)\.xattr\.user.*' archive.tar | LC_ALL=C sort | sed 's/^/  /'
    for reader in bsdtar tar; do
      rm -rf out
      mkdir out
      # GNU tar says of each key of libarchive that it does not know it.
      run "$reader" -x --xattrs -f archive.tar -C out 2>warnings
      echo "$reader reads"
      python3 xattrs.py out/file
    done
  done
}

experiment | tee seen
if ! diff - seen <<'END'; then
bsdtar writes
  LIBARCHIVE.xattr.user.100%25=MQ
  LIBARCHIVE.xattr.user.a%20blank=MQ
  LIBARCHIVE.xattr.user.k%3Dv=MQ
  LIBARCHIVE.xattr.user.plain=MQ
  SCHILY.xattr.user.100%25=1
  SCHILY.xattr.user.a%20blank=1
  SCHILY.xattr.user.k%3Dv=1
  SCHILY.xattr.user.plain=1
bsdtar reads
  on disk 'user.100%' 'user.100%25' 'user.a blank' 'user.a%20blank' 'user.k%3Dv' 'user.k=v' 'user.plain'
tar reads
  on disk 'user.100%' 'user.a%20blank' 'user.k=v' 'user.plain'
tar writes
  SCHILY.xattr.user.100%25=1
  SCHILY.xattr.user.a blank=1
  SCHILY.xattr.user.k%3Dv=1
  SCHILY.xattr.user.plain=1
bsdtar reads
  on disk 'user.100%25' 'user.a blank' 'user.k%3Dv' 'user.plain'
tar reads
  on disk 'user.100%' 'user.a blank' 'user.k=v' 'user.plain'
END
  echo "bsdtar or tar behaves differently now (< as stated, > as seen)"
  exit 1
fi
