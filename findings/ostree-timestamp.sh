#!/bin/bash
# ostree commit --timestamp takes small numbers for hours of the current day, and refuses a Unix time.
#
# Expected: --timestamp=0 is 1970-01-01, as SOURCE_DATE_EPOCH and other programs' --timestamp have it.
# Happens: the text is parsed as a date by the rules of `date -d`: 0 is today at midnight and 1 today at
# one o'clock, eight digits are a calendar day, and ten are an error. Seconds since 1970 need an @.
# Seen with: ostree version 2025.2 (Debian 13); 2026.4 does the same.
# Matters because: the time is part of a commit's checksum. A build with --timestamp=0 looks reproducible
# for a day, and gives another commit, and another boot entry, tomorrow.
set -euo pipefail

temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
# shellcheck source=/dev/null
. "$(dirname "$0")/support/debian.bash"
debian "$temp" trixie ostree=2025.2-1
cd "$temp"
run ostree --version | sed -n "s/^ Version: /ostree version /p"

mkdir tree
export TZ=UTC
shopt -s extglob
run ostree init --repo=repo --mode=archive

experiment() {
  local time today seen
  for time in 0 1 @0 20231114 1700000000 @1700000000; do
    today=$(date +%Y-%m-%d)
    seen=$(run ostree commit --repo=repo --branch=main --timestamp="$time" tree 2>&1 >/dev/null) &&
      seen=$(run ostree show --repo=repo main | sed -n 's/^Date: *//p')
    # Midnight may have passed in between.
    echo "$time: ${seen//@($today|$(date +%Y-%m-%d))/TODAY}"
  done
}

experiment | tee seen
if ! diff - seen <<'END'; then
0: TODAY 00:00:00 +0000
1: TODAY 01:00:00 +0000
@0: 1970-01-01 00:00:00 +0000
20231114: 2023-11-14 00:00:00 +0000
1700000000: error: Could not parse '1700000000'
@1700000000: 2023-11-14 22:13:20 +0000
END
  echo "ostree behaves differently now (< as stated, > as seen)"
  exit 1
fi
