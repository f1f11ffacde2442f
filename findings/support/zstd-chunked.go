// Reads a tar file, makes a zstd:chunked layer of it, and prints what came of it: whether there was an
// error, whether the tar that the layer's frames hold is the same, and the entries of the layer's table of
// contents.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/klauspost/compress/zstd"
	"go.podman.io/storage/pkg/chunked/compressor"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	original := must(os.ReadFile(os.Args[1]))
	var layer bytes.Buffer
	annotations := map[string]string{}
	writer := must(compressor.ZstdCompressor(&layer, annotations, nil))
	_, err := io.Copy(writer, bytes.NewReader(original))
	if closed := writer.Close(); err == nil {
		err = closed
	}
	fmt.Println("error:", err)
	if err != nil {
		return
	}

	// A decoder takes all frames and passes over the skippable ones, where the table is.
	decoder := must(zstd.NewReader(bytes.NewReader(layer.Bytes())))
	inside := must(io.ReadAll(decoder))
	fmt.Println("tar in:", len(original), "bytes; tar out:", len(inside), "bytes; same digest:",
		sha256.Sum256(original) == sha256.Sum256(inside))

	var offset, length int
	must(fmt.Sscanf(annotations["io.github.containers.zstd-chunked.manifest-position"], "%d:%d:", &offset, &length))
	var table struct {
		Entries []struct {
			Name string
			Size int64
		}
	}
	decoder = must(zstd.NewReader(nil))
	text := must(decoder.DecodeAll(layer.Bytes()[offset:offset+length], nil))
	must(0, json.Unmarshal(text, &table))
	for _, entry := range table.Entries {
		fmt.Printf("table: %+q of %d bytes\n", entry.Name, entry.Size)
	}
}
