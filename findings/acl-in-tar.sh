#!/bin/bash
# tar and bsdtar lose an access control list that is stored as the extended attribute it is.
#
# Expected: SCHILY.xattr.system.posix_acl_access and SCHILY.acl.access say the same, once in the kernel's
# bytes and once as text; a program that restores ACLs restores them from either.
# Happens: `tar --acls` and `bsdtar -p` read the text only and pass over the attribute without a word;
# `tar --xattrs --xattrs-include=*` reads the attribute only and passes over the text, and with --acls added
# to it loses what it restored without. The exit status is 0 each time.
# Seen with: libarchive-tools version 3.7.4 and GNU tar version 1.35 (Debian 13); 3.8.10 does the same.
# Matters because: composefs images and layers have ACLs as attributes, so a tool that writes all xattrs
# writes the first form. Whoever unpacks it with the option named after ACLs has another tree, under
# another digest; a reader of archives needs both forms.
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
echo file >tree/file
python3 - <<'END'
import os, struct, sys

# owner rw-, user 1234 r--, group r--, mask r--, others r--
nobody = 0xFFFFFFFF
entries = [(1, 6, nobody), (2, 4, 1234), (4, 4, nobody), (16, 4, nobody), (32, 4, nobody)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
try:
    os.setxattr("tree/file", "system.posix_acl_access", acl)
except OSError as error:
    sys.exit(f"cannot run here: no ACLs in {os.getcwd()}: {error}")
END

programs=("tar --xattrs --xattrs-include=*" "tar --acls" "tar --xattrs --xattrs-include=* --acls" "bsdtar -p")

experiment() {
  local writer reader words
  for writer in "${programs[@]}"; do
    read -ra words <<<"$writer"
    run "${words[@]}" -c --format=pax -f archive.tar -C tree file
    echo "$writer writes $(grep -aoE 'SCHILY\.[a-z._]*' archive.tar | sort -u | tr '\n' ' ')"
    for reader in "${programs[@]}"; do
      rm -rf out
      mkdir out
      read -ra words <<<"$reader"
      run "${words[@]}" -x -f archive.tar -C out
      echo "  $reader reads" \
        "$(python3 -c 'import os; print("the ACL" if "system.posix_acl_access" in os.listxattr("out/file") else "nothing")')"
    done
  done
}

experiment 2>&1 | sed 's/ *$//' | tee seen
if ! diff - seen <<'END'; then
tar --xattrs --xattrs-include=* writes SCHILY.xattr.system.posix_acl_access
  tar --xattrs --xattrs-include=* reads the ACL
  tar --acls reads nothing
  tar --xattrs --xattrs-include=* --acls reads nothing
  bsdtar -p reads nothing
tar --acls writes SCHILY.acl.access
  tar --xattrs --xattrs-include=* reads nothing
  tar --acls reads the ACL
  tar --xattrs --xattrs-include=* --acls reads the ACL
  bsdtar -p reads the ACL
tar --xattrs --xattrs-include=* --acls writes SCHILY.acl.access SCHILY.xattr.system.posix_acl_access
  tar --xattrs --xattrs-include=* reads the ACL
  tar --acls reads the ACL
  tar --xattrs --xattrs-include=* --acls reads the ACL
  bsdtar -p reads the ACL
bsdtar -p writes SCHILY.acl.access
  tar --xattrs --xattrs-include=* reads nothing
  tar --acls reads the ACL
  tar --xattrs --xattrs-include=* --acls reads the ACL
  bsdtar -p reads the ACL
END
  echo "tar or bsdtar behaves differently now (< as stated, > as seen)"
  exit 1
fi
