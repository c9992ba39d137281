"""The training step of bench/train.c in PyTorch: forward, scaled l2 loss, backward, AdamW.

  train.py MODEL.safetensors [--steps 3]

Prints one line of `key value` pairs. One thread (OMP_NUM_THREADS).
"""
import argparse
import math
import os
import resource
import statistics
import time

import sinenet
from sinenet import torch


def field(channels, size, phase):
    a = 2 * math.pi / size
    c = torch.arange(channels, dtype=torch.float64).reshape(-1, 1, 1)
    y = torch.arange(size, dtype=torch.float64).reshape(1, -1, 1)
    x = torch.arange(size, dtype=torch.float64).reshape(1, 1, -1)
    waves = torch.sin(a * (c % 4 + 1) * x + phase) * torch.cos(a * (torch.floor(c / 4) + 1) * y + 0.5 * c)
    return waves.unsqueeze(0).float()


def scaled_l2(p, y):
    return (torch.linalg.vector_norm(p - y, dim=(2, 3)) / torch.linalg.vector_norm(y, dim=(2, 3))).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--steps", type=int, default=3)
    words = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    weights, meta = sinenet.load(words.model)
    weights = {name: torch.nn.Parameter(w.clone()) for name, w in weights.items() if name not in ("mean", "sd")}
    network = sinenet.Network(weights, meta)
    optimizer = torch.optim.AdamW(weights.values(), lr=2e-4, weight_decay=1e-5)
    size = int(meta["H"])
    x = field(weights["image_proj.weight"].shape[1], size, 0.0)
    y = field(weights["final.weight"].shape[0], size, 0.1)
    seconds, cpu = [], []
    for step in range(words.steps + 1):  # the first one warms up
        begin, used = time.perf_counter(), time.process_time()
        optimizer.zero_grad(set_to_none=True)
        loss = scaled_l2(network(x), y)
        loss.backward()
        optimizer.step()
        if step:
            cpu.append(time.process_time() - used)
            seconds.append(time.perf_counter() - begin)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"ranks 1 seconds {statistics.median(seconds):.4f} least {min(seconds):.4f} cpu {min(cpu):.4f} "
          f"memory {memory:.0f} loss {loss.item():.8f}")


main()
