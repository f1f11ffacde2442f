#!/bin/bash
# mkfs.erofs --tar=f --aufs lets a whiteout hide a file of its own layer, if it comes second, and marks
# the parent of each whiteout with an attribute that has no value.
#
# Expected: `.wh.x` removes x of the layers below and leaves the x of its own layer alone, wherever it
# stands in the archive, as the OCI image specification has it; a directory with a whiteout gets no
# attributes that the layer does not have.
# Happens: x before `.wh.x` becomes a character device 0:0, so the new file is gone, and with
# --ovlfs-strip=1 there is nothing at all; `.wh.x` before x gives the file. The directory has
# trusted.overlay.origin with an empty value in each case, unless it is stripped.
# Seen with: erofs-utils version 1.8.6 (Debian 13); 1.9.4 does the same.
# Matters because: no order is laid down for the members of a layer, so the same layer packed by another
# program is another tree; and who compares trees has to expect that empty attribute.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie erofs-utils=1.8.6-1
cd "$temp"
run mkfs.erofs --version | head -n 1

python3 - <<'END'
import io, tarfile

for archive, names in (
    ("whiteout-alone", [".wh.x"]),
    ("whiteout-first", [".wh.x", "x"]),
    ("whiteout-last", ["x", ".wh.x"]),
    ("file-alone", ["x"]),
):
    with tarfile.open(f"{archive}.tar", "w", format=tarfile.PAX_FORMAT) as tar:
        directory = tarfile.TarInfo("d")
        directory.type, directory.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(directory)
        for name in names:
            body = b"new" if name == "x" else b""
            entry = tarfile.TarInfo(f"d/{name}")
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
END

# On disk: length of the name, number of the prefix (4: trusted.), length of the value, name.
origin() {
  python3 - "$1" <<'END'
import sys
image = open(sys.argv[1], "rb").read()
at = image.find(b"overlay.origin")
if at >= 0:
    print(f"origin: prefix {image[at - 3]}, {int.from_bytes(image[at - 2 : at], 'little')} bytes of value")
END
}

experiment() {
  local archive strip
  for strip in 0 1; do
    for archive in whiteout-alone whiteout-first whiteout-last file-alone; do
      rm -f image
      run mkfs.erofs --quiet -T0 --tar=f --aufs --ovlfs-strip=$strip image $archive.tar
      # Types of directory entries as in EROFS: 1 is a file, 3 a character device.
      echo "$archive strip=$strip:" \
        "$(run dump.erofs --ls --path=/d image | awk '$3 == "x" { print "x of type " $2 }')" \
        "$(origin image)"
    done
  done
}

experiment | sed 's, *$,,' | tee seen
if ! diff - seen <<'END'; then
whiteout-alone strip=0: x of type 3 origin: prefix 4, 0 bytes of value
whiteout-first strip=0: x of type 1 origin: prefix 4, 0 bytes of value
whiteout-last strip=0: x of type 3 origin: prefix 4, 0 bytes of value
file-alone strip=0: x of type 1
whiteout-alone strip=1:
whiteout-first strip=1: x of type 1
whiteout-last strip=1:
file-alone strip=1: x of type 1
END
  echo "mkfs.erofs behaves differently now (< as stated, > as seen)"
  exit 1
fi
