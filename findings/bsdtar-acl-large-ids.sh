#!/bin/bash
# bsdtar writes an ACL entry of a user above 2^31-1 as one of another user.
#
# Expected: user 3123456789 is an owner like any other on Linux, where IDs have 32 bits; user namespaces hand out
# such numbers. In the text of an ACL, SCHILY.acl.access, the entry is user:3123456789:r--, as getfacl and
# tar --acls have it.
# Happens: bsdtar --acls writes user:0:r-- for it, and for 2147483648 and 4000000000 likewise; 2147483647 is right.
# The exit status is 0, and nothing is said.
# Seen with: libarchive-tools version 3.7.4 and GNU tar version 1.35 (Debian 13).
# Matters because: a layer or archive made so gives another user the right, and its tree is another one under another
# digest. The attribute system.posix_acl_access, in the kernel's bytes, is right: where both are in an archive, it is
# the one to believe.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie libarchive-tools=3.7.4-4+deb13u1 tar=1.35+dfsg-3.1
cd "$temp"
run bsdtar --version | cut -d ' ' -f 1-2
run tar --version | head -n 1

experiment() {
  local id writer words
  for id in 2147483647 2147483648 3123456789 4000000000; do
    echo file >file
    python3 - "$id" <<'END'
import os, struct, sys

# owner rw-, the user r--, group r--, mask r--, others r--
nobody = 0xFFFFFFFF
entries = [(1, 6, nobody), (2, 4, int(sys.argv[1])), (4, 4, nobody), (16, 4, nobody), (32, 4, nobody)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
try:
    os.setxattr("file", "system.posix_acl_access", acl)
except OSError as error:
    sys.exit(f"cannot run here: no ACLs in {os.getcwd()}: {error}")
END
    for writer in "tar --acls --numeric-owner" "bsdtar --acls --numeric-owner"; do
      read -ra words <<<"$writer"
      run "${words[@]}" -c --format=pax -f archive.tar file
      echo "${words[0]}: $(grep -aoE 'user:[^:,]+:[-rwx]+' archive.tar)"
    done
    rm -f file
  done
}

experiment 2>&1 | tee seen
if ! diff - seen <<'END'; then
tar: user:2147483647:r--
bsdtar: user:2147483647:r--
tar: user:2147483648:r--
bsdtar: user:0:r--
tar: user:3123456789:r--
bsdtar: user:0:r--
tar: user:4000000000:r--
bsdtar: user:0:r--
END
  echo "tar or bsdtar behaves differently now (< as stated, > as seen)"
  exit 1
fi
