#!/bin/bash
# Puts what an executable for musl needs into a directory, and prints that directory.
#
#     cp "$(tests/machines/musl.sh)"/* ROOT/lib/
#
# The C library is Debian's package musl, of trixie: bookworm's is too old for the relocations that
# today's linkers write. Bun's executable also names libstdc++, which Debian has for glibc only; one for
# musl comes with the Python packages that are built for it. Kept in
# ${XDG_CACHE_HOME:-~/.cache}/composefs-ts-musl. Needs root, for apt-get, and pip.
set -euo pipefail

wheel=kiwisolver==1.5.1

cache=${XDG_CACHE_HOME:-$HOME/.cache}/composefs-ts-musl
directory=$cache/$(sha256sum "$0" | cut -c1-12)

if [ -d "$directory" ]; then
  echo "$directory"
  exit
fi

machine=$(uname -m)
mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' || true)
mkdir -p "$cache"
new=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$new"' EXIT

mmdebstrap --quiet --mode=root --variant=extract --include=musl \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
  trixie "$new/trixie" "${mirror:-http://deb.debian.org/debian}" >&2
pip3 --quiet --disable-pip-version-check download --no-deps --only-binary=:all: \
  --platform="musllinux_1_2_$machine" --python-version=3.12 --implementation=cp \
  --dest="$new/wheel" "$wheel" >&2
python3 -m zipfile -e "$new"/wheel/*.whl "$new/wheel"

mkdir "$new/lib"
cp -L "$new/trixie/usr/lib/ld-musl-$machine.so.1" "$new/lib/"
# Libraries in such a package have the digest of their contents in their names, and look for each other
# by these.
cp "$new"/wheel/*.libs/libgcc_s-*.so.1 "$new/lib/"
cp "$new"/wheel/*.libs/libstdc++-*.so.6* "$new/lib/libstdc++.so.6"
chmod 755 "$new/lib" "$new"/lib/*
# Another run may have been faster.
mv -T "$new/lib" "$directory" 2>/dev/null || [ -d "$directory" ]
echo "$directory"
