#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# What can go wrong with files while a run lasts and between runs: no good checkpoint is ever lost, and a line says what is.
. "$(dirname "$0")/lib.sh"

cat >deck.yaml <<'D'
equation: {type: euler}
grid: {cells: [32, 24]}
initial: {type: kelvin_helmholtz}
time: {end: 0.3}
output: {every: 0.1, history_every: 5, status: 0}
checkpoint: {every_steps: 10, keep: 3}
D
it "a run" 'code 0 ranks 2 run deck.yaml output.directory=whole'
it "half of it" '
  code 0 ranks 2 run deck.yaml output.directory=half stepper.max_steps=25'

damaged() { # NAME: a copy of the half run; $last is its newest checkpoint
  cp -r half "$1"
  last=$(newest "$1")
}
flip() { # FILE OFFSET
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf "\\$(printf %o $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
offset_of() { grep -obUa -- "$2" "$1" | head -n 1 | cut -d: -f1; } # FILE TEXT
# continues NAME PATTERN: the newest is passed over with these words; the end is that of the run that had no accident
continues() {
  code 0 sinew run deck.yaml output.directory="$1" --restart auto
  says err "^checkpoint passed over: .*$2"
  says out "^restart +from .*0000020.h5"
  same_bits "$(newest whole)" "$(newest "$1")"
  cmp whole/fields.xmf "$1"/fields.xmf
}

it "a flipped bit in an array: its name is said" '
  damaged bit
  where=$("$SINEW_TEST_PROGRAMS/make_offset" $last /fields/energy)
  flip $last $((where + 1000))
  continues bit "$last: array /fields/energy is damaged \(checksum"'
it "a flipped bit in an attribute" '
  damaged attribute
  flip $last $(offset_of $last kelvin_helmholtz)
  continues attribute "$last: damaged: attributes or structure do not match their checksum"'
it "a flipped bit in the seal, and one byte less" '
  damaged seal
  flip $last $(($(stat -c %s $last) - 20))
  continues seal "$last: damaged"
  damaged byte
  truncate -s -1 $last
  continues byte "$last: truncated or damaged"'
it "truncated" '
  damaged cut
  truncate -s 3000 $last
  continues cut "$last: .*truncated"'
it "no HDF5 file at all; an empty one" '
  damaged text
  echo hello >$last
  continues text "$last: not an HDF5 file"
  damaged empty
  : >$last
  continues empty "$last: not an HDF5 file"'
it "what kill -9 left half-written is no checkpoint" '
  cp -r half part
  head -c 5000 $(newest half) >part/checkpoints/0000030.h5.part
  code 0 ranks 2 run deck.yaml output.directory=part --restart auto
  says out "^restart +from .*0000025.h5"
  same_bits "$(newest whole)" "$(newest part)"'
it "a newer format is passed over; alone it is an error" '
  damaged newer
  "$SINEW_TEST_PROGRAMS/make_checkpoint" $last 2
  continues newer "$last: written by a newer Sinew \(format 2, this one reads up to 1\)"
  damaged alone
  rm $(ls alone/checkpoints/*.h5 | grep -v $last)
  "$SINEW_TEST_PROGRAMS/make_checkpoint" $last 2
  code 2 ranks 2 run deck.yaml output.directory=alone --restart auto
  says err "none of its 1 checkpoints can be used"'
it "of another equation: both are named, nothing is written" '
  cp -r half other
  printf "%s\n" "equation: {type: shallow_water}" "grid: {cells: [32, 24]}" "initial: {type: expression, h: 1}" \
    "time: {end: 1}" >water.yaml
  code 2 ranks 2 run water.yaml output.directory=other --restart auto
  says err "a checkpoint of euler, the deck is for shallow_water"
  diff -r half other'

# ---- while it runs ----

small_disk() { # NAME KILOBYTES
  mkdir -p "$1"
  mount -t tmpfs -o "size=${2}k" tmpfs "$1"
}
tidy() {
  for disk in "$work"/disk* "$work"/sealed; do mountpoint -q "$disk" 2>/dev/null && umount -l "$disk"; done
}
mkdir disk
if mount -t tmpfs -o size=64k tmpfs disk 2>/dev/null && umount disk; then
  it "a full disk: exit 4, the older checkpoints stand; with room the run goes on" '
    small_disk disk 300
    code 4 ranks 2 run deck.yaml output.directory=disk/run time.end=20 output.every=100 checkpoint.keep=100
    says err "cannot write disk/run/.*No space left on device|disk/run/.*No space left"
    [ -z "$(ls disk/run/checkpoints/*.part 2>/dev/null)" ]
    "$SINEW" info "$(newest disk/run)" >/dev/null
    mount -o remount,size=4m disk
    code 0 ranks 2 run deck.yaml output.directory=disk/run time.end=1.5 output.every=100 checkpoint.keep=100 \
      --restart auto
    never grep "passed over" err
    code 0 ranks 2 run deck.yaml output.directory=roomy time.end=1.5 output.every=100
    same_bits "$(newest roomy)" "$(newest disk/run)"
    umount disk'
  it "a read-only disk: exit 4 before anything is run, one line" '
    mkdir sealed
    small_disk sealed 700
    cp -r half sealed/run
    mount -o remount,ro sealed
    for restart in "" "--restart auto"; do
      code 4 ranks 2 run deck.yaml output.directory=sealed/run $restart
      says err "cannot write sealed/run.*Read-only file system"
      never grep "^speed" out
    done
    diff -r half sealed/run
    umount sealed'
else
  echo "# no right to mount: full and read-only disks are not tested"
fi

it "the directory is removed while the run goes on: it is made again, the next checkpoint is in it, and the whole history" '
  mpirun -n 2 "$SINEW" run deck.yaml output.directory=gone time.end=1e9 output.every=100 output.status=1 \
    checkpoint.every_steps=500 >gone.out 2>gone.err &
  launcher=$!
  # moved between two checkpoints: in the middle of one the run ends with code 4
  for _ in $(seq 600); do [ -e gone/checkpoints/0000500.h5 ] && break; sleep 0.05; done
  mv gone gone.away
  for _ in $(seq 300); do ls gone/checkpoints/*.h5 >/dev/null 2>&1 && break; sleep 0.1; done
  touch gone/stop
  got=0
  wait $launcher || got=$?
  [ $got = 10 ] || { echo "exit $got"; cat gone.out gone.err; exit 1; }
  seq 0 5 $(tail -n 1 gone/history.csv | cut -d, -f1) >wanted
  tail -n +2 gone/history.csv | cut -d, -f1 | awk "\$1 % 5 == 0" | cmp wanted -
  says gone/status.jsonl "\"event\": *\"start\""
  says gone/status.jsonl "\"event\": *\"end\""
  code 0 ranks 2 run deck.yaml output.directory=gone output.every=100 --restart "$(newest gone)" \
    stepper.max_steps=$(($(sed -n "s/^RESULT .*step=\([0-9]*\) .*/\1/p" gone.out) + 5)) time.end=1e9'
finish
