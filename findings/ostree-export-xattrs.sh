#!/bin/bash
# ostree export leaves out every extended attribute, without a word.
#
# Expected: the archive has what the commit has; there is an option --no-xattrs to leave them out, so
# they should be there without it.
# Happens: no header for xattrs at all, with or without that option, and exit status 0. The same commit
# shows them in `ostree ls -X`.
# Seen with: ostree version 2025.2 (Debian 13); 2026.4 does the same.
# Matters because: file capabilities and labels are xattrs. A tree that is turned from OSTree into a layer
# or a composefs image by way of export has lost them, and has another digest than the commit's own
# composefs image. Read the repository, or a checkout.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie ostree=2025.2-1
cd "$temp"
run ostree --version | sed -n "s/^ Version: /ostree version /p"

# From an archive, so that neither root nor a file system with xattrs is needed.
python3 - <<'END'
import io, tarfile
with tarfile.open("tree.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    entry = tarfile.TarInfo("file")
    entry.size = 2
    entry.pax_headers = {"SCHILY.xattr.user.key": "value"}
    tar.addfile(entry, io.BytesIO(b"x\n"))
END

experiment() {
  local option
  run ostree init --repo=repo --mode=archive
  run ostree commit --repo=repo --branch=main --timestamp=@0 --tree=tar=tree.tar --tar-autocreate-parents >/dev/null
  echo "commit: $(run ostree ls -X --repo=repo main /file)"
  for option in "" --no-xattrs; do
    run ostree export --repo=repo $option main >out.tar
    python3 - "$option" <<'END'
import sys, tarfile
for entry in tarfile.open("out.tar"):
    if entry.isfile():
        print(f"export {sys.argv[1]}: {entry.name}, xattrs {entry.pax_headers}")
END
  done
}

experiment | tee seen
if ! diff - seen <<'END'; then
commit: -00644 0 0      2 { [(b'user.key', [byte 0x76, 0x61, 0x6c, 0x75, 0x65])] } /file
export : file, xattrs {}
export --no-xattrs: file, xattrs {}
END
  echo "ostree behaves differently now (< as stated, > as seen)"
  exit 1
fi
