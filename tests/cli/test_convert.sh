#!/usr/bin/env bash
# TIMEOUT 240
# Networks as safetensors: there and back with all bits, applied like HDF5 files; a line and code 2 for each mistake.
. "$(dirname "$0")/lib.sh"

# tensors FILE HEADER [BYTES]: a safetensors file of that header and as many bytes of zeros
tensors() {
  local n=${#2} octal=""
  for _ in 1 2 3 4 5 6 7 8; do
    octal+=$(printf '\\%03o' $((n % 256)))
    n=$((n / 256))
  done
  { printf "$octal"; printf %s "$2"; head -c "${3:-0}" /dev/zero; } >"$1"
}

# wrong TITLE PATTERN HEADER BYTES
wrong() {
  tensors wrong.safetensors "$3" "$4"
  it "$1" "code 2 sinew convert wrong.safetensors out.h5; lines 1 err; says err '$2'; [ ! -e out.h5 ]"
}
a='{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}'
wrong 'a header that is no JSON' 'wrong.safetensors: header is no JSON' '{"a": }' 0
wrong 'a header that is no object' 'header is no JSON object' '[1]     ' 0
wrong 'a tensor twice' 'header is no JSON: duplicate' "{\"a\":$a,\"a\":$a}" 8
wrong 'an unknown dtype' 'tensor a is of dtype F8_E4M3' '{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}' 8
wrong 'no dtype' 'tensor a is of dtype .none.' '{"a":{"shape":[8],"data_offsets":[0,8]}}' 8
wrong 'a negative extent' 'a has no valid shape' '{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}' 8
wrong 'an extent that is no integer' 'a has no valid shape' '{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}' 8
wrong 'a shape beyond 64 bits' 'has 8 bytes, and its shape' \
  '{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}' 8
wrong 'a shape that does not fill its bytes' 'has 8 bytes, and its shape' '{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}' 8
wrong 'offsets in the wrong order' 'a has no valid data_offsets' '{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}' 8
wrong 'three offsets' 'a has no valid data_offsets' '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}' 8
wrong 'a truncated file' 'tensor a ends 3 bytes after the end' "{\"a\":$a}" 5
wrong 'bytes left over' 'the last 4 bytes belong to no tensor' "{\"a\":$a}" 12
wrong 'tensors that overlap' 'tensors a and b overlap' "{\"a\":$a,\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}" 12
wrong 'a hole' '4 bytes before tensor b belong to none' "{\"a\":$a,\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}" 16
wrong 'metadata that is no text' '__metadata__ entry H is no text' "{\"__metadata__\":{\"H\":16},\"a\":$a}" 8
wrong 'metadata that is no object' '__metadata__ is no object' "{\"__metadata__\":[],\"a\":$a}" 8
wrong 'nothing inside' 'has no arrays in /weights' '{}      ' 0
printf '\377\377\377\377\377\377\377\177{}' >huge.safetensors
printf '\020\000\000' >short.safetensors
it 'a header of a huge length' "code 2 sinew convert huge.safetensors out.h5; lines 1 err; says err 'header of 9223372036854775807 bytes in a file of 10'"
it 'a file without a header' "code 2 sinew convert short.safetensors out.h5; lines 1 err; says err 'not a safetensors file or truncated'"
it 'a file that is not there' "code 2 sinew convert nowhere.safetensors out.h5; lines 1 err; says err 'nowhere.safetensors: No such file'"
it 'too few words' "code 2 sinew convert huge.safetensors; says err 'needs FROM and TO'"
it 'mistakes on more ranks' "code 2 ranks 3 convert huge.safetensors out.h5; says err 'header of'"
tensors good.safetensors "{\"__metadata__\":{\"H\":\"16\",\"mult\":\"1.5\",\"title\":\"a name\",\"list\":\"1 2 3\"},\"a\":$a}" 8
it 'an output that cannot be written' "code 4 sinew convert good.safetensors nowhere/out.h5; lines 1 err
  code 4 sinew convert good.safetensors nowhere/out.safetensors; lines 1 err"
tensors half.safetensors '{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}'
printf '\000\074\000\304\100\100' >>half.safetensors # 1, -4; 3
it 'halves and bfloat16' "
  code 0 sinew info half.safetensors
  says out 'kind  *safetensors'
  says out '/weights/a  *2  *float32  *-4  *1  *-1.5'
  says out '/weights/b  *1  *float32  *3  *3  *3'"
it 'numbers and texts of the metadata' "
  code 0 sinew convert good.safetensors good.h5
  if command -v h5dump >/dev/null; then
    h5dump -A -g /config good.h5 | tr -s ' \n' ' ' >config.txt
    says config.txt 'ATTRIBUTE .H. . DATATYPE H5T_STD_I64LE DATASPACE SCALAR DATA . .0.: 16'
    says config.txt 'ATTRIBUTE .mult. . DATATYPE H5T_IEEE_F64LE DATASPACE SCALAR DATA . .0.: 1.5'
    says config.txt '.0.: 1, 2, 3'
    says config.txt '.0.: .a name.'
  fi"

golden=${SINEW_GOLDEN:-$SINEW_SOURCE/../shared/golden}/sinenet
[ -d "$golden" ] || { echo "the rest is skipped: no folder $golden (SINEW_GOLDEN says where golden files are)"; finish; }
golden=$(cd "$golden" && pwd)

for file in "$golden"/zeros_dis_32x32.h5 "$golden"/cond_*.h5 "$golden"/rollout_*.h5; do
  [ -e "$file" ] || continue
  it "$(basename "$file") there and back" "
    code 0 ranks 2 convert $file one.safetensors
    code 0 sinew convert one.safetensors two.h5
    code 0 sinew convert two.h5 three.safetensors
    cmp one.safetensors three.safetensors
    if command -v h5diff >/dev/null; then
      h5diff -v $file two.h5 /weights /weights >differences || true # attributes differ: checksums
      ! grep -E '^[1-9][0-9]* differences found' differences
    fi
    rm two.h5 three.safetensors"
done

file=$golden/zeros_dis_32x32.h5
code 0 sinew convert "$file" model.safetensors
for n in 1 3; do
  it "predict from safetensors on $n ranks" "
    code 0 ranks $n predict model.safetensors $file -o a.h5
    code 0 ranks $n predict $file $file -o b.h5
    code 0 sinew compare a.h5 b.h5 --tolerance 0 || cmp <(h5dump -d /output a.h5 | tail -n +2) <(h5dump -d /output b.h5 | tail -n +2)"
done

python=
for p in python3 /usr/bin/python3; do "$p" -c 'import torch' 2>/dev/null && python=$p && break; done
config="model=sinenet hidden_channels=8 num_waves=2 mult=1.1 disentangle=1 padding_mode=zeros activation=gelu H=32 W=32
  time_history=4 time_future=1 n_input_scalar_components=1 n_input_vector_components=1 n_output_scalar_components=1
  n_output_vector_components=1 num_blocks=1"
cat >lightning.py <<'PY'
import json, struct, sys, torch
data = open("model.safetensors", "rb")
header = json.loads(data.read(struct.unpack("<Q", data.read(8))[0]))
block, state = bytearray(data.read()), {"normalizer.mean": torch.ones(1, 1, 3, 1, 1), "normalizer.sd": torch.ones(1, 1, 3, 1, 1)}
del header["__metadata__"]
for name, e in header.items():
    begin, end = e["data_offsets"]
    dtype = {"F64": torch.float64, "F32": torch.float32}[e["dtype"]]
    state["model." + name] = torch.frombuffer(block[begin:end], dtype=dtype).reshape(e["shape"])
torch.save({"epoch": 3, "state_dict": state}, "last.ckpt")
PY
[ -z "$python" ] || it 'a Lightning checkpoint' "
  $python lightning.py
  $python $SINEW_SOURCE/tools/checkpoint_to_sinew.py last.ckpt last.safetensors $(echo $config)
  code 0 sinew predict last.safetensors $file -o c.h5
  cmp <(h5dump -d /output a.h5 | tail -n +2) <(h5dump -d /output c.h5 | tail -n +2)
  code 0 sinew convert last.safetensors last.h5
  h5dump -H -d /mean last.h5 | grep -q '( 3 ) / ( 3 )'"

# change FROM TO: the model with its header's text changed, of equal length
change() { sed "s/$1/$2/" model.safetensors >changed.safetensors; }
mistake() {
  change "$2" "$3"
  it "$1" "code 2 sinew predict changed.safetensors $file -o out.h5; lines 1 err; says err 'changed.safetensors: $4'; [ ! -e out.h5 ]"
}
mistake 'a missing parameter' '"final.bias":' '"fiNal.bias":' 'parameter fi[nN]al.bias is'
mistake 'another model' '"model":"sinenet"' '"model":"unetnet"' 'model .unetnet. is no SineNet'
mistake 'another number of channels' '"hidden_channels":"8"' '"hidden_channels":"7"' 'parameter .* has shape .* the network needs'
cp model.safetensors changed.safetensors
size=$(stat -c %s changed.safetensors)
printf '\377\377\377\377\377\377\377\377' | dd of=changed.safetensors bs=1 seek=$((size - 8)) conv=notrunc 2>/dev/null
it 'a NaN' "code 2 sinew predict changed.safetensors $file -o out.h5; lines 1 err; says err 'is not finite'"
finish
