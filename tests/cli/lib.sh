# For end-to-end tests in bash; source it. A test is a list of
#   it 'does so' 'commands ...'
# each of them run by itself with `set -e` in a directory of its own test; what a failing one said is printed.
# `finish` ends the test. Everything is below $work, which is removed.
set -u
: "${SINEW:?the program to test}" "${SINEW_SOURCE:?the source tree}"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
work=$(mktemp -d)
tidy() { :; } # a test may define more
trap 'tidy; cd /; rm -rf "$work"' EXIT
cd "$work" || exit 1
tests=0 failures=0

it() {
  tests=$((tests + 1))
  # not within an `if`, where set -e would have no effect
  (set -e; eval "$2") >"$work/.log" 2>&1 </dev/null
  local code=$?
  if [ $code = 0 ]; then
    echo "ok $tests - $1"
  else
    failures=$((failures + 1))
    echo "not ok $tests - $1 (exit $code)"
    sed 's/^/#   /' "$work/.log" | tail -n 60
  fi
}

finish() {
  echo "$((tests - failures)) of $tests"
  [ $failures = 0 ]
  exit
}

# sinew WORDS ...: on one rank. ranks N WORDS ...: on N. Both leave out and err, and return the exit code.
sinew() { "$SINEW" "$@" >out 2>err; }
ranks() {
  local n=$1
  shift
  [ "$n" = 1 ] && { sinew "$@"; return; } # without mpirun's own remarks
  mpirun -n "$n" "$SINEW" "$@" >out 2>err
}

# code N COMMAND ...: succeeds when COMMAND exits with N
code() {
  local wanted=$1 got=0
  shift
  "$@" || got=$?
  [ "$got" = "$wanted" ] && return
  echo "exit $got, not $wanted: $*"
  tail -n 20 out err
  return 1
}

# says FILE PATTERN: the file has a line that matches the extended expression
says() {
  grep -Eq -- "$2" "$1" && return
  echo "$1 does not say '$2':"
  cat "$1"
  return 1
}

# lines N FILE: the file has N lines
lines() {
  [ "$(wc -l <"$2")" = "$1" ] && return
  echo "$2 has not $1 lines:"
  cat "$2"
  return 1
}

newest() { ls "$1"/checkpoints/???????.h5 | tail -n 1; }

# never COMMAND ...: it must fail (a `!` would be ignored by set -e)
never() { if "$@"; then return 1; fi; }

# The fields of a file, to the last bit and with their checksums, as text.
dump() { h5dump -m %a -g /fields "$1" | tail -n +2; }

# same_bits A B: equal fields, by `sinew compare` and by another program where there is one
same_bits() {
  code 0 sinew compare "$1" "$2" --tolerance 0
  command -v h5dump >/dev/null || return 0
  dump "$1" >a.dump
  dump "$2" >b.dump
  cmp a.dump b.dump
}

# same_states A B: output directories whose series and histories say the same
same_states() {
  cmp "$1/fields.xmf" "$2/fields.xmf"
  diff "$1/history.csv" "$2/history.csv"
}

# whether a file is XML: true where nothing can tell
well_formed() {
  if command -v python3 >/dev/null; then
    python3 -c 'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])' "$1"
  elif command -v xmllint >/dev/null; then
    xmllint --noout "$1"
  fi
}

# succeeds when COMMAND does, soon
until_true() { # COMMAND ...
  for _ in $(seq 300); do "$@" && return; sleep 0.1; done
  echo "waited in vain: $*"
  return 1
}
