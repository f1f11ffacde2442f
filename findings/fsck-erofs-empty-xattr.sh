#!/bin/bash
# fsck.erofs --extract --xattrs takes an extended attribute without a value for a fault, and leaves out
# the rest of that file's attributes.
#
# Expected: all three attributes of a file come out, as a mount of the image shows them; or, if one
# cannot be read, an exit status that says so.
# Happens: one line on standard error ("failed to get xattr value size"), the attributes that follow in
# the image are lost as well, other files are complete, and the exit status is 0.
# Seen with: erofs-utils version 1.8.6 (Debian 13); 1.9.4 fails likewise.
# Matters because: images of composefs are full of empty values (trusted.overlay.metacopy of a file
# without a digest, trusted.overlay.opaque in some writers, markers in user.*), so an extracted tree
# cannot be compared with its source, and a script that looks at the exit status does not notice.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie erofs-utils=1.8.6-1
cd "$temp"
run fsck.erofs --version 2>&1 | head -n 1

python3 - <<'END'
import io, os, sys, tarfile

with tarfile.open("layer.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    for name, xattrs in (("three", {"a": "1", "empty": "", "z": "2"}), ("two", {"a": "1", "z": "2"})):
        entry = tarfile.TarInfo(name)
        entry.pax_headers = {f"SCHILY.xattr.user.{key}": value for key, value in xattrs.items()}
        tar.addfile(entry)
open("probe", "w").close()
try:
    os.setxattr("probe", "user.probe", b"1")
except OSError as error:
    sys.exit(f"cannot run here: no user extended attributes in {os.getcwd()}: {error}")
END
run mkfs.erofs --quiet -T0 --tar=f image layer.tar

experiment() {
  local status=0
  run fsck.erofs --extract=tree --xattrs image 2>errors >/dev/null || status=$?
  echo "exit status $status"
  grep -o 'failed to get xattr value size of [^ ]*' errors || true
  python3 - <<'END'
import os
for name in ("three", "two"):
    print(name, *(x for x in sorted(os.listxattr(f"tree/{name}")) if x.startswith("user.")))
END
}

experiment | tee seen
if ! diff - seen <<'END'; then
exit status 0
failed to get xattr value size of `user.empty`
three user.a
two user.a user.z
END
  echo "fsck.erofs behaves differently now (< as stated, > as seen)"
  exit 1
fi
