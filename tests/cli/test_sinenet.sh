#!/usr/bin/env bash
# TIMEOUT 400
# WEIGHT 2
# The stepper sinenet from a deck: what a run leaves behind, and what is said about networks and decks that do not fit.
. "$(dirname "$0")/lib.sh"
"${SINEW_TEST_PROGRAMS:?where the programs of tests are}/make_networks" || exit 1
head -c 20000 good.h5 >short.h5
echo 'no network' >text.h5

cat >good.yaml <<'D'
equation: {type: burgers}
grid: {cells: [32, 48]}
initial: {type: sine}
stepper: {type: sinenet, weights: good.h5}
time: {end: 0.5}
output: {every: 0.1, history_every: 1}
D
sed 's/good.h5/back.h5, warm_up: {type: ssp}/' good.yaml >back.yaml
cat >euler.yaml <<'D'
equation: {type: euler}
grid: {cells: [32, 32]}
initial: {type: kelvin_helmholtz}
stepper: {type: sinenet, weights: euler.h5, warm_up: {type: ssp}, restore_mean: [rho, energy], project: faces}
reference: {stepper: {type: ssp}}
time: {end: 0.05}
output: {every: 0.01, fields: [rho, velocity], image: {field: rho, compare: true}, history_every: 1}
D

it "runs from a deck" '
  code 0 sinew run good.yaml output.directory=good
  says out "^RESULT status=done code=0 step=10 t=0.5 "
  lines 12 good/history.csv
  code 0 ranks 2 run good.yaml output.directory=two
  code 0 sinew compare "$(newest good)" "$(newest two)" --relative --tolerance 1e-5'

it "the plan names network, parameters, work, memory, steps and who makes the first ones" '
  code 0 sinew check back.yaml
  says out "^network   .*back.h5"
  says out "2 waves of 4 channels, [0-9]+ parameters, [0-9.e-]+ GFLOP a step, [0-9.]+ MB a rank, f32"
  says out "steps of 0.05 from 3 frames, the first made by ssp"'

it "a reference is in series, history, picture and last words" '
  code 0 ranks 2 run euler.yaml output.directory=euler
  says out "^reference rho +L1 "
  head -n 1 euler/history.csv | grep -q "error_l2_rho,error_l2_velocity_x,error_l2_velocity_y,error_l2_p$"
  for field in rho rho_reference rho_error velocity velocity_reference velocity_error; do
    says euler/fields.xmf "Name=\"$field\""
  done
  well_formed euler/fields.xmf
  [ -s euler/rho_compared.png ]
  # the warm-up is the reference itself, to rounding; what a random network makes is not
  awk -F, "NR > 1 && \$1 <= 2 && \$(NF - 3) > 1e-12 || \$1 == 3 && \$(NF - 3) < 1e-6 {exit 1}" euler/history.csv'

it "a continued run repeats the run" '
  code 0 sinew run euler.yaml output.directory=whole checkpoint.every_steps=1
  for steps in 1 3; do
    code 0 sinew run euler.yaml output.directory=part.$steps stepper.max_steps=$steps
    code 0 sinew run euler.yaml output.directory=part.$steps --restart auto
    same_bits "$(newest whole)" "$(newest part.$steps)"
    same_states whole part.$steps
  done'

it "other weights than the checkpoint was made with are noted" '
  code 0 sinew run good.yaml output.directory=noted time.end=0.2
  cp good.h5 kept.h5
  "$SINEW_TEST_PROGRAMS/make_networks"
  cp walls.h5 good.h5
  code 2 sinew run good.yaml output.directory=noted --restart auto
  code 0 sinew convert kept.h5 same.safetensors
  code 0 sinew convert same.safetensors good.h5
  code 0 sinew run good.yaml output.directory=noted --restart auto
  says err "the weights are not those that .* was made with"
  cp kept.h5 good.h5'

it "a checkpoint without a reference cannot go on with one" '
  code 0 sinew run good.yaml output.directory=without time.end=0.2
  code 2 sinew run good.yaml output.directory=without "reference={stepper: {type: ssp}}" --restart auto
  lines 1 err
  says err "has no reference"'

# wrong TITLE PATTERN OVERRIDES: one line and exit 2 on the numbers of ranks in $on, and no file
on='1 2'
wrong() {
  local words=("${@:3}") quoted
  printf -v quoted '%q ' "${words[@]}"
  it "$1" "
    for n in $on; do
      code 2 ranks \$n run good.yaml output.directory=none $quoted
      [ \$n = 2 ] || lines 1 err
      [ \"\$(grep -Ec '$2' err)\" = 1 ] || { cat err; false; }
    done
    [ ! -e none ]"
}
wrong 'no such file' 'command line: stepper.weights: cannot read the file .*nowhere.h5' stepper.weights=nowhere.h5
wrong 'a missing parameter' 'missing.h5: parameter .* is missing' stepper.weights=missing.h5
wrong 'an extra parameter' 'extra.h5: parameter down.7.0.shortcut.bias is none' stepper.weights=extra.h5
wrong 'a parameter of another shape' 'shape.h5: parameter .* has shape .* needs' stepper.weights=shape.h5
wrong 'a parameter that is no number' 'nan.h5: parameter .* is not finite at entry 0' stepper.weights=nan.h5
wrong 'a truncated file' 'short.h5: ' stepper.weights=short.h5
wrong 'a file of something else' 'text.h5: ' stepper.weights=text.h5
wrong 'another number of channels' 'stepper.fields: expected 2 names, the channels of a frame in two.h5, found 1' \
  stepper.weights=two.h5 stepper.fields=u
wrong 'other fields' 'stepper.fields: expected each of u of burgers once, found v' stepper.fields=v
wrong 'walls where the network knows none' 'good.h5 was trained with circular padding: expected a grid that is periodic' \
  'grid.boundary={x: outflow, y: outflow}'
wrong 'no walls where the network knows them' 'walls.h5 was trained with zero padding: expected .* not periodic' \
  stepper.weights=walls.h5
wrong 'a grid that cannot be halved' \
  'grid.cells: expected a multiple of 16 along y, .*nearest: 32 or 48.*, found 40' 'grid.cells=[32, 40]'
wrong 'a grid of one dimension' 'grid.cells: expected 2 dimensions' 'grid.cells=[32]'
on=1 # what the deck alone says is the same on all ranks
wrong 'a stretched grid' 'grid.stretch: expected uniform cells' 'grid.stretch={x: x^2}'
wrong 'an end between two steps' 'time.end: expected a multiple of 0.05, the only step of sinenet, found 0.52' \
  time.end=0.52
wrong 'an output between two steps' 'output.every: expected a multiple of 0.05' output.every=0.03
wrong 'a picture between two steps' 'output.image.every: expected a multiple' 'output.image={field: u, every: 0.07}'
wrong 'another step' 'stepper.dt: expected 0.05, the time step of good.h5, found 0.1' stepper.dt=0.1
wrong 'no warm-up' 'good.yaml:4:10: stepper: missing warm_up: the network looks back 2 steps' stepper.weights=back.h5
wrong 'a warm-up that is no classical stepper' 'stepper.warm_up: expected a classical stepper, found sinenet' \
  stepper.weights=back.h5 'stepper.warm_up={type: sinenet, weights: good.h5}'
wrong 'a mean of what is not there' 'stepper.restore_mean: expected conserved variables of burgers' \
  stepper.restore_mean=rho
wrong 'a projection without a velocity' 'stepper.project: burgers has no velocity' stepper.project=faces
wrong 'a key of other steppers' 'stepper.cfl: unknown key' stepper.cfl=0.5
wrong 'a comparison without a reference' 'output.image.compare: there is no section reference' \
  'output.image={field: u, compare: true}'

it "mistakes of the deck carry line and column" '
  sed "s/end: 0.5/end: 0.52/; s/every: 0.1/every: 0.07/; s/48/40/; s/weights: good.h5/weights: good.h5, fields: [v]/" good.yaml >four.yaml
  code 2 sinew check four.yaml
  lines 4 err
  for at in 2:15 4:52 5:13 6:17; do says err "^four.yaml:$at: "; done'

it "a file with nothing but the network wants the rest from the deck" '
  sed "s/good.h5/bare.h5/" good.yaml >bare.yaml
  code 2 sinew check bare.yaml
  lines 4 err
  for key in dt fields mean sd; do says err "^bare.yaml:4:10: stepper: missing $key: bare.h5 "; done
  code 0 sinew run bare.yaml output.directory=bare stepper.dt=0.05 stepper.fields=u stepper.mean=0.1 stepper.sd=0.5
  code 0 sinew run good.yaml output.directory=full
  same_bits "$(newest bare)" "$(newest full)"'

it "boxes that are too small are refused with a grid that is not" '
  code 2 ranks 5 run good.yaml "grid.cells=[16, 16]" output.directory=none "reference={stepper: {type: ssp, reconstruction: weno5}}"
  says err "^grid.cells: 16 x 16 cells cannot be cut into 5 boxes .* or at least (16 x 20|20 x 16)$"'
finish
