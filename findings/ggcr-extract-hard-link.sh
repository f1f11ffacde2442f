#!/bin/bash
# go-containerregistry flattens an image so that a hard link follows its name to a file of a later layer.
#
# Expected: layer 1 has x with "old" and y as a hard link to x; layer 2 has another x with "new". Unpacked
# one after the other, as the OCI image specification describes it, y keeps "old": it is a name of the
# first file, and the second layer replaces one name.
# Happens: mutate.Extract, which is behind `crane export`, writes x with "new" and then y as a hard link to
# x, so y has "new" too, and both share an inode. A layer 2 that deletes x leaves y as a link to nothing.
# Seen with: github.com/google/go-containerregistry version 0.22.1.
# Matters because: package managers link files, and an update replaces one name. An image made from the
# flattened archive has other contents than one made of the layers, under another digest; a flattened
# archive is no reference for an importer.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/go.bash"
go_program "$temp" github.com/google/go-containerregistry v0.22.1 pkg/v1/{empty,mutate,static,types} <<'END'
package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

type entry struct{ name, body, link string }

func layer(entries ...entry) []byte {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, e := range entries {
		header := tar.Header{Name: e.name, Mode: 0o644, Size: int64(len(e.body)), Typeflag: tar.TypeReg}
		if e.link != "" {
			header.Typeflag, header.Linkname = tar.TypeLink, e.link
		}
		if err := writer.WriteHeader(&header); err != nil {
			log.Fatal(err)
		}
		must(io.WriteString(writer, e.body))
	}
	writer.Close()
	return out.Bytes()
}

func flatten(what string, layers ...[]byte) {
	image := empty.Image
	for _, one := range layers {
		image = must(mutate.AppendLayers(image, static.NewLayer(one, types.OCIUncompressedLayer)))
	}
	fmt.Println(what)
	reader := tar.NewReader(mutate.Extract(image))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		must(header, err)
		if header.Typeflag == tar.TypeLink {
			fmt.Printf("  %s is a hard link to %s\n", header.Name, header.Linkname)
		} else {
			fmt.Printf("  %s is a file with %q\n", header.Name, must(io.ReadAll(reader)))
		}
	}
}

func main() {
	first := layer(entry{name: "x", body: "old"}, entry{name: "y", link: "x"})
	flatten("first layer alone", first)
	flatten("x replaced", first, layer(entry{name: "x", body: "new"}))
	flatten("x deleted", first, layer(entry{name: ".wh.x"}))
}
END
cd "$temp"

timeout 30 ./program | tee seen
if ! diff - seen <<'END'; then
first layer alone
  x is a file with "old"
  y is a hard link to x
x replaced
  x is a file with "new"
  y is a hard link to x
x deleted
  y is a hard link to x
END
  echo "mutate.Extract behaves differently now (< as stated, > as seen)"
  exit 1
fi
