#!/usr/bin/env bash
# TIMEOUT 400
# A run that is stopped and continued ends as one that never stopped.
. "$(dirname "$0")/lib.sh"

deck() { # NAME: standard input as a deck, with what all of them share
  { cat; echo 'checkpoint: {every_steps: 5}'; } >"$1.yaml"
}

deck euler_rks2 <<'D'
equation: {type: euler}
grid: {cells: [24, 16], boundary: {x: periodic, y: periodic}}
initial: {type: kelvin_helmholtz}
stepper: {type: ssp, scheme: rks2}
time: {end: 0.3}
output: {every: 0.05, history_every: 3}
D
deck euler_weno <<'D'
equation: {type: euler}
grid: {cells: 64, boundary: {x: outflow}}
initial: {type: sod}
stepper: {type: ssp, scheme: rks3, reconstruction: weno5, variables: characteristic}
time: {end: 0.2}
output: {every: 0.03, history_every: 3}
D
deck burgers_3bs <<'D'
equation: {type: burgers, viscosity: 0.001}
grid: {cells: 64, boundary: {x: periodic}}
initial: {type: sine, offset: 1}
stepper: {type: rk, scheme: 3bs, control: error}
time: {end: 0.3}
output: {every: 0.1, history_every: 3}
D
deck diffusion_arkimex <<'D'
equation: {type: diffusion, diffusivity: "0.01 * (1 + x)"}
grid: {cells: [16, 16], boundary: {x: periodic, y: periodic}}
initial: {type: gaussian}
stepper: {type: arkimex}
time: {end: 0.5}
output: {every: 0.1, history_every: 3}
D
deck diffusion_cn <<'D'
equation: {type: diffusion, diffusivity: 0.01}
grid: {cells: [16, 16], boundary: {x: periodic, y: periodic}}
initial: {type: sine}
stepper: {type: cn, dt: 0.01}
time: {end: 0.2}
output: {every: 0.05, history_every: 3}
D
deck diffusion_bdf <<'D'
equation: {type: diffusion, diffusivity: 0.01}
grid: {cells: [16, 16], boundary: {x: periodic, y: periodic}}
initial: {type: sine}
stepper: {type: bdf}
time: {end: 0.5}
output: {every: 0.1, history_every: 3}
D
deck burgers_sinenet <<D
equation: {type: burgers, viscosity: 0.01}
grid: {cells: [64, 64]}
initial: {type: sine}
stepper: {type: sinenet, weights: $SINEW_SOURCE/examples/burgers_sinenet.h5}
reference: {stepper: {type: rk, scheme: 3bs}}
time: {end: 1}
output: {every: 0.1, history_every: 3}
D
deck flow_spectral <<'D'
equation: {type: navier_stokes, viscosity: 0.001, scalars: [dye], stirring: {power: 0.1, wavenumber: 20, width: 10}}
grid: {cells: [24, 16]}
initial: {type: shear_layers}
stepper: {type: spectral}
time: {end: 0.4}
output: {every: 0.05, history_every: 3, fields: [velocity, vorticity]}
D
deck flow_staggered <<'D'
equation: {type: navier_stokes, viscosity: 0.001, scalars: [smoke], buoyancy: [0, 1]}
grid: {cells: [24, 16], boundary: {x: periodic, y: no_slip}}
initial: {type: smoke}
stepper: {type: ssp, scheme: rks3}
time: {end: 1.5}
output: {every: 0.05, history_every: 3}
D

steps() { sed -n 's/^RESULT .*step=\([0-9]*\) .*/\1/p' out; }

# continued DECK FROM TO: from FROM ranks, stopped half-way, to TO ranks; everything in DECK.FROM.TO
continued() {
  local total
  total=$(cat "$1.steps")
  code 0 ranks "$2" run "$1.yaml" output.directory="$1.$2.$3" stepper.max_steps=$((total / 10 * 5))
  code 0 ranks "$3" run "$1.yaml" output.directory="$1.$2.$3" --restart auto
  [ "$(steps)" = "$total" ] || { echo "$(steps) steps, not $total"; return 1; }
}

# A B: equal to rounding, which in a network of floats is 1e-6 a step (ranks cut maps into other blocks of products)
close() {
  local tolerance=1e-7
  case $1 in *sinenet*) tolerance=1e-5 ;; esac
  code 0 sinew compare "$1" "$2" --relative --tolerance $tolerance
}

for name in euler_rks2 euler_weno burgers_3bs diffusion_arkimex diffusion_cn diffusion_bdf burgers_sinenet flow_spectral \
  flow_staggered; do
  it "$name runs" '
    code 0 ranks 1 run $name.yaml output.directory=$name.whole
    steps >$name.steps
    [ "$(cat $name.steps)" -ge 10 ]'
  it "$name is continued to the last bit" '
    continued $name 1 1
    same_bits "$(newest $name.whole)" "$(newest $name.1.1)"
    same_states $name.whole $name.1.1'
  case $name in
  diffusion* | *sinenet | flow*)
    it "$name is continued on other numbers of ranks, to rounding" '
      continued $name 1 2
      close "$(newest $name.whole)" "$(newest $name.1.2)"
      continued $name 2 1
      close "$(newest $name.whole)" "$(newest $name.2.1)"' ;;
  *)
    it "$name is continued on other numbers of ranks, to the last bit" '
      continued $name 1 2
      same_bits "$(newest $name.whole)" "$(newest $name.1.2)"
      cmp $name.whole/fields.xmf $name.1.2/fields.xmf
      continued $name 2 1
      same_bits "$(newest $name.whole)" "$(newest $name.2.1)"
      cmp $name.whole/fields.xmf $name.2.1/fields.xmf' ;;
  esac
done

it "a state between outputs is no state of the continued run" '
  code 0 sinew run euler_rks2.yaml output.directory=odd stepper.max_steps=7
  code 0 sinew run euler_rks2.yaml output.directory=odd --restart auto
  same_bits "$(newest euler_rks2.whole)" "$(newest odd)"
  same_states euler_rks2.whole odd'

it "a continuation with nothing left to do changes nothing" '
  cp -r euler_rks2.whole again
  code 0 sinew run euler_rks2.yaml output.directory=again --restart auto
  same_bits "$(newest euler_rks2.whole)" "$(newest again)"
  same_states euler_rks2.whole again
  code 0 sinew run euler_rks2.yaml output.directory=few stepper.max_steps=7
  cp -r few few.before
  code 0 sinew run euler_rks2.yaml output.directory=few stepper.max_steps=7 --restart auto
  [ "$(steps)" = 7 ]
  same_states few.before few'

it "rejected steps are counted on" '
  printf "%s\n" "equation: {type: burgers}" "grid: {cells: 64, boundary: {x: periodic}}" "initial: {type: square}" \
    "stepper: {type: rk, scheme: 3bs, control: error, dt: 0.1, rtol: 1e-5, atol: 1e-5}" "time: {end: 0.3}" \
    "output: {history_every: 1}" "checkpoint: {every_steps: 5}" >rejecting.yaml
  code 0 sinew run rejecting.yaml output.directory=r.whole
  tail -n 1 r.whole/history.csv | awk -F, "{exit !(\$4 > 0)}"
  code 0 sinew run rejecting.yaml output.directory=r stepper.max_steps=10
  code 0 sinew run rejecting.yaml output.directory=r --restart auto
  same_bits "$(newest r.whole)" "$(newest r)"
  same_states r.whole r'

it "auto without a checkpoint begins afresh" '
  code 0 sinew run euler_weno.yaml output.directory=fresh --restart auto
  says out "starting afresh"
  same_bits "$(newest euler_weno.whole)" "$(newest fresh)"'

it "a missing file is one line and exit 2" '
  code 2 sinew run euler_weno.yaml output.directory=missing --restart nowhere.h5
  lines 1 err
  says err "nowhere.h5"
  [ ! -e missing ]'

it "on two ranks as well" '
  code 2 ranks 2 run euler_weno.yaml output.directory=missing --restart nowhere.h5
  [ "$(grep -c nowhere.h5 err)" = 1 ]'

it "a frozen key that changed is exit 2 with both values, and changes no file" '
  cp -r euler_weno.1.1 frozen
  code 2 sinew run euler_weno.yaml grid.cells=96 output.directory=frozen --restart auto
  lines 1 err
  says err "grid.cells.*(64.*96|96.*64)"
  diff -r euler_weno.1.1 frozen'

it "a damaged newest checkpoint is passed over" '
  cp -r euler_weno.1.1 damaged
  printf "x" | dd of="$(newest damaged)" bs=1 seek=$(($(stat -c %s "$(newest damaged)") / 2)) conv=notrunc
  truncate -s -300 "$(newest damaged)"
  code 0 sinew run euler_weno.yaml output.directory=damaged --restart auto
  says err "passed over"
  same_bits "$(newest euler_weno.whole)" "$(newest damaged)"'
finish
