#!/usr/bin/env bash
# TIMEOUT 600
# LABELS shell examples
# Every deck in examples/ passes `sinew check` and takes three steps (or ends before), so that none of them rots.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  printf 'FAILED: %s\n' "$*"
  cat log
  exit 1
}

count=0
for deck in "$SINEW_SOURCE"/examples/*.yaml; do
  name=$(basename "$deck" .yaml)
  head -n 1 "$deck" | grep -q '^# .' && grep -q '^title: .' "$deck" || fail "$name lacks a comment or a title" 2>log
  "$SINEW" check "$deck" >log 2>&1 || fail "sinew check $name"
  "$SINEW" run "$deck" stepper.max_steps=3 output.directory="$work/$name" >log 2>&1 || fail "sinew run $name"
  # `steady` is done after one
  grep -Eq '^RESULT status=.* step=3 |^RESULT status=done code=0 step=1 t=1 ' log || fail "$name did not take three steps"
  [ -s "$work/$name/history.csv" ] || fail "$name left no history"
  rm -rf "${work:?}/$name"
  count=$((count + 1))
done
[ "$count" -ge 10 ] || fail "only $count decks found in $SINEW_SOURCE/examples"
echo "$count examples run"
