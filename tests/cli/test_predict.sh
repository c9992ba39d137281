#!/usr/bin/env bash
# TIMEOUT 240
# WEIGHT 2
# sinew predict: the original's outputs on any number of ranks; a line and code 2 for what does not fit.
. "$(dirname "$0")/lib.sh"
golden=${SINEW_GOLDEN:-$SINEW_SOURCE/../shared/golden}/sinenet
[ -d "$golden" ] || { echo "skipped: no folder $golden (SINEW_GOLDEN says where golden files are)"; exit 77; }
golden=$(cd "$golden" && pwd)

# near FILE GOLDEN DISTANCE: equal outputs; where nothing can tell, an output
near() {
  [ -s "$1" ]
  command -v h5diff >/dev/null || return 0
  h5diff -v -d "$3" "$1" "$2" /output /output >differences || true # attributes differ: checksums, tolerances
  says differences "^0 differences found"
}

for file in "$golden"/zeros_*.h5 "$golden"/circ_*.h5 "$golden"/cond_*.h5 "$golden"/node_*.h5; do
  [ -e "$file" ] || continue
  for n in 1 3; do
    it "$(basename "$file") on $n ranks" "
      code 0 ranks $n predict $file $file -o f64.h5 --precision f64
      near f64.h5 $file 1e-11
      code 0 ranks $n predict $file $file -o f32.h5
      near f32.h5 $file 1e-4
      rm f64.h5"
  done
  it "$(basename "$file") in bfloat16" "
    code 0 sinew predict $file $file -o bf16.h5 --precision bf16
    near bf16.h5 $file 0.3
    ! cmp -s bf16.h5 f32.h5
    rm bf16.h5 f32.h5"
done

one=$(ls "$golden"/zeros_*.h5 | head -n 1)
cond=$(ls "$golden"/cond_*.h5 | head -n 1)
head -c 20000 "$one" >short.h5

# wrong TITLE PATTERN WORDS
wrong() {
  it "$1" "code 2 sinew predict $3; lines 1 err; says err '$2'; [ ! -e out.h5 ]"
}
wrong 'no output named' 'needs MODEL, INPUT and -o OUTPUT' "$one $one"
wrong 'an unknown precision' 'none of f32, bf16, f64' "$one $one -o out.h5 --precision f16"
wrong 'an unknown option' 'no option --fast' "$one $one -o out.h5 --fast"
wrong 'no such model' 'nowhere.h5: No such file' "nowhere.h5 $one -o out.h5"
wrong 'a file without a network' 'config has no model' "$golden/ops.h5 $one -o out.h5"
wrong 'other channels' 'input has .* channels, the network of .* takes' "$one $cond -o out.h5"
wrong 'a truncated file' 'short.h5' "short.h5 $one -o out.h5"
finish
