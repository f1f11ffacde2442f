#!/bin/bash
# Builds a Go program on a pinned module, for the scripts beside this folder to source.
#
#     go_program DIRECTORY MODULE VERSION PACKAGE… <SOURCE
#
# PACKAGE is the path within MODULE of each package that the source imports. The program is
# DIRECTORY/program; modules and objects are kept below DIRECTORY as well, so nothing stays behind.

go_program() {
  local directory=$1 module=$2 version=$3 packages
  shift 3
  packages=("${@/#/$module/}")
  if ! command -v go >/dev/null; then
    echo "cannot build the program: no go on PATH"
    exit 1
  fi
  mkdir "$directory/source"
  cat >"$directory/source/main.go"
  (
    cd "$directory/source"
    export GOMODCACHE=$directory/modules GOCACHE=$directory/objects GOFLAGS=-modcacherw GOTOOLCHAIN=local
    go mod init finding
    go get "${packages[@]/%/@$version}"
    go build -o "$directory/program" .
  ) >"$directory/go.log" 2>&1 || {
    cat "$directory/go.log"
    echo "cannot build the program on $module $version"
    exit 1
  }
  echo "$module version $version"
}
