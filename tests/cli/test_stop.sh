#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# Whoever asks a run to stop, or to save, gets a good checkpoint at the next step, on all ranks; status.jsonl tells.
. "$(dirname "$0")/lib.sh"

cat >deck.yaml <<'D'
equation: {type: euler}
grid: {cells: [48, 32]}
initial: {type: kelvin_helmholtz}
time: {end: 1}
output: {every: 0.1, history_every: 1, status: 0}
D
endless="time.end=1e9 output.every=0.2 output.history_every=100"

# start NAME WORDS ...: an endless run on two ranks in the background; $launcher and $ranks are its processes
start() {
  local name=$1
  shift
  mpirun -n 2 "$SINEW" run deck.yaml output.directory="$name" $endless "$@" >"$name.out" 2>"$name.err" &
  launcher=$!
  until_true test -s "$name/fields.xmf"
  until_true two_ranks
}
two_ranks() { ranks=$(pgrep -P "$launcher" -x sinew) && [ "$(wc -w <<<"$ranks")" = 2 ]; }
last_rank() { tail -n 1 <<<"$ranks"; }
ended() { # CODE: of the run that was started
  local got=0
  wait "$launcher" || got=$?
  [ "$got" = "$1" ] || { echo "exit $got, not $1"; tail -n 5 ./*.out ./*.err; return 1; }
}
tidy() { # what a test that failed has left, known by its directory
  for at in /proc/[0-9]*; do
    [ "$(readlink "$at/cwd" 2>/dev/null)" = "$work" ] && [ "${at#/proc/}" != $$ ] && kill -9 "${at#/proc/}" 2>/dev/null
  done
}
step_of() { sed -n 's/^RESULT .*step=\([0-9]*\) .*/\1/p' "$1"; }

for signal in TERM USR1 INT; do
  it "SIG$signal to one rank of two" '
    start $signal
    kill -$signal $(last_rank)
    ended 10
    says $signal.out "^stopped +by a signal"
    says $signal.out "RESULT status=stopped code=10"
    [ "$(newest $signal)" = $signal/checkpoints/$(printf %07d $(step_of $signal.out)).h5 ]
    [ -z "$(ls $signal/checkpoints/*.part 2>/dev/null)" ]'
done

it "what SIGUSR1 stopped is continued to the last bit" '
  t=$(sed -n "s/^RESULT.* t=\([0-9]*\).*/\1/p" USR1.out)
  code 0 ranks 2 run deck.yaml output.directory=USR1 time.end=$((t + 1)) output.every=0.2 --restart auto
  code 0 ranks 2 run deck.yaml output.directory=whole time.end=$((t + 1)) output.every=0.2
  same_bits "$(newest whole)" "$(newest USR1)"'

it "SIGUSR2 to one rank, and a file: a checkpoint, and the run goes on" '
  start save
  kill -USR2 $(last_rank)
  until_true eval "ls save/checkpoints/*.h5 >/dev/null 2>&1"
  first=$(newest save)
  kill -0 $launcher
  touch save/checkpoint
  until_true eval "[ \"\$(newest save)\" != $first ]"
  [ ! -e save/checkpoint ]
  touch save/stop
  ended 10
  [ ! -e save/stop ]
  says save.out "^stopped +by the file stop"'

it "a second SIGINT ends the run at once" '
  "$SINEW" run deck.yaml grid.cells=[1200,1200] output.directory=twice $endless >twice.out 2>&1 &
  launcher=$!
  until_true test -s twice/fields.xmf
  sleep 0.3
  kill -INT $launcher
  sleep 0.05
  kill -INT $launcher
  ended 130'

it "a limit of wall-clock time is kept, start and checkpoint included" '
  begin=$(date +%s%N)
  code 10 ranks 2 run deck.yaml $endless output.directory=limit output.status=100 --wall-time 0:00:06
  spent=$((($(date +%s%N) - begin) / 1000000))
  says out "^stopped +by the wall-clock limit"
  elapsed=$(sed -n "s/.*\"event\":\"end\".*\"elapsed\":\([0-9]*\).*/\1/p" limit/status.jsonl)
  echo "elapsed $elapsed s of 6, with mpirun $spent ms"
  [ "$elapsed" -lt 6 ] && [ "$elapsed" -ge 2 ]'

it "output.max_size: stops before more is written; a restart has no room until it gets some" '
  code 10 ranks 2 run deck.yaml $endless output.directory=size output.max_size=400kB output.every=0.1 \
    output.image="{field: rho, every: 0.2}"
  says out "^stopped +by output.max_size"
  bytes=$(cat size/*.h5 size/*.xmf size/*.png | wc -c)
  echo "$bytes bytes"
  [ $bytes -le 400000 ] && [ $bytes -ge 250000 ]
  before=$(newest size)
  code 4 ranks 2 run deck.yaml $endless output.directory=size output.max_size=400kB output.every=0.1 \
    output.image="{field: rho, every: 0.2}" --restart auto
  says err "^size: holds as much as output.max_size allows"
  [ "$(newest size)" = "$before" ]
  code 10 ranks 2 run deck.yaml $endless output.directory=size output.max_size=600kB output.every=0.1 \
    output.image="{field: rho, every: 0.2}" --restart auto
  [ "$(newest size)" != "$before" ]
  [ $(cat size/*.h5 size/*.xmf size/*.png | wc -c) -le 600000 ]'

# ---- status.jsonl ----

python=$(command -v python3)
cat >lines.py <<'P'
import json, sys
whole = open(sys.argv[1]).read()
assert whole.endswith("\n"), "half a line"
lines = [json.loads(line) for line in whole.splitlines()]
if len(sys.argv) > 2: exec(sys.argv[2])
P
lines_are() { "$python" lines.py "$@"; }
if [ "$python" ]; then
  it "status: a start, lines, an end with where it came from" '
    code 0 ranks 2 run deck.yaml output.directory=s output.status=0.01 time.end=2
    lines_are s/status.jsonl "
assert [lines[0][\"event\"], lines[-1][\"event\"]] == [\"start\", \"end\"] and len(lines) > 3
steps = [line for line in lines if line[\"event\"] == \"step\"]
for key in \"wall step t dt steps_per_second eta memory checkpoint output reserve elapsed\".split():
    assert all(key in line for line in steps), key
assert all(a[\"step\"] < b[\"step\"] and a[\"t\"] < b[\"t\"] for a, b in zip(steps, steps[1:]))
assert steps[-1][\"memory\"] > 1e7 and 0 < steps[1][\"eta\"] < 1000
end = lines[-1]
assert end[\"status\"] == \"done\" and end[\"code\"] == 0 and end[\"t\"] == 2 and end[\"deck\"] == \"deck.yaml\"
assert end[\"ranks\"] == 2 and end[\"hosts\"] == 1 and end[\"checkpoint\"].endswith(\"%07d.h5\" % end[\"step\"])
for key in \"sinew petsc mpi hdf5 fftw onednn\".split(): assert end[key + \"_version\"]
assert end[\"blas\"]"'

  it "status: a reader at any moment sees whole lines; a restart goes on, a fresh run begins another" '
    start s2 output.status=0.001 checkpoint.every_steps=2
    until_true grep -q "\"checkpoint_step\":[1-9]" s2/status.jsonl
    for _ in $(seq 20); do lines_are s2/status.jsonl; done
    for pid in $launcher $ranks; do kill -9 $pid 2>/dev/null || :; done
    ended 137
    printf "{\"event\":\"st" >>s2/status.jsonl
    code 0 ranks 2 run deck.yaml output.directory=s2 output.status=0.1 --restart auto
    lines_are s2/status.jsonl "
assert [line[\"event\"] for line in lines].count(\"start\") == 2
assert lines[-1][\"event\"] == \"end\""
    code 0 ranks 2 run deck.yaml output.directory=s2 output.status=0.1
    lines_are s2/status.jsonl "assert [line[\"event\"] for line in lines].count(\"start\") == 1"
    [ -e s2/status.jsonl.1 ]'
else
  echo "# no python3: status.jsonl is not looked at"
fi
finish
