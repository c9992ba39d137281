# shellcheck shell=bash
# What benchmarks share: a Python that has a module, figures of files of `key value ...` lines, runs in turn. Sourced.

python_with() { # MODULE HINT: sets python, to nothing where none has it
  local p
  python=
  for p in ${PYTHON:-python3 /usr/bin/python3}; do
    "$p" -c "import $1" 2>/dev/null && python=$p && break
  done
  [ -n "$python" ] || echo "no $2: its lines are left out"
}
of() { # KEY FILE: its values
  awk -v key="$1" '{for (i = 1; i < NF; i += 2) if ($i == key) print $(i + 1)}' "$2"
}
middle() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
median() { of "$1" "$2" | middle; }
least() { of "$1" "$2" | sort -g | head -n 1; }
ratio() { awk "BEGIN {printf \"%.2f\", $1 / $2}"; }
paired() { # A B: the median of the ratios of their lines
  paste "$1" "$2" | awk '{printf "%.2f\n", $1 / $2}' | middle
}
layers() { # FILE: rows of -sinew_layer_times tables; the least seconds of each layer, forth and back, summed
  awk -F, '!($1 in f) || $8 < f[$1] {f[$1] = $8} !($1 in b) || $9 < b[$1] {b[$1] = $9} END {for (k in f) s += f[k] + b[k]; print s}' "$1"
}
against() { # TITLE FILE OTHER GOAL: how many times faster FILE is
  printf '%-26s %s times (least against least %s, of processor time %s; goal %s)\n' "$1" \
    "$(paired <(of seconds "$3") <(of seconds "$2"))" "$(ratio "$(least least "$3")" "$(least least "$2")")" \
    "$(ratio "$(least cpu "$3")" "$(least cpu "$2")")" "$4"
}

# Of networks: `run RANKS MORE...` is theirs, `cores` how many there are. One rank and two in turn, three times (files one, two);
# both with times of layers (layers1, layers2); what that says.
pairs() { # MORE...
  local _
  for _ in 1 2 3; do
    run 1 "$@" >>one
    [ "$cores" -lt 2 ] || run 2 "$@" >>two
  done
}
layer_times() { # MORE...
  local ranks
  [ "$cores" -ge 2 ] || return 0
  for ranks in 1 2; do
    run "$ranks" "$@" -sinew_layer_times layers.csv >/dev/null
    tail -n +2 layers.csv >>"layers$ranks"
  done
}
two_against_one() { # GOAL
  [ "$cores" -ge 2 ] || return 0
  against 'two ranks against one' two one "$1"
  printf '%-26s %s times, what waits for disturbed ranks left out\n' '  layer by layer at least' \
    "$(ratio "$(layers layers1)" "$(layers layers2)")"
}

user_seconds() { # LOG COMMAND...: of its processor time; what it says goes to LOG
  local TIMEFORMAT=%U
  { time "${@:2}" >"$1" 2>&1; } 2>&1
}

# Of decks in this folder: user CPU seconds of each, the least of runs in turn, less those of start.yaml.
deck_seconds() { # BUILD REPETITIONS [PATTERN of names that are run once]
  local name round seconds
  for round in $(seq "$2"); do
    for name in *.yaml; do
      name=${name%.yaml}
      # shellcheck disable=SC2053
      [[ $round -gt 1 && $name == ${3:-} ]] && continue
      seconds=$(user_seconds "$name.log" "$1/bin/sinew" run "$name.yaml") || { cat "$name.log"; exit 1; }
      echo "$name $seconds"
    done
  done >times
  awk '{ if (!($1 in t) || $2 < t[$1]) t[$1] = $2 }
       END { for (k in t) if (k != "start") printf "%-24s %.3f s\n", k, t[k] - t["start"] }' times | sort -V
}
