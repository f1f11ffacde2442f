#!/bin/bash
# Runs a command as root in a virtual machine whose kernel has fs-verity, and ends with its output and
# exit status.
#
#     tests/machines/vm.sh [OPTIONS] [--] COMMAND [ARGUMENT…]
#
# The guest sees this machine's files, and what it writes there is lost: a file system in memory lies
# over them. What it keeps of its own:
#
#   /mnt/disk      a fresh ext4 with fs-verity; the command starts here
#   /mnt/results   the directory named by --results
#
#   --disk KIND       /mnt/disk is ext4, btrfs or xfs; given again, /mnt/disk2 and so on; none for none
#   --disk-size SIZE  size of each, sparse (2G)
#   --results DIR     a directory of the host, writable (one that is removed at the end)
#   --env NAME=VALUE  an environment variable more; PATH and DENO_DIR are taken along
#   --timeout SECONDS for the whole run (600)
#   --suite SUITE     kernel of this Debian suite (trixie); also by VM_SUITE
#   --kvm             the processor's virtualization instead of emulation; also by VM_KVM=1
#   --memory MIB      (2048)
#   --cpus COUNT      (2)
#   --append WORDS    more words for the kernel's command line
#   --console         print the kernel's messages at the end
#   --offline         never fetch anything
#   --prepare         fetch what is missing and do nothing else
#
# Exit status: the command's; 124 if time ran out; 126 if the machine died under the command; 125 if
# there was no machine to run it, so that nothing is said about the command; 2 for wrong usage.
# Needs root, and apt-get once.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
disks=() disk_size=2G results= environment=() time_limit=600 suite=${VM_SUITE:-trixie} memory=2048 cpus=2
append= console= offline= prepare= kvm=${VM_KVM:-}
# How long a guest may take to reach its command, and how often one that hangs is started again.
boot_limit=60 attempts=3

usage() {
  echo "vm: $1, see the head of $0" >&2
  exit 2
}

no_machine() {
  echo "vm: $1" >&2
  exit 125
}

while [ $# -gt 0 ]; do
  case $1 in
    --kvm) kvm=1 ;;
    --console) console=1 ;;
    --offline) offline=1 ;;
    --prepare) prepare=1 ;;
    --) shift; break ;;
    --disk | --disk-size | --results | --env | --timeout | --suite | --memory | --cpus | --append)
      [ $# -gt 1 ] || usage "$1 needs a value"
      case $1 in
        --disk) disks+=("$2") ;;
        --disk-size) disk_size=$2 ;;
        --results) results=$2 ;;
        --env) environment+=("$2") ;;
        --timeout) time_limit=$2 ;;
        --suite) suite=$2 ;;
        --memory) memory=$2 ;;
        --cpus) cpus=$2 ;;
        --append) append=$2 ;;
      esac
      shift ;;
    -*) usage "no option $1" ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || [ -n "$prepare" ] || usage "no command"
[ ${#disks[@]} -gt 0 ] || disks=(ext4)
[ "${disks[*]}" != none ] || disks=()

[ "$(uname -m)" = x86_64 ] || no_machine "the machine is x86_64, this host is $(uname -m)"
[ "$(id -u)" = 0 ] || no_machine "sharing this machine's files needs root"
base=$("$here/vm/prepare.sh" ${offline:+--offline} "$suite") || no_machine "no kernel of $suite to be had, see $0 --prepare --suite $suite"
[ -z "$prepare" ] || exit 0
tools=$base/tools/bin

run=$(mktemp -d "${TMPDIR:-/var/tmp}/vm.XXXXXX")
children=()
stop_children() {
  local child
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
  children=()
}
trap 'stop_children; rm -rf --one-file-system "$run"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
mkdir -p "$run"/share/{root,run,results}
if [ -n "$results" ]; then mkdir -p "$results"; else results=$run/results && mkdir "$results"; fi

# As words that every shell takes, each with a space before it.
quote() {
  local word
  for word in "$@"; do printf " '%s'" "${word//\'/\'\\\'\'}"; done
}

write_settings() {
  echo "disks='${disks[*]}'" >"$run/share/run/settings"
  {
    echo "export$(quote "PATH=$PATH:$tools" HOME=/root LANG=C.UTF-8 TMPDIR=/tmp VM_RESULTS=/mnt/results)"
    [ -z "${DENO_DIR:-}" ] || echo "export$(quote "DENO_DIR=$DENO_DIR")"
    [ ${#environment[@]} = 0 ] || echo "export$(quote "${environment[@]}")"
    echo "exec$(quote "$@")"
  } >"$run/share/run/command"
}

disk_arguments=()
make_disks() {
  local kind image
  for kind in "${disks[@]}"; do
    image=$run/disk${#disk_arguments[@]}
    truncate -s "$disk_size" "$image"
    case $kind in
      ext4) "$tools/mkfs.ext4" -q -F -b 4096 -O verity -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$image" ;;
      btrfs) "$tools/mkfs.btrfs" -q -f "$image" >/dev/null ;;
      xfs) "$tools/mkfs.xfs" -q -f "$image" ;;
      *) usage "no disk of kind $kind" ;;
    esac
    disk_arguments+=(-drive "if=virtio,format=raw,cache=unsafe,file=$image")
  done
}

# init.sh and session.sh come last, a further archive in the same file: the kernel unpacks all of them.
pack_initial() {
  cp "$base/modules.cpio" "$run/initial"
  mkdir "$run/top"
  install -m 755 "$here/vm/init.sh" "$run/top/init"
  cp "$here/vm/session.sh" "$run/top/"
  (cd "$run/top" && printf 'init\nsession.sh\n' | "$base/tools/debian/bin/busybox" cpio -o -H newc) >>"$run/initial" 2>/dev/null
}

# In a mount namespace of its own: all that is mounted below / comes along, read-only.
share='
  mount --rbind / "$1/root"
  while read -r _ _ _ _ point _; do
    case $point in "$1/root" | "$1/root/"*) mount -o remount,bind,ro "$(printf %b "$point")" 2>/dev/null ;; esac
  done </proc/self/mountinfo
  mount --bind "$2" "$1/results" || exit 1
  shift 2
  exec "$@"'

start_share() {
  rm -f "$run/socket"
  unshare --mount sh -c "$share" share "$run/share" "$results" "$tools/virtiofsd" -f --socket-path="$run/socket" \
    -o source="$run/share",cache=always,xattr,sandbox=chroot,log_level=err >"$run/share.log" 2>&1 &
  children+=($!)
  local turn
  for turn in {1..200}; do
    [ ! -S "$run/socket" ] || return 0
    kill -0 $! 2>/dev/null || break
    sleep 0.05
  done
  cat "$run/share.log" >&2
  no_machine "cannot share this machine's files"
}

start_machine() {
  # mitigations=off: there is nobody to hide from, and emulation pays for every one of them.
  local acceleration=(-accel "tcg,thread=multi" -cpu max)
  [ -z "$kvm" ] || acceleration=(-accel kvm -cpu host)
  "$tools/qemu-system-x86_64" -nodefaults -no-user-config -display none -no-reboot -M q35 "${acceleration[@]}" \
    -L "$base/tools/debian/usr/share/qemu" -L "$base/tools/debian/usr/share/seabios" -smp "$cpus" -m "$memory" \
    -object "memory-backend-memfd,id=memory,size=${memory}M,share=on" -numa node,memdev=memory \
    -chardev "socket,id=share,path=$run/socket" -device vhost-user-fs-pci,chardev=share,tag=host \
    -device virtio-rng-pci "${disk_arguments[@]}" -serial "file:$run/console" \
    -kernel "$base/kernel" -initrd "$run/initial" \
    -append "console=ttyS0 quiet panic=-1 random.trust_cpu=1 mitigations=off $append" \
    </dev/null >"$run/qemu.log" 2>&1 &
  machine=$!
  children+=("$machine")
}

tell_machine() {
  cat "$run/qemu.log" "$run/share.log" >&2
  tail -n 40 "$run/console" >&2 || true
}

# Waits until one of the files is there; fails once the machine has ended or the second is over.
wait_for() {
  local file=$run/share/run/$1 end=$2
  until [ -e "$file" ]; do
    [ $SECONDS -lt "$end" ] || return 1
    # Once more after its end: it may have written the file and turned itself off since the last look.
    kill -0 "$machine" 2>/dev/null || { [ -e "$file" ] && return 0; return 1; }
    sleep 0.1
  done
}

boot() {
  local attempt
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    start_share
    start_machine
    # The command has not begun as long as there is no sign of it, so nothing is lost by another try.
    if wait_for started $((SECONDS + boot_limit)); then return 0; fi
    stop_children
    [ $SECONDS -lt $((start + time_limit)) ] || break
    echo "vm: the guest did not come up (attempt $attempt of $attempts)" >&2
  done
  tell_machine
  no_machine "no guest came up"
}

write_settings "$@"
make_disks
pack_initial
start=$SECONDS
boot
outcome=0
if ! wait_for status $((start + time_limit)); then
  # Time is over, or the machine is.
  if kill -0 "$machine" 2>/dev/null; then outcome=124; else outcome=126; fi
fi
cat "$run/share/run/stdout"
cat "$run/share/run/stderr" >&2
[ -z "$console" ] || cat "$run/console" >&2
case $outcome in
  0) exit "$(cat "$run/share/run/status")" ;;
  124) echo "vm: time ran out after $time_limit s" >&2 ;;
  126) echo "vm: the machine died" >&2 ;;
esac
tell_machine
exit $outcome
