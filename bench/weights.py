"""Weights of networks for the programs in PyTorch that ours are compared with."""
import json
import struct

import torch


def load(path):
    """Tensors and metadata of a safetensors file of float32."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    meta = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32", name
        tensor = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=begin)
        tensors[name] = tensor.reshape(entry["shape"]).clone()
    return tensors, meta
