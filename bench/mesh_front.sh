#!/usr/bin/env bash
# The front of Burgers' equation on meshes at rest and moving: user CPU seconds without start-up, least of several runs
# that take turns, and errors against the spectral reference.
#
#   bench/mesh_front.sh [BUILD] [NU] [REPETITIONS]        standard: build/release 0.002 5
set -eu
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"
build=$(realpath "${1:-build/release}") nu=${2:-0.002} repetitions=${3:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

deck() { # NAME CELLS STEPPER [MESH MOTION]
  printf '%s\n' "equation: {type: burgers, viscosity: $nu}" "grid: {cells: [$2, $2]}" \
    'initial: {type: expression, u: "exp(-((x - 0.5)^2 + (y - 0.5)^2) / (2 * 0.1^2))"}' \
    "stepper: {$3}" 'time: {end: 1}' "output: {directory: $folder/$1, every: 0.1, status: 0}" \
    ${4:+"mesh_motion: {type: monge_ampere, $4}"} >"$1.yaml"
}
for n in 48 96 128 144 160 192; do deck "rest_$n" $n 'type: ssp, scheme: rks3'; done
deck rest_192_rkl 192 'type: rkl, dt_max: 0.005'
deck moving_48 48 'type: rkl, dt: 0.01' 'share: 0.88, smoothing: 0.025'
for n in 64 96; do deck "moving_$n" $n 'type: rkl, dt: 0.005' 'share: 0.88, smoothing: 0.025, every: 2'; done
deck start 8 'type: ssp, dt: 1'

names=$(ls ./*.yaml | sed 's|./||; s|.yaml||')
deck_seconds "$build" "$repetitions"
"$build/bench/mesh" errors "$nu" $(echo "$names" | grep -v start | sed "s|^|$folder/|") | sed "s|$folder/||"
