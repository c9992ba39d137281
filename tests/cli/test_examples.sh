#!/usr/bin/env bash
# TIMEOUT 600
# WEIGHT 2
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

# A training: on a few trajectories of the deck that makes its data, one epoch.
train() { # DECK NAME
  local data="$SINEW_SOURCE/examples/${2#train_}_data.yaml"

  "$SINEW" list ensemble >/dev/null 2>&1 || return 0 # nothing to make data with
  "$SINEW" run "$data" "ensemble={members: 10, every: 0.2, fields: {vx: velocity_x, vy: velocity_y}}" time.end=1 \
    ensemble.file="$work/$2.h5" output.directory="$work/$2" >log 2>&1 || fail "data of $2"
  "$SINEW" train "$1" data.files="$work/$2.h5" output.directory="$work/$2" train.epochs=1 train.validate_steps=2 \
    >log 2>&1 || fail "sinew train $2"
  grep -q '^RESULT status=done code=0 ' log || fail "$2 did not end its epoch"
}

count=0
for deck in "$SINEW_SOURCE"/examples/*.yaml; do
  name=$(basename "$deck" .yaml)
  head -n 1 "$deck" | grep -q '^# .' && grep -q '^title: .' "$deck" || fail "$name lacks a comment or a title" 2>log
  if grep -q '^train:' "$deck"; then
    train "$deck" "$name"
    count=$((count + 1))
    continue
  fi
  "$SINEW" check "$deck" >log 2>&1 || fail "sinew check $name"
  if grep -q '^ensemble:' "$deck"; then
    "$SINEW" run "$deck" ensemble.members=2 time.end=18 output.directory="$work/$name" >log 2>&1 || fail "sinew run $name"
    grep -q '^RESULT status=done code=0 members=2 ' log || fail "$name did not make two members"
    count=$((count + 1))
    continue
  fi
  "$SINEW" run "$deck" stepper.max_steps=3 output.directory="$work/$name" >log 2>&1 || fail "sinew run $name"
  # `steady` is done after one
  grep -Eq '^RESULT status=.* step=3 |^RESULT status=done code=0 step=1 t=1 ' log || fail "$name did not take three steps"
  [ -s "$work/$name/history.csv" ] || fail "$name left no history"
  rm -rf "${work:?}/$name"
  count=$((count + 1))
done
[ "$count" -ge 10 ] || fail "only $count decks found in $SINEW_SOURCE/examples"
echo "$count examples run"
