#!/bin/bash
# docker-registry answers 404 to a request for an OCI manifest that has no Accept header, even by digest.
#
# Expected: without an Accept header anything is acceptable (RFC 9110), and a digest names one sequence
# of bytes, so the manifest that was stored comes back; or at least 406.
# Happens: 404 MANIFEST_UNKNOWN, with a message that says the manifest was found. That goes for its tag
# and its digest, for GET and HEAD, and for `Accept: */*` too; only its own type helps. Blobs are given to
# everybody.
# Seen with: docker-registry version 2.8.3 (Debian 13).
# Matters because: a client that asks by digest, which is how images refer to each other, takes the answer
# for a missing image, or pushes again what is there. Send the types of manifests and indexes by name.
set -euo pipefail

temp=$(mktemp -d)
registry='' registry_pid=
trap '[ -z "$registry_pid" ] || kill "$registry_pid"; rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
# shellcheck source=/dev/null
. "$(dirname "$0")/support/registry.bash"
debian "$temp" trixie docker-registry=2.8.3+ds1-2+b8
cd "$temp"
run docker-registry --version | sed 's/.* /docker-registry version /'
registry "$temp"

curl=(curl -sS --max-time 10 -o answer)
type=application/vnd.oci.image.manifest.v1+json

printf '{}' >config
config=sha256:$(sha256sum config | cut -d ' ' -f 1)
upload=$("${curl[@]}" -X POST -w '%header{location}' "$registry/v2/find/blobs/uploads/")
"${curl[@]}" -X PUT --data-binary @config -H 'Content-Type: application/octet-stream' "$upload&digest=$config"
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","digest":"%s","size":2},"layers":[]}' \
  "$type" application/vnd.oci.empty.v1+json "$config" >manifest
digest=sha256:$(sha256sum manifest | cut -d ' ' -f 1)
"${curl[@]}" -X PUT --data-binary @manifest -H "Content-Type: $type" "$registry/v2/find/manifests/tag"

experiment() {
  local name accept
  for accept in "" '*/*' "$type"; do
    for name in tag "$digest"; do
      # An empty header takes away the one that curl sends by itself.
      echo "GET ${name%%:*}, Accept: $accept:" \
        "$("${curl[@]}" -H "Accept:${accept:+ $accept}" -w '%{http_code}' "$registry/v2/find/manifests/$name")" \
        "$(grep -o '"message":"[^"]*"' answer || true)"
    done
  done
  echo "HEAD tag, no Accept: $("${curl[@]}" --head -H Accept: -w '%{http_code}' "$registry/v2/find/manifests/tag")"
  echo "GET blob, no Accept: $("${curl[@]}" -H Accept: -w '%{http_code}' "$registry/v2/find/blobs/$config")"
}

experiment | sed 's/ *$//' | tee seen
if ! diff - seen <<'END'; then
GET tag, Accept: : 404 "message":"OCI manifest found, but accept header does not support OCI manifests"
GET sha256, Accept: : 404 "message":"OCI manifest found, but accept header does not support OCI manifests"
GET tag, Accept: */*: 404 "message":"OCI manifest found, but accept header does not support OCI manifests"
GET sha256, Accept: */*: 404 "message":"OCI manifest found, but accept header does not support OCI manifests"
GET tag, Accept: application/vnd.oci.image.manifest.v1+json: 200
GET sha256, Accept: application/vnd.oci.image.manifest.v1+json: 200
HEAD tag, no Accept: 404
GET blob, no Accept: 200
END
  echo "docker-registry behaves differently now (< as stated, > as seen)"
  exit 1
fi
