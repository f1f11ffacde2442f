#!/bin/bash
# Unpacks pinned Debian packages and what they depend on, for the scripts beside this folder to source.
#
#     debian DIRECTORY SUITE NAME=VERSION…
#     run PROGRAM [ARGUMENT]…
#     locate PROGRAM
#
# Nothing is installed and no root is needed: apt works on lists and a status file of its own below
# DIRECTORY, so it takes the whole dependency tree of SUITE, and dpkg only unpacks it. The programs
# start through the dynamic loader that came with them, on any Debian.

debian() {
  local apt=$1/apt suite=$2 mirror deb
  debian_root=$1/root
  shift 2
  mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$debian_root"
  : >"$apt/status"
  # The mirror that apt already uses is the one that can be reached.
  # shellcheck disable=SC2016 # the $ is for apt
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' || true)
  if [ -z "$mirror" ]; then
    echo "cannot install the packages: apt on this machine knows no Debian mirror"
    exit 1
  fi
  # Frozen mirrors and clocks that are ahead make a release file look old; its signature is checked.
  echo "deb [check-valid-until=no signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
    >"$apt/sources.list"
  cat >"$apt/apt.conf" <<END
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::State::Extended_States "$apt/extended";
Dir::Cache "$apt";
Dir::Cache::Archives "$apt/archives";
Dir::Log "$apt";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Debug::NoLocking "true";
END
  APT_CONFIG=$apt/apt.conf apt-get -qq update
  APT_CONFIG=$apt/apt.conf apt-get -qq install --download-only --assume-yes "$@" >/dev/null
  for deb in "$apt"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --no-same-owner -C "$debian_root" -f -
  done
  echo "packages: $*"
}

# Sets `program` to the words that start PROGRAM, for a caller that needs its process id.
locate() {
  local file arch loader=
  arch=$(uname -m)-linux-gnu
  for file in "$debian_root"/{usr/,}lib{64,}/ld-linux-*.so.*; do
    [ ! -e "$file" ] || loader=${loader:-$file}
  done
  for file in "$debian_root"/{usr/,}{bin,sbin}/"$1"; do
    [ ! -e "$file" ] || break
  done
  program=("$loader" --library-path "$debian_root/usr/lib/$arch:$debian_root/lib/$arch" "$file")
}

run() {
  local program
  locate "$1"
  shift
  "${program[@]}" "$@"
}
