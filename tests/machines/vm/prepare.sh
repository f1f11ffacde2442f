#!/bin/bash
# Makes what a virtual machine is started with, once, and prints the directory it is in.
#
#     tests/machines/vm/prepare.sh [--offline] [SUITE]     kernel of this Debian suite (trixie)
#
#   kernel          Debian's, whose configuration has fs-verity and its signatures
#   modules.cpio    busybox and the modules, as the first part of an initial file system
#   tools/bin       qemu-system-x86_64, virtiofsd, mkfs.ext4, filefrag, keyctl, … of Debian 12 with all
#                   their libraries, started through their own dynamic loader: nothing is installed and
#                   nothing of the host's is needed; the same for all kernels
#
# Kept in ${XDG_CACHE_HOME:-~/.cache}/composefs-ts-vm, 0.3 GB; remove that directory to fetch it anew.
# Needs apt-get and dpkg, and the network until everything is there.
set -euo pipefail

offline=
[ "${1:-}" != --offline ] || { offline=1 && shift; }
suite=${1:-trixie}
# Debian 12's is the last qemu that brings the virtiofsd written in C, and all was measured with it.
tools_suite=bookworm
packages="qemu-system-x86 seabios busybox-static e2fsprogs btrfs-progs xfsprogs kmod xz-utils zstd keyutils"
# Modules that nothing asks for by itself, and those that a mount does. The small kernel for machines like
# this one has the rest built in; up to Debian 12 it cannot share files, and the large one has to do.
image=linux-image-cloud-amd64 loaded="virtio_blk overlay loop erofs" modules="btrfs xfs"
case $suite in
  bullseye | bookworm) image=linux-image-amd64 loaded="virtio_pci virtiofs $loaded" modules="ext4 $modules" ;;
esac

cache=${XDG_CACHE_HOME:-$HOME/.cache}/composefs-ts-vm
# Named after what is in them, so that a change of this script makes new ones.
version=$(sha256sum "$0" | cut -c1-12)
directory=$cache/$suite-$version tools=$cache/tools-$version
if [ -d "$directory" ]; then
  echo "$directory"
  exit
fi
if [ -n "$offline" ]; then
  echo "vm: no $directory yet" >&2
  exit 1
fi
mkdir -p "$cache"
# One run at a time, as the next needs the same tools, and may need nothing more.
exec 9>"$cache/lock"
flock 9
if [ -d "$directory" ]; then
  echo "$directory"
  exit
fi
echo "vm: making $directory, once" >&2

# Beside the final name and renamed at the end: a run that breaks off leaves nothing that counts.
new=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
chmod 755 "$new"

# The mirror that apt already uses is the one that can be reached.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' || true)
mirror=${mirror:-http://deb.debian.org/debian}

# debian SUITE PROGRAM ARGUMENT…: apt-get or apt-cache for one suite, with lists of its own and as if
# nothing were installed, so that a package's dependencies are all of them.
debian() {
  local state=$new/apt-$1 program=$2
  if [ ! -d "$state" ]; then
    mkdir -p "$state"/{none,lists/partial,cache/archives/partial}
    : >"$state/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $1 main" >"$state/sources.list"
  fi
  shift 2
  # A mirror that is frozen shows release files past their date; their signature is checked all the same.
  "$program" -qq -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts="$state/none" \
    -o Dir::Etc::preferencesparts="$state/none" -o APT::Architecture=amd64 -o APT::Sandbox::User=root \
    -o APT::Install-Recommends=false -o Acquire::Languages=none -o Acquire::Check-Valid-Until=false "$@" >&3
}

# What the programs print goes where debian's caller points descriptor 3.
exec 3>&2

fetch_tools() {
  local root=$new/tools/debian loader libraries name path
  debian $tools_suite apt-get update
  # shellcheck disable=SC2086  # one word a package
  debian $tools_suite apt-get install --download-only -y $packages
  mkdir -p "$root" "$new/tools/bin"
  for path in "$new/apt-$tools_suite"/cache/archives/*.deb; do dpkg -x "$path" "$root"; done
  root=$tools/debian
  loader=$root/lib64/ld-linux-x86-64.so.2
  libraries=$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu
  # Beside each name its program, as some go by argv[0] and their links point to the host's.
  while read -r name path; do
    [ -e "$new/tools/debian/$path" ] || { echo "vm: no $path in $packages" >&2; return 1; }
    printf '#!/bin/sh\nexport MKE2FS_CONFIG=%q QEMU_MODULE_DIR=%q\nexec %q --library-path %q --argv0 %q %q "$@"\n' \
      "$root/etc/mke2fs.conf" "$root/usr/lib/x86_64-linux-gnu/qemu" \
      "$loader" "$libraries" "$name" "$root/$path" >"$new/tools/bin/$name"
    chmod +x "$new/tools/bin/$name"
  done <<END
qemu-system-x86_64 usr/bin/qemu-system-x86_64
virtiofsd usr/lib/qemu/virtiofsd
mkfs.ext4 sbin/mke2fs
mkfs.btrfs sbin/mkfs.btrfs
mkfs.xfs sbin/mkfs.xfs
filefrag usr/sbin/filefrag
keyctl bin/keyctl
END
  mv -T "$new/tools" "$tools"
}

# A program of the tools, be it among their wrappers or not.
unpacked() {
  local name=$1 path=$2 root=$tools/debian
  shift 2
  "$root/lib64/ld-linux-x86-64.so.2" --library-path "$root/lib/x86_64-linux-gnu:$root/usr/lib/x86_64-linux-gnu" \
    --argv0 "$name" "$root/$path" "$@"
}

decompress() {
  case $1 in
    *.xz) unpacked xz usr/bin/xz -dc "$1" ;;
    *.zst) unpacked zstd usr/bin/zstd -dqc "$1" ;;
    *) cat "$1" ;;
  esac
}

fetch_kernel() {
  local names path
  debian "$suite" apt-get update
  # The package without a version leads to the newest; later suites split the modules off.
  debian "$suite" apt-cache depends --recurse --no-suggests --no-conflicts --no-breaks --no-replaces \
    "$image" 3>"$new/depends"
  names=$(grep -E '^linux-(image|modules|binary)-[0-9]' "$new/depends" | sort -u)
  [ -n "$names" ] || { echo "vm: no kernel in $suite" >&2; return 1; }
  # shellcheck disable=SC2086  # one word a package
  (cd "$new" && debian "$suite" apt-get download $names)
  for path in "$new"/linux-*.deb; do dpkg -x "$path" "$new/packages"; done
  decompress_kernel "$(find "$new/packages" -name 'vmlinuz*' | head -n 1)" >"$new/result/kernel"
}

# Without a loader that unpacks itself in emulation, a boot is a second shorter. Offsets are those of
# Documentation/arch/x86/boot.rst.
decompress_kernel() {
  local sectors offset length magic suffix
  sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1")
  read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 "$1")
  dd if="$1" of="$new/payload" bs=1M iflag=skip_bytes,count_bytes \
    skip=$((offset + (sectors + 1) * 512)) count=$((length - 4)) status=none
  magic=$(od -An -tx1 -N 4 "$new/payload" | tr -d ' ')
  case $magic in
    fd377a58) suffix=xz ;;
    28b52ffd) suffix=zst ;;
    # The file as it is starts as well, only later.
    *) cat "$1" && return ;;
  esac
  mv "$new/payload" "$new/payload.$suffix"
  decompress "$new/payload.$suffix"
}

# depmod warns of every list that a kernel does not bring.
index_modules() {
  unpacked depmod bin/kmod -b "$1" "$2" 2>"$new/log" || { cat "$new/log" >&2; return 1; }
}

pack_modules() {
  local source version target=$new/initial module path
  version=$(basename "$(dirname "$(find "$new/packages" -type d -path '*/lib/modules/*/kernel' | head -n 1)")")
  mkdir -p "$target/bin" "$target/lib/modules/$version" "$new/all/lib/modules"
  # Where packages are split, their parts may be below /lib and below /usr/lib.
  for source in "$new"/packages{,/usr}/lib/modules/"$version"; do
    [ ! -d "$source" ] || cp -r "$source" "$new/all/lib/modules/"
  done
  index_modules "$new/all" "$version"
  for module in $loaded $modules; do
    # Lines of "insmod PATH", what it needs first; "builtin NAME" where there is nothing to load.
    unpacked modprobe bin/kmod -d "$new/all" -S "$version" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$new/order"
  while read -r path; do
    decompress "$path" >"$target/lib/modules/$version/$(basename "$path" | sed 's/\.ko.*/.ko/')"
  done <"$new/order"
  # What is built in, so that asking for it is no error. Not all kernels bring such lists.
  find "$new/all/lib/modules/$version" -maxdepth 1 \( -name 'modules.order' -o -name 'modules.builtin*' \) \
    -exec cp {} "$target/lib/modules/$version/" \;
  index_modules "$target" "$version"
  echo "$loaded" >"$target/loaded"
  cp "$tools/debian/bin/busybox" "$target/bin/busybox"
  (cd "$target" && find . | ./bin/busybox cpio -o -H newc) >"$new/result/modules.cpio" 2>/dev/null
}

[ -d "$tools" ] || fetch_tools
mkdir "$new/result"
ln -s "../$(basename "$tools")" "$new/result/tools"
fetch_kernel
pack_modules
mv -T "$new/result" "$directory"
echo "$directory"
