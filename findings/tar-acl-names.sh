#!/bin/bash
# tar --numeric-owner writes the users of ACLs by name all the same.
#
# Expected: with --numeric-owner an archive holds numbers instead of names, in ACLs too, so that it says the same
# wherever it is made. GNU tar 1.35 does so.
# Happens: tar 1.34 --acls --numeric-owner writes user:daemon:r-- into SCHILY.acl.access and SCHILY.acl.default for
# user 1, who is called daemon where the archive is made. The exit status is 0, and nothing is said.
# Seen with: GNU tar version 1.34 (Debian 12) and 1.35 (Debian 13).
# Matters because: where daemon is another user, or none, the tree that is unpacked is another one: the entry is of
# another user, or lost. An image that Debian 12 makes a layer for has another digest by then than one by Debian 13.
# The same list as the attribute system.posix_acl_access has the number in both.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
cd "$temp"

mkdir directory
python3 - <<'END'
import os, struct, sys

# owner rwx, user 1 r--, group r-x, mask r-x, others r-x
nobody = 0xFFFFFFFF
entries = [(1, 7, nobody), (2, 4, 1), (4, 5, nobody), (16, 5, nobody), (32, 5, nobody)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
try:
    for kind in ("access", "default"):
        os.setxattr("directory", f"system.posix_acl_{kind}", acl)
except OSError as error:
    sys.exit(f"cannot run here: no ACLs in {os.getcwd()}: {error}")
END
user=$(getent passwd 1 | cut -d : -f 1) || { echo "cannot run here: user 1 has no name"; exit 1; }

archive() {
  local suite=$1 version=$2
  debian "$temp/$suite" "$suite" "tar=$version"
  run tar --version | head -n 1
  run tar --acls --numeric-owner -c --format=pax -f archive.tar directory
  python3 - "$user" <<'END' | tee -a seen
import re, sys

archive = open("archive.tar", "rb").read().decode("latin-1")
for kind in ("access", "default"):
    text = re.search(rf"SCHILY\.acl\.{kind}=([^/]*?other:)", archive, re.S).group(1)
    entry = re.search(r"user:([^:]+):r--", text).group(1)
    print(kind, "by name" if entry == sys.argv[1] else entry)
END
}

archive bookworm 1.34+dfsg-1.2+deb12u1
archive trixie 1.35+dfsg-3.1
if ! diff - seen <<'END'; then
access by name
default by name
access 1
default 1
END
  echo "tar behaves differently now (< as stated, > as seen)"
  exit 1
fi
