#!/usr/bin/env bash
# TIMEOUT 180
# Evaluations: the trainer's own numbers, on any ranks, with files that say the same; the cost of a solver, also at equal
# error; mistakes.
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

# The waves travel by 0.3 of a wave number a frame: upwind differences lose of each what a formula says.
cat >upwind.yaml <<'D'
equation: {type: advection, velocity: [0.95492965855137202, 0]}
grid: {cells: [64, 64]}
initial: {type: expression, u: "1 + random(1)"}
stepper: {type: euler, dt: 0.025, reconstruction: constant}
time: {end: 7}
ensemble: {members: 3, every: 1, stride: 4}
D
equal="evaluate deck.yaml evaluate.weights=runs/last.h5 data.split=[1,0,0] evaluate.part=train evaluate.classical=upwind.yaml"
# after FRAMES with STEPS steps of a frame on a grid of CELLS, mean over the eight waves
upwind() {
  awk -v frames="$1" -v steps="$2" -v cells="$3" 'BEGIN {
    pi = atan2(0, -1); theta = 2 * pi / cells; turn = 0.3 / steps; courant = turn / theta
    re = 1 - courant * (1 - cos(theta)); im = -courant * sin(theta); n = frames * steps
    rho = (re * re + im * im) ^ (n / 2); phi = n * (atan2(im, re) + turn)
    for (k = 0; k < 8; k++) {
      half = (0.4 + 0.1 * k) ^ 2 / 4
      sum += sqrt((rho * rho - 2 * rho * cos(phi) + 1) * half / (0.09 + half)) / 8
    }
    printf "%.12g", sum
  }'
}
near() { awk "BEGIN {d = $2 - $3; d = d < 0 ? -d : d; exit !(d < $1 * $3)}"; }
costs=runs/equal_error.csv

it "the solver at equal error: its errors on each grid, of waves and a scheme whose loss is known" '
  code 0 sinew $equal "evaluate.equal_error=[1,4,2]"
  says out "cost at equal error: euler of upwind.yaml"
  says out "after 1: the solver (needs|reaches)"
  says out "after 6: the solver (needs|reaches)"
  says out "equal_error.csv, equal_error.png"
  [ -s runs/equal_error.png ]
  [ "$(awk -F, "/^classical/ {print \$2}" $costs | xargs)" = "4 8 16" ]
  near 1e-6 $(cell first_u 4 $costs) $(upwind 1 2 16)
  near 1e-6 $(cell last_u 4 $costs) $(upwind 6 2 16)
  near 0.02 $(cell first_u 3 $costs) $(upwind 1 1 8)
  near 0.02 $(cell last_u 3 $costs) $(upwind 6 1 8)
  near 1e-5 $(cell seconds 3 $costs) $(awk "BEGIN {print 6 * $(cell seconds_step 3 $costs)}")
  close $(cell first_u 1 $costs) $(cell error_u 2 runs/evaluation.csv)
  cp $costs one.csv'

it "on any number of ranks, too" '
  code 0 ranks 2 $equal "evaluate.equal_error=[1,4,2]"
  for line in 2 3 4; do
    near 1e-8 $(cell first_u $line one.csv) $(cell first_u $line $costs)
    near 1e-8 $(cell last_u $line one.csv) $(cell last_u $line $costs)
  done'

it "between two grids by their orders, below the coarsest, beyond the finest" '
  code 0 sinew $equal "evaluate.equal_error=[2,4]"
  wanted=$(cell first_mean 1 $costs)
  near 1e-3 $(awk "BEGIN {a = $(cell first_u 2 $costs); b = $(cell first_u 3 $costs)
                          print 4 * 2 ^ (log(a / $wanted) / log(a / b))}") $(cell nx 4 $costs)
  says $costs "^equal_first,"
  code 0 sinew $equal "evaluate.equal_error=4" evaluate.steps=1
  says out "the solver reaches it on none of these grids \(.* % on 4 x 4\)"
  code 0 sinew $equal evaluate.equal_error=1 evaluate.steps=1
  says out "the solver needs less than .* s a step, on less than 16 x 16 cells: the network is at (least|most)"
  never grep -q last $costs
  code 0 sinew $equal "evaluate.equal_error=[1,4]" evaluate.steps=1
  says out "the solver needs at most .* s a step, on at most 16 x 16 cells: the network is at (least|most)"
  never grep -q equal $costs'

cat >vortices.yaml <<'D'
equation: {type: navier_stokes, viscosity: 0.05}
grid: {cells: [16, 16], upper: [6.283185307179586, 6.283185307179586]}
initial: {type: expression, velocity_x: "cos(x + a) * sin(y)", velocity_y: "-sin(x + a) * cos(y)"}
stepper: {type: spectral, scheme: rk3}
time: {end: 0.6}
ensemble: {members: 4, every: 0.1, fields: {vx: velocity_x, vy: velocity_y}, draw: {a: "6 * random(1)"}}
D
cat >smoke.yaml <<'D'
equation: {type: navier_stokes, viscosity: 0.01, scalars: [smoke], buoyancy: [0, lift]}
grid: {cells: [16, 16], upper: [32, 32], boundary: {x: no_slip, y: wall}}
initial: {type: smoke}
stepper: {type: ssp}
time: {end: 6}
ensemble: {members: 4, first: 3, every: 1, fields: {u: smoke, vx: velocity_x, vy: velocity_y}, draw: {lift: "0.2 + 0.3 * random(1)"}}
D
cat >flows.yaml <<'D'
data: {files: made/vortices_train.h5, vectors: [vx, vy], split: [0.5, 0.5, 0], parameter: a}
network: {hidden: 6, waves: 1, mult: 1.3, padding: circular, fields: [velocity_x, velocity_y]}
train: {epochs: 1, batch: 6}
output: {directory: flows}
evaluate: {part: valid, classical: vortices.yaml, equal_error: [1, 2]}
D
it "modes that both grids know lose nothing" '
  code 0 sinew run vortices.yaml output.directory=made
  code 0 sinew train flows.yaml
  for ranks in 1 2; do
    code 0 ranks $ranks evaluate flows.yaml
    awk -F, "/^classical/ {n++; if (\$8 > 1e-6 || \$11 > 1e-6) exit 1} END {exit n != 2}" flows/equal_error.csv
  done'

it "faces between walls, and numbers of each trajectory: what made the data is exact" '
  code 0 sinew run smoke.yaml output.directory=made
  words="data.files=made/smoke_train.h5 data.scalars=u data.positions=faces data.parameter=lift
    output.directory=smokes evaluate.classical=smoke.yaml evaluate.fields=[smoke,velocity_x,velocity_y]"
  code 0 sinew train flows.yaml network.padding=zeros network.fields=[smoke,velocity_x,velocity_y] $words
  for ranks in 1 2; do
    code 0 ranks $ranks evaluate flows.yaml $words
    awk "BEGIN {exit !($(cell last_mean 3 smokes/equal_error.csv) < 1e-10)}"
    awk "BEGIN {e = $(cell last_mean 2 smokes/equal_error.csv); exit !(0.01 < e && e < 0.5)}"
  done'

it "a solver that breaks down on these frames" '
  sed "s/^equation.*/equation: {type: advection, velocity: [1e300, 0]}/; s/u: .*}/u: \"0*random(1)\"}/" upwind.yaml >burst.yaml
  code 0 sinew $equal "evaluate.equal_error=[1,2]" evaluate.classical=burst.yaml
  says out "^ +8 x 8 +broke down"
  says out "after 6: the solver broke down on all grids"
  lines 2 $costs'

it "a solver without comparison, refused before any work" '
  code 2 sinew evaluate deck.yaml "evaluate.equal_error=[1,2]"
  says err "^command line: evaluate.equal_error: missing evaluate.classical, the deck of the solver"
  code 2 sinew $equal "evaluate.equal_error=[1,3]"
  says err "^command line: evaluate.equal_error: expected divisors of 16 x 16, .*, found 3"
  code 2 sinew $equal evaluate.equal_error=8
  says err "leave 4 or more, found 8"
  code 2 sinew $equal evaluate.equal_error=1 evaluate.fields=w
  says err "^command line: evaluate.fields: expected u, the fields of upwind.yaml, .*, found w"
  sed "s/^grid.*/grid: {cells: [16, 16], stretch: {x: \"x\"}}/" upwind.yaml >stretched.yaml
  code 2 sinew $equal evaluate.equal_error=1 evaluate.classical=stretched.yaml
  says err "stretched.yaml:2:.*: grid.stretch: expected uniform axes"
  sed "s/^stepper.*/stepper: {type: sinenet, weights: runs\/last.h5}/" upwind.yaml >network.yaml
  code 2 sinew $equal evaluate.equal_error=1 evaluate.classical=network.yaml
  says err "network.yaml:4:.*: stepper.type: expected a classical stepper, .*, found sinenet"
  code 2 sinew $equal evaluate.equal_error=1 evaluate.classical=nothing.yaml
  lines 1 err'

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
