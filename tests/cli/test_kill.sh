#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# Killed at any instant, a run continues to the state of one that was left alone. SEED repeats one test.
. "$(dirname "$0")/lib.sh"
seed=${SEED:-$((($(date +%s%N) / 1000) % 32768))}
RANDOM=$seed
echo "# seed $seed"

cat >deck.yaml <<'D'
equation: {type: euler}
grid: {cells: [96, 64], boundary: {x: periodic, y: periodic}}
initial: {type: kelvin_helmholtz}
time: {end: 0.4}
output: {every: 0.02, history_every: 1, image: {field: rho, every: 0.1}}
checkpoint: {every_steps: 1}
D

begin_clock=$(date +%s%N)
it "runs" 'code 0 ranks 2 run deck.yaml output.directory=whole'
whole=$((($(date +%s%N) - begin_clock) / 1000000)) # milliseconds

# every process of this test's runs: mpirun and the ranks, known by the directory
kill_all() {
  local at
  for at in /proc/[0-9]*; do
    [ "$(readlink "$at/cwd" 2>/dev/null)" = "$work/run" ] && kill -9 "${at#/proc/}" 2>/dev/null
  done
  return 0
}
tidy() { kill_all; }

# killed MILLISECONDS WORDS ...: a run in $work/run that is killed after so long; 1 when it had already ended
killed() {
  local pause=$1 pid
  shift
  (cd "$work/run" && exec mpirun -n 2 "$SINEW" run ../deck.yaml output.directory=out "$@") >out 2>err &
  pid=$!
  sleep "$(printf '%d.%03d' $((pause / 1000)) $((pause % 1000)))"
  kill -0 $pid 2>/dev/null || { wait $pid; return 1; }
  kill_all
  wait $pid || :
}

mkdir run
for instant in 1 2 3 4 5 6 7 8 9 10; do
  # every third one kills the continuation of the one before
  pause=$((RANDOM % (whole * 4 / 5) + whole / 10))
  if [ $((instant % 3)) = 0 ]; then pause=$((pause / 3)); else rm -rf run/out; fi
  it "killed after $pause ms ($instant)" '
    for try in 1 2 3 4 5 6 7 8; do # a run that was too quick for its killer is run again, with less time
      killed $pause --restart auto && break
      rm -rf run/out
      pause=$((pause * 2 / 3))
      [ $try -lt 8 ]
    done
    for file in run/out/fields.xmf; do [ ! -e $file ] || well_formed $file; done'
  it "and continued ($instant)" '
    rm -rf alive
    cp -r run/out alive 2>/dev/null || :
    code 0 ranks 2 run deck.yaml output.directory=alive --restart auto
    well_formed alive/fields.xmf
    same_bits "$(newest whole)" "$(newest alive)"
    same_states whole alive'
done
finish
