#!/usr/bin/env bash
# The study of MM-PDE on fronts of Burgers' equation, on one core: networks of about 50,000 parameters on meshes moved by the
# Monge-Ampere solver (moving), by a trained mover (neural), by the solver but mirrored against the data as the original's
# meshes are (mirrored), without (still: one solver of 21,000 parameters; wide: one of as many as the two), and a SineNet;
# one-step and roll-out errors on trajectories that none has seen.
#
#   bench/mmpde/study.sh FOLDER [SEEDS] [EPOCHS]      3 seeds; 1 epoch of 186 steps after one of the identity
#
# The first run makes data (two minutes of a core) and mesh mover (three), which later ones find there; a seed takes two
# minutes. A mover.h5 that is there already is taken: examples/burgers_mover.h5 is one. FOLDER/table.csv: a line a network and seed, in the fields' own units: one-step mean square error,
# one-step and roll-out relative errors in percent, seconds a step of the network in roll-outs.
# SINEW and BENCH: the program, and the folder of the benchmarks; standard: those of build/release.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
: "${SINEW:=$here/../../build/release/bin/sinew}" "${BENCH:=$here/../../build/release/bench}"
export OMP_NUM_THREADS=1
mkdir -p "$1"
cd "$1"
seeds=${2:-3} epochs=${3:-1}
cp "$here"/*.yaml .
if [ ! -e burgers32.h5 ]; then
  "$SINEW" run data.yaml output.directory=data
  "$BENCH/coarsen" data/data_train.h5 burgers32.h5 train/u 6
fi
if [ ! -e mover.h5 ]; then
  "$SINEW" run data.yaml grid.cells=[96,96] ensemble.members=240 ensemble.seed=7 output.directory=many
  "$BENCH/coarsen" many/data_train.h5 many48.h5 train/u 2
  "$SINEW" train mover.yaml output.directory=mover --restart auto
  cp mover/best.h5 mover.h5
fi
[ -e table.csv ] || echo network,seed,mse,one_step,step_5,step_10,step_30,seconds >table.csv

# DECK NAME SEED WORDS ...: trains and judges, unless that has been done
judge() {
  local deck=$1 name=$2 seed=$3 out=$2.$3
  shift 3
  grep -q "^$name,$seed," table.csv && return
  "$SINEW" train "$deck" output.directory="$out" train.seed="$seed" --restart auto "$@" >"$out.log"
  "$SINEW" evaluate "$deck" output.directory="$out" evaluate.weights="$PWD/$out/last.h5" evaluate.trajectories=3 \
    >"$out.evaluation"
  awk -F, -v name="$name" -v seed="$seed" -v seconds="$(sed -n "s/.*cost of a step: network \([^ ]*\) s.*/\1/p" "$out.evaluation")" '
    $1 == 0 {mse = $6; one = 100 * $3} $1 == 5 {five = 100 * $3} $1 == 10 {ten = 100 * $3} $1 == 30 {last = 100 * $3}
    END {printf "%s,%s,%.3e,%.2f,%.2f,%.2f,%.2f,%s\n", name, seed, mse, one, five, ten, last, seconds}' \
    "$out/evaluation.csv" >>table.csv
}
for seed in $(seq "$seeds"); do
  judge graph.yaml still "$seed" network.mover=none train.epochs="$epochs"
  judge graph.yaml wide "$seed" network.mover=none network.hidden=48 network.kernel=[12,4,4] train.epochs="$epochs"
  judge graph.yaml moving "$seed" train.epochs=$((epochs + 1))
  judge sinenet.yaml sinenet "$seed" train.epochs="$epochs"
  judge graph.yaml mirrored "$seed" network.mirrored=true train.epochs=$((epochs + 1))
  judge graph.yaml neural "$seed" network.mover=mover.h5 train.epochs=$((epochs + 1))
done
cat table.csv
