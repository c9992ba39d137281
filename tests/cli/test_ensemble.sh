#!/usr/bin/env bash
# TIMEOUT 240
# Ensembles: the same bits on any ranks and groups, after a kill and after a stop; members that break down; mistakes.
. "$(dirname "$0")/lib.sh"

cat >water.yaml <<'D'
equation: {type: shallow_water}
grid: {cells: [40, 32], upper: [10, 10]}
initial: {type: expression, h: "1 + size * gauss((x - at) / 2) * gauss((y - 5) / 2) + 1e-3 * random(1)"}
stepper: {type: ssp, scheme: rks2, reconstruction: plm_mc}
time: {end: 1}
output: {directory: runs}
ensemble: {members: 6, seed: 3, every: 0.25, draw: {at: "3 + 4 * random(1)", size: "0.1 + 0.001 * member"}}
D
file=runs/water_train.h5

it "runs all members and leaves one file" '
  code 0 sinew run water.yaml
  says out "member +5 done"
  says out "^RESULT status=done code=0 members=6 of=6 file=$file$"
  [ ! -e $file.members ]
  mv $file one.h5
  code 0 sinew info one.h5
  says out "/train/h +6x5x40x32 +float64"
  says out "/train/at +6 "
  says out "checksums: ok"'

it "the same bits on two ranks, one group or two" '
  code 0 ranks 2 run water.yaml ensemble.groups=1
  code 0 sinew compare one.h5 $file --tolerance 0
  code 0 ranks 3 run water.yaml ensemble.groups=2
  code 0 sinew compare one.h5 $file --tolerance 0
  says out "/train/velocity|/train/vx"'

it "keeps every fourth cell where it is asked to, on any ranks" '
  code 0 sinew run water.yaml ensemble.members=1 ensemble.stride=4 ensemble.file=coarse.h5
  code 0 sinew info coarse.h5
  says out "/train/h +1x5x10x8 +float64"
  code 0 ranks 3 run water.yaml ensemble.members=1 ensemble.stride=4 ensemble.file=again.h5 ensemble.groups=1
  code 0 sinew compare coarse.h5 again.h5 --tolerance 0
  code 2 sinew run water.yaml ensemble.stride=3
  says err "ensemble.stride: expected a divisor of the cells along x, 40, found 3"'

it "members differ, and are other ones under another seed" '
  code 0 sinew run water.yaml ensemble.members=2 ensemble.seed=4 ensemble.file=four.h5
  code 0 sinew info four.h5
  cp out four
  code 0 sinew run water.yaml ensemble.members=2 ensemble.file=three.h5
  code 0 sinew info three.h5
  never diff <(grep /train/at four) <(grep /train/at out)'

cat >slow.yaml <<'D'
equation: {type: shallow_water, coriolis: 1}
grid: {cells: [96, 96], upper: [10, 10]}
initial: {type: jets}
stepper: {type: ssp, scheme: rks2, reconstruction: plm_mc}
time: {end: 6}
output: {directory: runs}
ensemble: {members: 8, seed: 1, every: 2, layout: pdebench, split: test, fields: {D: h, Vx: velocity_x, Vy: velocity_y}}
D
members=runs/slow_test.h5.members

there() { ls $members/*.h5 2>/dev/null | wc -l; }

it "killed, goes on with the members that are missing" '
  code 0 sinew run slow.yaml
  mv runs/slow_test.h5 whole.h5
  "$SINEW" run slow.yaml >out 2>err & pid=$!
  for k in $(seq 400); do [ "$(there)" -ge 2 ] && break; sleep 0.05; done
  kill -9 $pid
  wait $pid || true
  [ "$(there)" -ge 2 ] && [ "$(there)" -lt 8 ] && [ ! -e runs/slow_test.h5 ]
  left=$((8 - $(there)))
  code 0 ranks 2 run slow.yaml
  says out "^ensemble +$left of 8 members to run"
  code 0 sinew compare whole.h5 runs/slow_test.h5 --tolerance 0
  says out "/test/1/D"'

it "a signal ends it with code 10, and it goes on" '
  rm -f runs/slow_test.h5
  "$SINEW" run slow.yaml >out 2>err & pid=$!
  for k in $(seq 400); do [ "$(there)" -ge 1 ] && break; sleep 0.05; done
  kill -TERM $pid
  got=0; wait $pid || got=$?
  [ $got = 10 ]
  says out "^RESULT status=stopped code=10 members=[1-7] of=8"
  code 0 sinew run slow.yaml
  code 0 sinew compare whole.h5 runs/slow_test.h5 --tolerance 0'

it "members of another deck are not mixed in, and more can be added" '
  code 10 sinew run slow.yaml --wall-time 0.01
  code 0 sinew run slow.yaml ensemble.members=1
  mkdir -p $members
  "$SINEW" run slow.yaml >out 2>err & pid=$!
  for k in $(seq 400); do [ "$(there)" -ge 1 ] && break; sleep 0.05; done
  kill -9 $pid; wait $pid || true
  code 2 sinew run slow.yaml equation.gravity=2
  says err "equation.gravity"
  says err "another ensemble"
  code 2 sinew run slow.yaml time.end=4
  says err "3 frames|4 frames"
  rm -r $members'

cat >broken.yaml <<'D'
equation: {type: euler}
grid: {cells: [64], boundary: {x: outflow}}
initial: {type: expression, rho: 1, p: 0.4, velocity_x: "fast * (x - 0.5)"}
stepper: {type: euler, dt: 0.002}
time: {end: 0.1}
output: {directory: runs}
ensemble: {members: 3, every: 0.05, draw: {fast: "member == 1 ? 4000 : 0.1"}}
D

it "a member that breaks down is named and left out" '
  code 0 ranks 2 run broken.yaml
  says err "^member 1: the solution broke down in step"
  says err "1 of 3 members broke down"
  says out "members=2 of=3"
  code 0 sinew info runs/broken_train.h5
  says out "failed +1"
  says out "/train/member +2 .* 0 +2 "'

it "mistakes" '
  code 2 sinew run water.yaml ensemble.fields.x=hh
  says err "shallow_water has no field .hh."
  code 2 sinew run water.yaml ensemble.draw.at=randon\(1\)
  says err "randon.*did you mean .random"
  code 2 sinew run water.yaml ensemble.first=2
  says err "ensemble.first: expected a time before the end"
  sed "/^initial/d;/^ensemble/d" water.yaml >alike.yaml
  printf "%s\n" "initial: {type: vortex}" "ensemble: {members: 3, every: 1}" >>alike.yaml
  code 2 sinew run alike.yaml
  says err "members would be the same"
  code 2 ranks 2 run water.yaml "equation.gravity=-at"
  says err "equation.gravity"'
finish
