#!/usr/bin/env bash
# TIMEOUT 120
# Every command answers sensibly.
. "$(dirname "$0")/lib.sh"

cat >sod.yaml <<'D'
title: a tube
equation: {type: euler}
grid: {cells: 64, boundary: {x: outflow}}
initial: {type: sod}
time: {end: 0.05}
checkpoint: {every_steps: 2}
D

it "help names every command" '
  code 0 sinew help
  for name in run check list info compare plot; do says out "^  $name "; done
  cp out help
  code 0 sinew --help
  cmp out help
  code 2 sinew
  cmp err help'

it "each command has help of its own" '
  for name in run check list info compare plot; do
    code 0 sinew $name --help
    says out "sinew $name "
    lines 0 err
  done'

it "an unknown command is exit 2" '
  code 2 sinew frobnicate
  says err "no command frobnicate"'

it "list: the keys of a deck" '
  code 0 sinew list
  for key in grid.cells time.end output.every checkpoint.every_steps; do says out "^$key "; done
  code 0 sinew list output
  for key in output.every output.image.field; do says out "^$key "; done
  [ "$(grep -c "^grid.cells " out)" = 0 ]'

it "list NAME: the keys of an equation or a stepper" '
  code 0 sinew list euler
  for key in equation.gamma equation.flux initial.type:.sod "output field: mach"; do says out "$key"; done
  code 0 sinew list ssp
  says out "^stepper.scheme .*rks2.*rks3"
  code 0 sinew list equations
  for name in advection burgers diffusion euler; do says out "^equation.type: $name "; done
  code 0 sinew list steppers
  for name in euler ssp rk arkimex bdf cn beuler; do says out "^stepper.type: $name "; done
  code 2 sinew list nothing
  lines 1 err'

it "check: the plan, and no file" '
  code 0 sinew check sod.yaml
  says out "^a tube"
  says out "^grid +64 cells"
  says out "^time +to 0.05, .*about [0-9]+ steps"
  lines 0 err
  [ ! -e out/sod ]
  code 0 sinew check sod.yaml stepper.reconstruction=weno5
  says out "^note .*rks3"
  code 0 ranks 2 check sod.yaml
  says out "boxes of 32 cells"'

it "run: where everything is, and a last line for programs" '
  code 0 sinew run sod.yaml output.directory=a
  says out "^speed .* steps"
  says out "^error +rho +L1"
  says out "^ParaView +a/fields.xmf \(2 states\)"
  says out "^history +a/history.csv"
  tail -n 1 out | grep -Eq "^RESULT status=done code=0 step=[0-9]+ t=0.05[0-9]* checkpoint=a/checkpoints/[0-9]+.h5"
  code 0 sinew run sod.yaml output.directory=quiet --quiet
  lines 0 out
  lines 0 err'

it "a second run in the same place sets the files of the first aside" '
  cp -r a b
  code 0 sinew run sod.yaml output.directory=b
  [ -e b/history.csv.1 ]
  [ -d b/checkpoints.1 ]
  cmp b/history.csv a/history.csv'

it "info: what a file is, and whether it is whole" '
  code 0 sinew info "$(newest a)"
  says out "sinew checkpoint"
  says out "title +a tube"
  says out "/fields/rho +1x1x64 +float64 .* ok$"
  says out "checksums: ok"
  code 0 sinew info a/fields_000001.h5
  says out "checksums: ok"
  code 2 sinew info sod.yaml
  lines 1 err
  cp "$(newest a)" damaged.h5
  at=$(h5dump -p -H -d /fields/rho damaged.h5 2>/dev/null | sed -n "s/.*OFFSET //p")
  [ -z "$at" ] || {
    printf "xyz" | dd of=damaged.h5 bs=1 seek=$((at + 8)) conv=notrunc
    code 2 sinew info damaged.h5
    says out "/fields/rho .*DAMAGED"
  }'

it "compare: 0 equal, 1 different, 2 not to be compared" '
  code 0 sinew compare a/fields_000001.h5 b/fields_000001.h5
  says out "^same"
  code 1 sinew compare a/fields_000000.h5 a/fields_000001.h5
  says out "^different"
  code 0 sinew compare a/fields_000000.h5 a/fields_000001.h5 --tolerance 10
  code 1 sinew compare a/fields_000000.h5 a/fields_000001.h5 --fields rho --norm l1 --relative --tolerance 1e-3
  says out "rho"
  never grep -q velocity out
  code 2 sinew compare a/fields_000001.h5 sod.yaml
  lines 1 err
  code 2 sinew compare a/fields_000001.h5'

it "plot: a picture" '
  code 0 sinew plot a/fields_000001.h5 -o p.png
  head -c 4 p.png | grep -q PNG
  code 0 sinew plot "$(newest a)" --field rho -o q.png
  head -c 4 q.png | grep -q PNG
  code 2 sinew plot a/fields_000001.h5 --field nothing -o r.png
  lines 1 err
  says err "p, rho, velocity"
  [ ! -e r.png ]'
finish
