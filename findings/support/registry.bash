#!/bin/bash
# Starts the docker-registry that `debian` has unpacked, for the scripts beside this folder to source.
#
#     registry DIRECTORY
#
# It listens on a free port of the loopback interface and keeps its blobs below DIRECTORY. Sets
# `registry`, its address, and `registry_pid`, which the caller has to end.

registry() {
  local port try program=()
  mkdir "$1/blobs"
  for try in 1 2 3; do
    port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >"$1/registry.yml" <<END
version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: $1/blobs } }
http: { addr: 127.0.0.1:$port }
END
    locate docker-registry
    "${program[@]}" serve "$1/registry.yml" >"$1/registry.log" 2>&1 &
    registry_pid=$!
    registry=http://127.0.0.1:$port
    # Ten seconds at most; a port that somebody else has taken meanwhile ends it at once.
    for _ in {1..100}; do
      curl -sf -o "$1/ping" "$registry/v2/" && return
      kill -0 "$registry_pid" 2>/dev/null || continue 2
      sleep 0.1
    done
    kill "$registry_pid"
  done
  echo "cannot start docker-registry after $try attempts:"
  cat "$1/registry.log"
  exit 1
}
