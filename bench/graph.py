"""The graph solver of bench/graph.c in PyTorch, dense-gather form: one forward and one backward, processor seconds.

  graph.py MODEL.safetensors FOLDER [--runs 3]

FOLDER holds what bench/graph -precision f64 -dump wrote. Every edge has a row of its own: h_i, h_j and differences are gathered into
(nodes, k, 260) and go through the layers as they are, as the original's do. Prints one line of `key value` pairs: least
and median processor seconds in single precision, and the largest relative differences of output and gradients from a run
in double precision (in single precision rectifiers that open for one and not for the other hide them). One thread.
"""
import argparse
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    sys.exit(77)  # no PyTorch here: nothing to compare with

from weights import load


def array(folder, name, dtype=torch.float32):
    with open(f"{folder}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


class Solver:
    def __init__(self, weights, index, n, dtype):
        self.w = {name.replace("solver_a/", ""): value for name, value in weights.items()}
        for name, value in self.w.items():
            value.requires_grad_("running" not in name and "num_batches" not in name)
        self.index = index
        x = torch.linspace(0, 1, n, dtype=dtype)
        self.place = torch.stack([x.repeat(n), x.repeat_interleave(n)], 1)

    def dense(self, name, x):
        return F.linear(x, self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, name, x):
        return F.batch_norm(x, None, None, self.w[name + ".weight"], self.w[name + ".bias"], True)

    def layer(self, name, h, u, t):
        k = self.index.shape[1]
        at = self.place
        receiver = h[:, None, :].expand(-1, k, -1)
        edge = torch.cat([receiver, h[self.index], u[:, None, :] - u[self.index], at[:, None, :] - at[self.index],
                          t.expand(len(h), k, 1)], -1)
        message = F.relu(self.dense(name + ".message_net_1.0", edge))
        message = F.relu(self.dense(name + ".message_net_2.0", message)).mean(1)
        update = torch.cat([h, message, t.expand(len(h), 1)], -1)
        update = F.relu(self.dense(name + ".update_net_1.0", update))
        return self.norm(name + ".norm.module", h + F.relu(self.dense(name + ".update_net_2.0", update)))

    def __call__(self, u, t):
        h = self.dense("embedding_mlp.0", torch.cat([u, self.place, t.expand(len(u), 1)], -1))
        h = self.norm("embedding_mlp.4", self.dense("embedding_mlp.3", F.relu(self.norm("embedding_mlp.1", h))))
        for k in range(6):
            h = self.layer(f"gnn_layers.{k}", h, u, t)
        h = h[:, None, :]
        for k, stride in ((0, 3), (2, 3), (4, 2)):
            h = F.conv1d(h, self.w[f"output_mlp.{k}.weight"], self.w[f"output_mlp.{k}.bias"], stride)
            h = F.relu(h) if k < 4 else h
        return 0.1 * h[:, 0, 0]


def difference(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    u, adjoint = array(args.folder, "u"), array(args.folder, "d")
    n = round(len(u) ** 0.5)
    index = array(args.folder, "index", torch.int32).reshape(n * n, -1).long()

    def run(dtype):
        weights = {name: value.to(dtype) for name, value in load(args.model)[0].items()}
        solver = Solver(weights, index, n, dtype)
        x = u.to(dtype)[:, None].clone().requires_grad_()
        begin = time.process_time()
        y = solver(x, torch.tensor([0.4], dtype=dtype))
        y.backward(adjoint.to(dtype))
        seconds = time.process_time() - begin
        return seconds, (y.detach(), x.grad[:, 0], solver.w["embedding_mlp.0.weight"].grad.flatten())

    times = [run(torch.float32)[0] for _ in range(args.runs + 1)][1:]
    exact = run(torch.float64)[1]
    ours = [array(args.folder, name, torch.float64) for name in ("y", "du", "gradient")]
    print(f"least {min(times):.4f} median {statistics.median(times):.4f} " + " ".join(
        f"{name} {difference(a, b):.2e}" for name, a, b in zip(("output", "adjoint", "gradient"), ours, exact)))


main()
