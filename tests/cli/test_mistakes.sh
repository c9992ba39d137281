#!/usr/bin/env bash
# TIMEOUT 240
# What goes wrong is said in a line, with the right exit code, and loses nothing.
. "$(dirname "$0")/lib.sh"
full= # a small file system, once there is one
tidy() { [ -z "$full" ] || umount "$full"; }

cat >good.yaml <<'D'
equation: {type: euler}
grid: {cells: [48, 32], boundary: {x: periodic, y: periodic}}
initial: {type: kelvin_helmholtz}
time: {end: 1}
output: {every: 0.1, history_every: 5}
checkpoint: {every_steps: 20}
D
cat >five.yaml <<'D'
equation: {type: euler, gama: 1.4}
grid:
  cells: [16, -3]
  boundary: {x: periodic, y: periodic}
initial: {type: kelvin_helmholtz, amplitude: big}
stepper: {type: ssp, scheme: rk7}
time: {end: 0}
D
cat >long.yaml <<'D'
equation: {type: euler}
grid: {cells: [48, 32], boundary: {x: periodic, y: periodic}}
initial: {type: kelvin_helmholtz}
time: {end: 10}
output: {every: 1, history_every: 50}
checkpoint: {every_steps: 100}
D
cat >breaks.yaml <<'D'
equation: {type: euler}
grid: {cells: 64, boundary: {x: outflow}}
initial: {type: riemann, x0: 0.5, left: [1, 0, 1000], right: [1, 0, 0.01]}
stepper: {type: ssp, dt: 0.0002, rejections: 0}
time: {end: 0.012}
output: {history_every: 1}
checkpoint: {every_steps: 5}
D
whole() { [ -e "$1.whole" ] || code 0 ranks 2 run "$1.yaml" output.directory="$1.whole"; }

it "five mistakes are five lines, before anything is written" '
  code 2 sinew run five.yaml
  lines 5 err
  [ "$(grep -Ec "^five.yaml:[0-9]+:[0-9]+: " err)" = 5 ]
  for at in 1:25 3:15 5:46 6:30 7:13; do says err "^five.yaml:$at:"; done
  [ ! -e out/five ]
  code 2 sinew check five.yaml
  lines 5 err'

it "and once only on two ranks" '
  code 2 ranks 2 run five.yaml
  [ "$(grep -c "^five.yaml:" err)" = 5 ]'

it "an override is as good a place for a mistake" '
  code 2 sinew run good.yaml grid.cels=4
  lines 1 err
  says err "grid.cels.*cells"'

it "one line for an unknown option, a missing deck, none, a missing value" '
  for words in "run good.yaml --frobnicate" "run nowhere.yaml" "run" "run good.yaml --restart" \
    "run good.yaml --wall-time soon" "check nowhere.yaml" "info nowhere.h5" "compare nowhere.h5 nowhere.h5"; do
    code 2 sinew $words
    lines 1 err
  done
  says err nowhere.h5'

it "a state that is not admissible to begin with is a mistake in the deck" '
  code 2 sinew run breaks.yaml "initial.right=[1, 0, -1]" output.directory=begun
  lines 1 err
  says err "initial"
  [ ! -e begun ]'

for n in 1 2; do
  it "a breakdown is exit 3 with step, time, cell and the last good state ($n ranks)" '
    code 3 ranks $n run breaks.yaml stepper.dt=0.0006 output.directory=broken.$n
    [ "$(grep -c "broke down" err)" = 1 ]
    says err "step [0-9]+ from t = [0-9.e-]+ .*cell \([0-9]+, 0, 0\)"
    says err "last good state is in broken.$n/checkpoints/[0-9]+.h5"
    says out "status=breakdown code=3"
    file=$(sed -n "s/.*last good state is in //p" err)
    code 0 sinew info $file
    never grep -i nan out
    says out "checksums: ok"'
  it "from which a smaller step goes on ($n ranks)" '
    code 0 ranks $n run breaks.yaml stepper.dt=0.00005 output.directory=broken.$n --restart auto
    says out "status=done"'
done
it "and the same on both" 'same_bits "$(newest broken.1)" "$(newest broken.2)"'

it "a directory that cannot be: exit 4, one line" '
  echo >file
  for key in output.directory checkpoint.directory; do
    code 4 sinew run good.yaml $key=file/below
    lines 1 err
    says err "file/below.*: Not a directory"
    code 4 ranks 2 run good.yaml $key=file/below
    [ "$(grep -c file/below err)" = 1 ]
  done'

mkdir small
if mount -t tmpfs -o size=2m none small 2>/dev/null; then full=$work/small; fi
if [ "$full" ]; then
  for n in 1 2; do
    it "a full disk: exit 4, one line, and the checkpoints that were there are whole ($n ranks)" '
      rm -rf small/*
      code 4 ranks $n run good.yaml output.directory=small/run output.every=0.01
      [ "$(grep -c "small/run" err)" = 1 ]
      says err "small/run/.*(No space left|full)"
      [ $n = 2 ] || lines 1 err
      never ls small/run/*.part small/run/checkpoints/*.part
      code 0 sinew info "$(newest small/run)"
      says out "checksums: ok"
      well_formed small/run/fields.xmf'
    it "with room again it goes on to the state of one that never lacked any ($n ranks)" '
      code 0 ranks $n run good.yaml output.directory=dense.$n output.every=0.01
      cp -r small/run roomy.$n
      code 0 ranks $n run good.yaml output.directory=roomy.$n output.every=0.01 --restart auto
      same_bits "$(newest dense.$n)" "$(newest roomy.$n)"
      same_states dense.$n roomy.$n'
  done
  it "no room for a checkpoint: exit 4, one line, the one before is whole" '
    rm -rf small/*
    code 4 ranks 2 run good.yaml output.directory=roomy.c checkpoint.directory=small/c checkpoint.every_steps=1 checkpoint.keep=1000
    [ "$(grep -c "small/c" err)" = 1 ]
    says err "No space left|full"
    file=$(ls small/c/*.h5 | tail -n 1)
    code 0 sinew info $file
    says out "checksums: ok"
    [ -z "$(ls small/c | grep -v "^[0-9]*.h5$")" ]'
else
  echo "# no full disks: mount does not work here"
fi

# A run that no machine ends in time is stopped; what it then continues to is what one that was never stopped reaches.
endless=time.end=1e9
# stopped DIRECTORY COMMAND ...: begins it on two ranks, waits for its first checkpoint, runs COMMAND with its process
stopped() {
  local directory=$1 pid
  shift
  mpirun -n 2 "$SINEW" run long.yaml output.directory="$directory" $endless >out 2>err &
  pid=$!
  for _ in $(seq 500); do
    ls "$directory"/checkpoints/*.h5 >/dev/null 2>&1 && break
    sleep 0.02
  done
  "$@" $pid
  code 10 wait $pid
}
a_rank() { # one of the ranks of mpirun $1
  kill -USR1 "$(ps -o pid= --ppid "$1" | head -n 1)"
}
a_rank_ends() {
  kill -TERM "$(ps -o pid= --ppid "$1" | head -n 1)"
}
continues_as_if_never() { # directory of the stopped run
  local end
  says out "status=stopped code=10"
  end=$(sed -n 's/^RESULT.* t=\([0-9]*\).*/\1/p' out)
  end=$((end + 2))
  code 0 ranks 2 run long.yaml output.directory="$1" time.end=$end --restart auto
  code 0 ranks 2 run long.yaml output.directory="$1.whole" time.end=$end
  same_bits "$(newest "$1.whole")" "$(newest "$1")"
  same_states "$1.whole" "$1"
}
it "SIGUSR1 to a rank: a checkpoint, exit 10, and a continuation to the last bit" '
  stopped user a_rank
  continues_as_if_never user'
it "SIGTERM to a rank as well" '
  stopped term a_rank_ends
  continues_as_if_never term'
it "a file named stop: the same, and it is gone" '
  stopping() { echo >asked/stop; }
  stopped asked stopping
  [ ! -e asked/stop ]
  continues_as_if_never asked'
it "so does the end of the wall time, however fast the machine" '
  code 10 ranks 2 run long.yaml output.directory=walled $endless --wall-time 1.5
  continues_as_if_never walled'
finish
