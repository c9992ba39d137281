#!/usr/bin/env python3
"""A PyTorch or Lightning checkpoint as a file for Sinew.

  checkpoint_to_sinew.py CHECKPOINT OUT.safetensors model=sinenet hidden_channels=64 num_waves=8 mult=1.425 disentangle=1 \\
      padding_mode=zeros activation=gelu time_history=4 time_future=1 n_input_scalar_components=1 \\
      n_input_vector_components=1 n_output_scalar_components=1 n_output_vector_components=1 H=128 W=128

The words say what the network is (neural/sinenet.h). `sinew convert OUT.safetensors OUT.h5` makes an HDF5 file of it.
"""
import json
import struct
import sys

import torch

checkpoint, out, *words = sys.argv[1:]
state = torch.load(checkpoint, map_location="cpu")
state = state.get("state_dict", state)
header, blocks, end = {"__metadata__": dict(word.split("=", 1) for word in words)}, [], 0
for name, tensor in state.items():
    if not torch.is_floating_point(tensor):
        continue
    double = tensor.dtype == torch.float64
    blocks.append(tensor.contiguous().to(torch.float64 if double else torch.float32).numpy().tobytes())
    begin, end = end, end + len(blocks[-1])
    header[name] = {"dtype": "F64" if double else "F32", "shape": list(tensor.shape), "data_offsets": [begin, end]}
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(out, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))
