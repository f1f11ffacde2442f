#!/bin/bash
# What the action does: see action.yml, whose inputs come as SOURCE, IMAGE, STORE, PREVIOUS, OPTIONS and PROGRAM.
set -euo pipefail

composefs() {
  npx --yes deno@2.9.6 run --quiet --allow-ffi --allow-env "$PROGRAM" "$@"
}

# Options are words, as in a shell, with nothing expanded.
read -ra options <<<"$OPTIONS"
[ -z "$STORE" ] || options+=("--store=$STORE")

digest=$(composefs create --quiet --print-digest "${options[@]}" "$SOURCE" "$IMAGE")
changed=true
{
  echo "### composefs image"
  echo
  echo "\`$digest\`"
  echo
  if [ -n "$PREVIOUS" ] && [ -e "$PREVIOUS" ]; then
    # The same bytes, so that the same program has made the same image.
    if cmp --silent "$PREVIOUS" "$IMAGE"; then changed=false; fi
    composefs diff --quiet --markdown "image:$PREVIOUS" "image:$IMAGE"
  else
    echo "There is no image to compare it with."
  fi
} >>"$GITHUB_STEP_SUMMARY"
{
  echo "digest=$digest"
  echo "changed=$changed"
} >>"$GITHUB_OUTPUT"
