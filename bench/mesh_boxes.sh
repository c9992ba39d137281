#!/usr/bin/env bash
# A blast and a bore in a box, on meshes at rest and moving with several monitors: user CPU seconds without start-up, least
# of several runs that take turns, distance from 384^2 at rest (relative L1), and the least corner Jacobian of the runs.
#
#   bench/mesh_boxes.sh [BUILD] [REPETITIONS]        standard: build/release 3
set -eu
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"
build=$(realpath "${1:-build/release}") repetitions=${2:-3}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

blast='equation: {type: euler}
initial: {type: expression, rho: "1", p: "0.1 + exp(-((x - 0.4)^2 + (y - 0.5)^2) / 0.02)"}'
bore='equation: {type: shallow_water, gravity: 1}
initial: {type: expression, h: "1 + ((x - 0.4)^2 + (y - 0.45)^2 < 0.04)"}'
deck() { # NAME PROBLEM CELLS [MESH MOTION]
  printf '%s\n' "${!2}" "grid: {cells: [$3, $3], boundary: {x: wall, y: wall}}" 'stepper: {type: ssp, scheme: rks2}' \
    'time: {end: 0.2}' "output: {directory: $folder/$1, every: 0.2, status: 0}" \
    ${4:+"mesh_motion: {type: monge_ampere, $4}"} >"$1.yaml"
}
for problem in blast bore; do
  [ $problem = blast ] && field=p || field=h
  for n in 48 96 112 128 384; do deck ${problem}_rest_$n $problem $n; done
  deck ${problem}_moving_standard $problem 48 "field: $field, relaxation: 0.02"
  deck ${problem}_moving_smooth $problem 48 "field: $field, relaxation: 0.02, smoothing: 0.05"
  deck ${problem}_moving_mild $problem 48 "field: $field, relaxation: 0.02, smoothing: 0.05, share: 0.5"
  deck ${problem}_moving_prompt $problem 48 "field: $field, relaxation: 0.01, smoothing: 0.04, share: 0.6"
done
deck start blast 8

names=$(ls ./*.yaml | sed 's|./||; s|.yaml||')
deck_seconds "$build" "$repetitions" '*_384'
for problem in blast bore; do
  [ $problem = blast ] && field=rho || field=h
  "$build/bench/mesh" against $field 1 "$folder/${problem}_rest_384" \
    $(echo "$names" | grep "^$problem" | grep -v _384 | sed "s|^|$folder/|") | sed "s|$folder/||"
done
for name in $(echo "$names" | grep moving); do
  awk -F, -v name="$name" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "mesh_jacobian") c = i }
    NR == 2 || (NR > 2 && $c < least) { least = $c } END { printf "%-24s least Jacobian %.3f\n", name, least }' "$name/history.csv"
done
