"""The network of bench/sinenet.c in PyTorch: seconds of one forward, and the difference of the results.

  sinenet.py MODEL.safetensors [--forwards 5] [--compare PLANES] [--channels-last]

Prints one line of `key value` pairs. PLANES: doubles, as bench/sinenet -output writes them. One thread (OMP_NUM_THREADS).
"""
import argparse
import math
import os
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(77)  # no PyTorch here: nothing to compare with

from weights import load


class Network:
    def __init__(self, weights, meta):
        self.w = weights
        self.waves = int(meta["num_waves"])
        self.dual = int(meta["disentangle"]) != 0
        self.circular = meta["padding_mode"] == "circular"

    def conv3(self, name, x):
        if self.circular:
            x = F.pad(x, (1, 1, 1, 1), mode="circular")
        return F.conv2d(x, self.w[name + ".weight"], self.w[name + ".bias"], padding=0 if self.circular else 1)

    def conv1(self, name, x):
        return F.conv2d(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def up2(self, x):
        if not self.circular:
            return F.interpolate(x, scale_factor=2, mode="bicubic")
        x = F.interpolate(F.pad(x, (2, 2, 2, 2), mode="circular"), scale_factor=2, mode="bicubic")
        return x[..., 4:-4, 4:-4]

    def block(self, stem, x):
        for k in "12":
            x = self.conv3(f"{stem}.conv.0.conv{k}", x)
            norm = f"{stem}.conv.0.norm{k}"
            x = F.gelu(F.group_norm(x, 1, self.w[norm + ".weight"], self.w[norm + ".bias"], 1e-5))
        return x

    def wave(self, k, x):
        h, dx = [x], x
        for i in range(4):
            stem = f"down.{k}.{i}"
            p, dx = F.avg_pool2d(h[-1], 2), F.avg_pool2d(dx, 2)
            joined = torch.cat((p, dx), 1) if self.dual and i else p
            h.append(self.block(stem, joined) + self.conv1(stem + ".shortcut", p))
        y = h.pop()
        for i in range(4):
            stem = f"up.{k}.{i}"
            u = self.up2(y)
            y = self.block(stem, torch.cat((h.pop(), u), 1)) + self.conv1(stem + ".shortcut", u)
        return x + y

    def __call__(self, x):
        x = self.conv3("image_proj", x)
        for k in range(self.waves):
            x = self.wave(k, x)
        return self.conv3("final", x)


def make_input(channels, size):
    """The field of bench/sinenet.c."""
    a = 2 * math.pi / size
    c = torch.arange(channels, dtype=torch.float64).reshape(-1, 1, 1)
    y = torch.arange(size, dtype=torch.float64).reshape(1, -1, 1)
    x = torch.arange(size, dtype=torch.float64).reshape(1, 1, -1)
    field = torch.sin(a * (c % 4 + 1) * x) * torch.cos(a * (torch.floor(c / 4) + 1) * y + 0.5 * c)
    return field.unsqueeze(0).float()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--forwards", type=int, default=5)
    parser.add_argument("--compare")
    parser.add_argument("--channels-last", action="store_true")
    words = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    weights, meta = load(words.model)
    network = Network(weights, meta)
    x = make_input(weights["image_proj.weight"].shape[1], int(meta["H"]))
    if words.channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
        for name, w in weights.items():
            if w.dim() == 4:
                weights[name] = w.contiguous(memory_format=torch.channels_last)
    seconds, cpu = [], []
    with torch.inference_mode():
        y = network(x)
        for _ in range(words.forwards):
            begin, used = time.perf_counter(), time.process_time()
            y = network(x)
            cpu.append(time.process_time() - used)
            seconds.append(time.perf_counter() - begin)
    line = f"precision torch ranks 1 seconds {statistics.median(seconds):.4f} least {min(seconds):.4f} cpu {min(cpu):.4f}"
    if words.compare:
        with open(words.compare, "rb") as file:
            planes = torch.frombuffer(bytearray(file.read()), dtype=torch.float64).reshape(y.shape)
        difference = torch.linalg.norm(y.double() - planes) / torch.linalg.norm(planes)
        line += f" difference {difference:.3e}"
    print(line)


if __name__ == "__main__":
    main()
