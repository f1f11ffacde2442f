#!/bin/bash
# Puts the C programs that the tests compare with beside this machine's own, and prints the directory
# to add to PATH.
#
#     PATH=$(tests/machines/peers.sh):$PATH
#
# The programs are those of Debian sid, newer than a stable release has. They are unpacked with all
# their libraries into a directory of their own and started through its dynamic loader, so nothing of
# them is installed and they run on any Debian. Kept in ${XDG_CACHE_HOME:-~/.cache}/composefs-ts-peers;
# remove that directory to fetch newer ones. Needs root, for apt-get.
set -euo pipefail

packages=composefs,erofs-utils,fsverity,btrfs-progs
programs="mkcomposefs composefs-info mount.composefs fsverity mkfs.erofs fsck.erofs dump.erofs mkfs.btrfs"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/composefs-ts-peers
# Named after what is in it, so that a change of this script makes a new one.
directory=$cache/$(sha256sum "$0" | cut -c1-12)

if [ -d "$directory" ]; then
  echo "$directory/bin"
  exit
fi

# The mirror that apt already uses is the one that can be reached.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' || true)
mirror=${mirror:-http://deb.debian.org/debian}

if ! command -v mmdebstrap >/dev/null; then
  apt-get -qq update >&2
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y mmdebstrap >/dev/null
fi

mkdir -p "$cache"
# Beside the final name and renamed at the end: a run that breaks off leaves nothing that counts.
new=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$new"' EXIT

# A release file of sid is valid for a week; a mirror that is frozen, or a clock that is ahead, would
# make apt refuse it. Its signature is checked all the same.
# The variant unpacks and runs no script of any package, so it takes seconds and no chroot.
mmdebstrap --quiet --mode=root --variant=extract --include="$packages" \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
  sid "$new/sid" "$mirror" >&2

loader=$(cd "$new" && find sid/usr/lib sid/usr/lib64 -name 'ld-linux-*.so.*' | head -n 1)
libraries=sid/usr/lib/$(uname -m)-linux-gnu
mkdir "$new/bin"
for program in $programs; do
  binary=$(cd "$new" && find sid/usr/bin sid/usr/sbin -name "$program" | head -n 1)
  if [ -z "$binary" ]; then
    echo "$0: no $program in the packages $packages of sid" >&2
    exit 1
  fi
  # By name, as argv[0], for programs that go by it.
  printf '#!/bin/sh\nexec %q --library-path %q --argv0 %q %q "$@"\n' \
    "$directory/$loader" "$directory/$libraries" "$program" "$directory/$binary" >"$new/bin/$program"
  chmod +x "$new/bin/$program"
done
chmod 755 "$new"
# Another run may have been faster.
mv -T "$new" "$directory" 2>/dev/null || [ -d "$directory/bin" ]
echo "$directory/bin"
