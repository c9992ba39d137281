#!/usr/bin/env bash
# TIMEOUT 300
# Trainings of mesh movers and of MM-PDE: they learn, go on to the last bit, make files for runs, and say what is wrong.
. "$(dirname "$0")/lib.sh"
"$SINEW_TEST_PROGRAMS/make_mmpde" && "$SINEW_TEST_PROGRAMS/make_trajectories" || exit 1 # both have a nan.h5: the latter counts

cat >dmm.yaml <<'D'
data: {files: waves.h5, scalars: [u], split: [0.75, 0.25, 0]}
network: {type: dmm, dense: 16, features: 12, trunk: 10, hidden: 16, periodic: true}
train: {epochs: 4, batch: 6, rate: 2e-3, points: 30, rounds: 1, iterations: 5}
checkpoint: {every: 1, every_steps: 3, keep: 100}
D
cat >mmpde.yaml <<'D'
data: {files: waves.h5, scalars: [u], split: [0.75, 0.25, 0], shift: [x, y]}
network:
  {type: mmpde, mover: mover/last.h5, hidden: 12, layers: 2, neighbours: 8, interpolation: 6, kernel: [4, 2, 1],
   channels: [3, 2], weights: [16, 8], cut: [2, 4, 2], periodic: true, output_scale: 1}
train: {epochs: 4, batch: 6, rate: 1e-2, schedule: cosine, validate_steps: 4}
checkpoint: {every: 1, every_steps: 3, keep: 100}
D
column() { awk -F, -v name="$1" -v line="$2" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == name) c = i} NR == line + 1 {print $c}' "$3"; }
less() { awk "BEGIN {exit !($1 < $2)}"; }
weights() { code 0 sinew convert "$1" "$2.safetensors"; }

it 'a mesh mover learns, and its file says how it is to be used' '
  code 0 sinew train dmm.yaml output.directory=mover
  says out "network +mesh mover for fields of 16 x 16 nodes, [0-9]+ parameters"
  says out "training +4 epochs of 7 steps of 6 fields, 30 points each; adam; then 1 rounds of random features"
  says out "^RESULT status=done code=0 step=28 t=4"
  less "$(column loss 4 mover/history.csv)" "0.5 * $(column loss 1 mover/history.csv)"
  less "$(column valid_residual 4 mover/history.csv)" "$(column valid_residual 1 mover/history.csv)"
  [ -s mover/loss.png ] && [ -s mover/validation.png ] && [ -s mover/best.h5 ]'

it 'MM-PDE learns on the meshes that it makes, and so does a graph network alone' '
  code 0 sinew train mmpde.yaml output.directory=moving
  says out "two solvers of 2 layers of 12 features on graphs of 8 neighbours, [0-9]+ parameters"
  says out "nodes moved by mover/last.h5"
  says out "4 epochs of 7 steps of 6 samples; adamw, mse; 1 epochs of the identity first"
  less "$(column valid_one_step 4 moving/history.csv)" "0.7 * $(column valid_one_step 1 moving/history.csv)"
  code 0 sinew train mmpde.yaml output.directory=still network.mover=none
  says out "one solver .*"
  less "$(column valid_one_step 4 still/history.csv)" "0.7 * $(column valid_one_step 1 still/history.csv)"
  code 0 sinew train mmpde.yaml output.directory=quirks network.mirrored=true network.unprojected=true train.decay_at_start=true train.factor=0.5 train.epochs=1
  [ "$(column rate 1 quirks/history.csv)" = 0.0050000000000000001 ]'

it 'with a skip and scaled offsets it learns faster, and rates may follow steps' '
  code 0 sinew train mmpde.yaml output.directory=fast network.skip=true network.offset=16 train.smooth=true
  less "$(column valid_one_step 4 fast/history.csv)" "0.9 * $(column valid_one_step 4 moving/history.csv)"
  less "$(column rate 4 fast/history.csv)" "0.1 * $(column rate 4 moving/history.csv)"'

it 'meshes may be solved for instead' '
  code 0 sinew train mmpde.yaml output.directory=solved network.mover=monge_ampere network.smoothing=0.1 train.epochs=2
  says out "nodes moved by the Monge-Ampere solver"
  less "$(column loss 2 solved/history.csv)" "$(column loss 1 solved/history.csv)"'

it 'an evaluation finds the errors that the training found' '
  for name in moving still solved fast; do
    [ $name != fast ] || words="network.skip=true network.offset=16"
    code 0 sinew evaluate mmpde.yaml ${words-} evaluate.part=valid evaluate.weights=$name/last.h5 output.directory=judged.$name
    a=$(column error_u 1 judged.$name/evaluation.csv) b=$(column valid_one_step $(($(wc -l <$name/history.csv) - 1)) $name/history.csv)
    less "($a - $b)^2" "1e-8 * $a^2"
  done'

# From the checkpoint of a step in the middle, to where the whole training came.
goes_on() { # DECK WHOLE STEP
  rm -rf part
  mkdir -p part/checkpoints
  cp "$2/checkpoints/$3.h5" part/checkpoints/
  code 0 sinew train $1 output.directory=part --restart auto
  weights "$2/last.h5" whole
  weights part/last.h5 part
  cmp whole.safetensors part.safetensors
  tail -n 1 "$2/history.csv" >a.csv
  tail -n 1 part/history.csv >b.csv
  cmp a.csv b.csv
}
it 'continued from any step they have the same bits' '
  goes_on dmm.yaml mover 0000006
  goes_on dmm.yaml mover 0000027
  goes_on mmpde.yaml moving 0000006
  goes_on mmpde.yaml moving 0000018'

it 'on two ranks they do the same, to rounding' '
  for pair in "dmm mover" "mmpde moving"; do
    set -- $pair
    code 0 ranks 2 train $1.yaml output.directory=two.$1 train.epochs=2
    code 0 sinew train $1.yaml output.directory=one.$1 train.epochs=2
    a=$(column loss 1 one.$1/history.csv) b=$(column loss 1 two.$1/history.csv)
    less "($a - $b)^2" "1e-8 * $a^2"
  done'

it 'what MM-PDE has learnt is a stepper, and begins another training' '
  cat >run.yaml <<D
equation: {type: burgers}
grid: {cells: [16, 16]}
initial: {type: expression, u: "0.3 + 0.5*sin(2*pi*x)"}
stepper: {type: mmpde, weights: moving/best.h5, folded: damp}
time: {end: 0.2}
D
  code 0 sinew run run.yaml output.directory=ran
  says out "^RESULT status=done code=0 step=4"
  code 0 sinew train mmpde.yaml output.directory=tuned train.initial=moving/last.h5 train.epochs=2 train.identity=0 train.rate=1e-4
  less "$(column valid_one_step 1 tuned/history.csv)" "0.7 * $(column valid_one_step 1 moving/history.csv)"'

it 'mistakes of decks' '
  code 2 sinew train dmm.yaml network.type=dnm
  says err "network.type: .*did you mean \"?dmm"
  code 2 sinew train dmm.yaml network.field=v network.size=4 train.unroll=2
  says err "network.field: expected a scalar or vector component of the section data, found .v."
  says err "network.size: expected 8 nodes or more, found 4"
  says err "train.unroll: unknown key"
  code 2 ranks 2 train dmm.yaml train.batch=5
  says err "train.batch: expected a multiple of the number of ranks .2., found 5"
  code 2 sinew train mmpde.yaml network.kernel=[16,2,1] network.fields=[a,b]
  says err "network.kernel: expected widths that leave 1 of 12 features, these leave 0"
  says err "network.fields: expected 1 names"
  code 2 sinew train mmpde.yaml network.neighbours=16 output.directory=moving --restart auto
  says err "network.neighbours"'

it 'files and data that do not fit are one line and code 2' '
  code 2 sinew train mmpde.yaml network.mover=none.h5
  lines 1 err
  says err "none.h5"
  code 2 sinew train mmpde.yaml network.mover=still/last.h5
  lines 1 err
  says err "still/last.h5: parameter /weights/.* is missing"
  code 2 sinew train mmpde.yaml network.neighbours=300
  lines 1 err
  says err "neighbours"
  code 2 sinew train mmpde.yaml train.initial=mover/last.h5
  lines 1 err
  says err "mover/last.h5: parameter branch.* is none of this network"
  code 2 sinew train mmpde.yaml network.mover=strong.h5 train.folded=stop output.directory=folds
  lines 1 err
  says err "training: the mover folds the mesh in [0-9]+ cells of a batch: train it further, or damp it"
  code 2 sinew train dmm.yaml train.initial=still/last.h5
  lines 1 err
  says err "still/last.h5"
  code 2 sinew train dmm.yaml data.files=nan.h5
  lines 1 err
  says err "nan.h5: array u.*expected a finite number"'
finish
