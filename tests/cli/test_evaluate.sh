#!/usr/bin/env bash
# TIMEOUT 120
# Evaluations: the trainer's own numbers, on any ranks, with files that say the same; the cost of a solver; mistakes.
. "$(dirname "$0")/lib.sh"
"$SINEW_TEST_PROGRAMS/make_trajectories" || exit 1

cat >deck.yaml <<'D'
data: {files: waves.h5, scalars: [u], split: [0.75, 0.25, 0]}
network: {hidden: 6, waves: 1, mult: 1.3, padding: circular}
train: {epochs: 2, batch: 6, rate: 4e-3, warm_up: 1, validate_steps: 4}
output: {directory: runs, picture: u, status: 10s}
evaluate: {part: valid}
D
cell() { awk -F, -v name="$1" -v line="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i} NR == line + 1 {print $c}' "$3"; }
close() { awk "BEGIN {d = $1 - $2; exit !(d < 1e-6 * $2 && -d < 1e-6 * $2)}"; }

it "errors are those that the training found" '
  code 0 sinew train deck.yaml
  code 0 sinew evaluate deck.yaml evaluate.weights=runs/last.h5
  says out "^step 6 "
  says out "^RESULT status=done code=0 one_step="
  close $(cell error_u 1 runs/evaluation.csv) $(cell valid_one_step 2 runs/history.csv)
  mean=$(awk -F, "NR > 2 && NR < 7 {s += \$3} END {printf \"%.12g\", s / 4}" runs/evaluation.csv)
  close $mean $(cell valid_rollout 2 runs/history.csv)
  for name in rollout spectrum_0 frame; do [ -s runs/$name.png ]; done
  cp runs/evaluation.csv one.csv'

it "on any number of ranks" '
  code 0 ranks 2 evaluate deck.yaml evaluate.weights=runs/last.h5
  close $(cell error_u 1 one.csv) $(cell error_u 1 runs/evaluation.csv)
  close $(cell error_u 7 one.csv) $(cell error_u 7 runs/evaluation.csv)'

it "the modes of a spectrum add up to the mean square" '
  code 0 sinew info runs/last.h5
  total=$(awk -F, "NR > 1 {s += \$2} END {print s}" runs/spectra.csv)
  awk "BEGIN {exit !($total > 0.5 && $total < 2)}"
  [ "$(awk -F, "NR > 1 && \$2 > 0.4" runs/spectra.csv | wc -l)" = 1 ]'

cat >solver.yaml <<'D'
equation: {type: advection, velocity: [1, 0]}
grid: {cells: [16, 16]}
initial: {type: expression, u: "sin(2*pi*x)"}
stepper: {type: ssp}
time: {end: 0.5}
D
it "the cost beside that of a solver" '
  code 0 sinew evaluate deck.yaml evaluate.classical=solver.yaml
  says out "cost of a step: network .* s, classical solver .* times"'

it "mistakes" '
  code 2 sinew evaluate deck.yaml evaluate.weights=nothing.h5
  says err "nothing.h5: No such file"
  code 2 sinew evaluate deck.yaml evaluate.step=3
  says err "evaluate.step: unknown key; did you mean .steps."
  code 2 sinew evaluate deck.yaml data.files=wide.h5 data.step=7
  says err "frames of the data are 7.* apart"
  code 2 sinew evaluate deck.yaml data.files=nan.h5 evaluate.part=train
  says err "nan.h5: array u.*expected a finite number"
  code 2 sinew evaluate deck.yaml evaluate.part=test
  says err "is empty"
  code 2 sinew evaluate deck.yaml evaluate.classical=solver.yaml data.step=0.05 evaluate.weights=solver.yaml
  lines 1 err'
finish
