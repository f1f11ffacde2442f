#!/bin/bash
# The registry of go-containerregistry answers 416 to byte ranges that are valid: a suffix, an open end,
# and an end beyond the blob.
#
# Expected: of a blob of 100 bytes, bytes=-10, bytes=90- and bytes=90-199 are its last ten (RFC 9110), as
# other registries have it.
# Happens: 416 for all three; a start and an end within the blob give 206. Of two ranges the first is
# served alone, with a Content-Range that a client has to look at.
# Seen with: github.com/google/go-containerregistry version 0.22.1.
# Matters because: this is the registry inside `crane registry serve` and many test suites. The table of
# contents of a zstd:chunked layer lies at the end of the blob, and a partial pull begins with a suffix or
# with several ranges. Take the size from the manifest, and ask for one range a-b at a time.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/go.bash"
go_program "$temp" github.com/google/go-containerregistry v0.22.1 pkg/registry pkg/v1 <<'END'
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	// On a free port of the loopback interface.
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	blob := bytes.Repeat([]byte("0123456789"), 10)
	digest, _, err := v1.SHA256(bytes.NewReader(blob))
	must(digest, err)
	must(http.Post(server.URL+"/v2/find/blobs/uploads/?digest="+digest.String(), "application/octet-stream",
		bytes.NewReader(blob)))
	for _, asked := range []string{"0-9", "-10", "90-", "90-199", "0-1,5-6"} {
		request := must(http.NewRequest(http.MethodGet, server.URL+"/v2/find/blobs/"+digest.String(), nil))
		request.Header.Set("Range", "bytes="+asked)
		answer := must(http.DefaultClient.Do(request))
		fmt.Printf("bytes=%s: %d", asked, answer.StatusCode)
		if value := answer.Header.Get("Content-Range"); value != "" {
			fmt.Printf(", Content-Range: %s", value)
		}
		fmt.Println()
		answer.Body.Close()
	}
}
END
cd "$temp"

timeout 30 ./program | tee seen
if ! diff - seen <<'END'; then
bytes=0-9: 206, Content-Range: bytes 0-9/100
bytes=-10: 416
bytes=90-: 416
bytes=90-199: 416
bytes=0-1,5-6: 206, Content-Range: bytes 0-1/100
END
  echo "the registry behaves differently now (< as stated, > as seen)"
  exit 1
fi
