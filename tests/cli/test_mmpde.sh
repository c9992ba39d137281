#!/usr/bin/env bash
# TIMEOUT 300
# WEIGHT 2
# The stepper mmpde from a deck: runs, restarts, and what is said about networks, movers and decks that do not fit.
. "$(dirname "$0")/lib.sh"
"${SINEW_TEST_PROGRAMS:?where the programs of tests are}/make_mmpde" || exit 1
head -c 20000 good.h5 >short.h5

cat >good.yaml <<'D'
equation: {type: burgers}
grid: {cells: [16, 20]}
initial: {type: sine}
stepper: {type: mmpde, weights: good.h5, precision: f64}
time: {end: 0.3}
output: {every: 0.1, history_every: 1}
D

it "runs from a deck, the same on any number of ranks" '
  code 0 sinew run good.yaml output.directory=good
  says out "^RESULT status=done code=0 step=6 t=0.(3|29999)"
  lines 8 good/history.csv
  for n in 2 4; do
    code 0 ranks $n run good.yaml output.directory=on.$n
    code 0 sinew compare "$(newest good)" "$(newest on.$n)" --relative --tolerance 1e-10
  done
  code 0 sinew run good.yaml output.directory=narrow stepper.precision=f32
  code 0 sinew compare "$(newest good)" "$(newest narrow)" --relative --tolerance 1e-4'

it "without a mover, on a torus, with a mover of its own file" '
  for file in still torus; do
    code 0 sinew run good.yaml stepper.weights=$file.h5 output.directory=$file
    code 0 ranks 2 run good.yaml stepper.weights=$file.h5 output.directory=$file.2
    code 0 sinew compare "$(newest $file)" "$(newest $file.2)" --relative --tolerance 1e-10
  done
  code 0 sinew run good.yaml stepper.weights=nomover.h5 stepper.mover=mover.h5 output.directory=own
  code 0 sinew compare "$(newest good)" "$(newest own)" --tolerance 0'

it "the plan names networks, parameters, work and mover" '
  code 0 sinew check good.yaml
  says out "^network   .*good.h5"
  says out "two solvers of 2 layers of 12 features on graphs of 8 neighbours, [0-9]+ parameters trained, [0-9.e-]+ GFLOP"
  says out "steps of 0.05, nodes moved by the mover in the same file"'

it "a continued run repeats the run" '
  code 0 sinew run good.yaml output.directory=whole checkpoint.every_steps=1
  code 0 sinew run good.yaml output.directory=part stepper.max_steps=3
  code 0 sinew run good.yaml output.directory=part --restart auto
  same_bits "$(newest whole)" "$(newest part)"
  same_states whole part'

wrong() { # WORDS of the deck, what it says
  code 2 sinew run good.yaml $1 output.directory=wrong
  says err "$2"
  [ "$(grep -c . err)" = "${3:-1}" ]
}
it "mistakes are one clear line" '
  wrong stepper.weights=none.h5 "stepper.weights: cannot read the file .*none.h5"
  wrong stepper.weights=short.h5 "short.h5"
  wrong stepper.weights=nomover.h5 "stepper: missing mover: nomover.h5 has no weights of a mesh mover"
  wrong stepper.weights=missing.h5 "missing.h5: parameter solver_b/.* is missing"
  wrong stepper.weights=nan.h5 "nan.h5: parameter .* is not finite at entry 0"
  wrong stepper.weights=mover.h5 "mover.h5: parameter solver_a/embedding_mlp.0.weight is missing: no network of MM-PDE"
  wrong grid.cells=[2,4] "grid.cells: expected at least 9 cells, of which each has 8 neighbours, found 8"
  wrong output.every=0.08 "takes steps of 0.05|0.05"'

it "a folded mesh stops the run with one line, or is damped" '
  wrong stepper.weights=folds.h5 "mmpde: at t = 0 the mover folds the mesh in [0-9]+ cells, worst at .* train the mover"
  code 0 sinew run good.yaml stepper.weights=folds.h5 stepper.folded=damp output.directory=damped
  says out "^RESULT status=done"'

finish
