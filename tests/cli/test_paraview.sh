#!/usr/bin/env bash
# TIMEOUT 300
# LABELS shell paraview
# ParaView sees in every kind of series what its files hold; so does what docs/files.md says about other programs.
. "$(dirname "$0")/lib.sh"
here=$SINEW_SOURCE/tests/cli
python=
for candidate in /usr/bin/python3 python3; do # the system's own, for which packages are installed
  $candidate -c 'import h5py, numpy' 2>/dev/null && python=$candidate && break
done

# One virtual display for all; the server chooses its number and says it when it listens.
display() {
  Xvfb -displayfd 3 -noreset -screen 0 800x800x24 -nolisten tcp >/dev/null 2>&1 3>"$work/.display" &
  server=$!
  for _ in $(seq 100); do [ -s "$work/.display" ] && break; sleep 0.1; done
  export DISPLAY=:$(cat "$work/.display")
}
tidy() {
  [ ! -d "$work/going" ] || touch "$work/going/stop"
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null
  wait
}
pv() { timeout -s KILL 120 pvbatch "$@"; }
series() { # NAME DECK-LINES ...: a run and what ParaView makes of it
  local name=$1
  shift
  printf '%s\n' "$@" "output: {every: 0.02, history_every: 0, precision: ${precision:-double}}" "checkpoint: {at_end: false}" >"$name.yaml"
  code 0 ranks 2 run "$name.yaml" output.directory="$name"
  pv "$here/paraview_reads.py" "$name/fields.xmf" "${picture:--}" >seen
  says seen "Xdmf3ReaderS: 3 times, .* fields as written"
  says seen "Xdmf3ReaderT: 3 times, .* fields as written"
}
euler="equation: {type: euler}"
short="time: {end: 0.04}"

pvbatch=
if command -v pvbatch >/dev/null && command -v Xvfb >/dev/null && display && pv -c 'import h5py'; then pvbatch=yes; fi
if [ "$pvbatch" ]; then
  it "a line" 'series line "$euler" "grid: {cells: [50], boundary: {x: outflow}}" "initial: {type: sod, x0: 0.5}" "$short"'
  it "a plane, with a picture" '
    picture=plane.png series plane "$euler" "grid: {cells: [24, 16]}" "initial: {type: kelvin_helmholtz}" "$short"
    [ "$(head -c 8 plane.png | od -An -c | tr -d " ")" = "211PNG\r\n032\n" ]'
  it "a stretched plane" '
    series stretched "$euler" "grid: {cells: [24, 16], stretch: {y: \"y+0.05*sin(2*pi*y)\"}}" \
      "initial: {type: kelvin_helmholtz}" "$short"'
  it "a box, single precision, the oldest reader too" '
    precision=single series box "$euler" "grid: {cells: [12, 10, 8]}" "initial: {type: sedov, radius: 0.3}" "$short"
    says seen "XDMFReader: 3 times, 960 cells"'
  it "a stretched box" '
    series stretched_box "$euler" "grid: {cells: [12, 10, 8], stretch: {z: \"z^2\"}, boundary: {z: wall}}" \
      "initial: {type: sedov, radius: 0.3}" "$short"
    says seen "XDMFReader: 3 times, 960 cells"'
  it "a plane that moves, with a picture" '
    picture=moving.png series moving "equation: {type: burgers, viscosity: 0.005}" "grid: {cells: [24, 20]}" \
      "initial: {type: expression, u: \"exp(-((x - 0.5)^2 + (y - 0.5)^2) / 0.02)\"}" "mesh_motion: {type: monge_ampere}" \
      "$short"
    says seen "^moving: yes"
    [ "$(head -c 8 moving.png | od -An -c | tr -d " ")" = "211PNG\r\n032\n" ]'
  it "a box that moves" '
    series moving_box "$euler" "grid: {cells: [10, 8, 6], boundary: {x: wall}}" \
      "initial: {type: sedov, radius: 0.3}" "stepper: {type: ssp, scheme: rks2}" \
      "mesh_motion: {type: monge_ampere, field: p}" "$short"
    says seen "^moving: yes"
    says seen "XDMFReader: 3 times, 480 cells"'
  it "beside a reference: its fields and the differences" '
    series compared "$euler" "grid: {cells: [24, 16]}" "initial: {type: kelvin_helmholtz}" \
      "reference: {stepper: {type: ssp, scheme: rks3}}" "$short"
    says seen "Xdmf3ReaderS: 3 times, 384 cells, 9 fields"'
  it "fields on staggered cells" '
    series flow "equation: {type: navier_stokes, viscosity: 0.01}" "grid: {cells: [16, 12], boundary: {x: periodic, y: no_slip}}" \
      "initial: {type: expression, velocity_x: \"sin(2*pi*y)\"}" "stepper: {type: ssp, scheme: rks3}" "$short"'
  it "a body of tetrahedra" '
    code 0 ranks 2 run "$SINEW_SOURCE/examples/elastic_torus.yaml" output.directory=body output.every=0.025 time.end=0.05 \
      stepper.network.width=6 stepper.points=64 stepper.solver.iterations=2 checkpoint.at_end=false
    pv "$here/paraview_reads.py" body/body.xmf - displacement >seen
    says seen "Xdmf3ReaderS: 3 times, 1296 cells, 1 fields as written"
    says seen "Xdmf3ReaderT: 3 times, 1296 cells, 1 fields as written"'
  it "a run that goes on" '
    cp plane.yaml going.yaml
    mpirun -n 2 "$SINEW" run going.yaml output.directory=going time.end=1e9 output.every=0.5 >going.log 2>&1 &
    until [ -e going/fields_000003.h5 ]; do sleep 0.05; done
    pv "$here/paraview_reads.py" going/fields.xmf - >seen
    touch going/stop
    wait || true
    says seen "fields as written"'
else
  echo "# no ParaView with Xvfb and h5py: not tested"
fi

if [ "$python" ]; then
  mkdir docs
  cd docs || exit 1
  it "the quickstart, small" '"$SINEW" run "$SINEW_SOURCE/examples/quickstart.yaml" grid.cells=[32,32] time.end=0.2 output.every=0.1'
  if [ "$pvbatch" ]; then
    it "the film" 'pv "$SINEW_SOURCE/examples/paraview/billows.py" out/quickstart >seen; says seen "3 pictures"'
  fi
  for language in h5py xarray; do
    # the first code block below the heading
    awk -v heading="## $language" '$0 == heading {on = 1} on && /^```$/ {exit} on && code {print} on && /^```python$/ {code = 1}' \
      "$SINEW_SOURCE/docs/files.md" >reads_$language.py
    if $python -c "import $language" 2>/dev/null; then
      it "what docs/files.md says about $language" "$python reads_$language.py >seen; cat seen; [ \$(wc -l <seen) = 1 ]"
    else
      echo "# no $language: not tested"
    fi
  done
fi
[ $tests -gt 0 ] || exit 77
finish
