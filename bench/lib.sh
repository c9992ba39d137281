# shellcheck shell=bash
# What benchmarks share: a Python that has a module, and figures of files of `key value ...` lines. Sourced.

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
