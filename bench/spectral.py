"""The flow of bench/spectral in Dedalus 3, in velocity and pressure.

  spectral.py CELLS --speed STEPS      million cells a second of processor time, second-order steps (RK222) of 0.0005
  spectral.py CELLS --compare FILE     largest difference of the vorticity at t = 1 (RK443) from that of a Sinew file
"""
import argparse
import logging
import sys
import time

import numpy as np

try:
    import dedalus.public as d3
except ImportError:
    sys.exit(77)  # nothing to compare with

logging.disable(logging.WARNING)


def flow(cells, scheme):
    """Solver and velocity. Grid points are the centres of Sinew's cells."""
    half = 0.5 / cells
    coords = d3.CartesianCoordinates("x", "y")
    dist = d3.Distributor(coords, dtype=np.float64)
    bases = [d3.RealFourier(coords[c], size=cells, bounds=(half, 1 + half), dealias=3 / 2) for c in ("x", "y")]
    u = dist.VectorField(coords, name="u", bases=bases)
    p = dist.Field(name="p", bases=bases)
    gauge = dist.Field(name="gauge")
    nu = 1e-4
    names = {"u": u, "p": p, "gauge": gauge, "nu": nu}
    problem = d3.IVP([u, p, gauge], namespace=names)
    problem.add_equation("dt(u) + grad(p) - nu*lap(u) = - u@grad(u)")
    problem.add_equation("div(u) + gauge = 0")
    problem.add_equation("integ(p) = 0")
    x, y = dist.local_grids(*bases)
    layers = -1
    for image in (-1, 0, 1):
        layers = layers + np.tanh((y - 0.25 - image) / 0.05) - np.tanh((y - 0.75 - image) / 0.05)
    u["g"][0] = 0.5 * layers
    u["g"][1] = 0.05 * np.sin(4 * np.pi * x)
    return problem.build_solver(scheme), u


def speed(cells, steps):
    solver, _ = flow(cells, d3.RK222)
    for _ in range(20):  # plans, factorisations
        solver.step(0.0005)
    begin = time.process_time()
    for _ in range(steps):
        solver.step(0.0005)
    print(cells * cells * steps / (time.process_time() - begin) / 1e6)


def compare(cells, path):
    import h5py

    solver, u = flow(cells, d3.RK443)
    for _ in range(500):
        solver.step(1 / 500)
    vorticity = (-d3.div(d3.skew(u))).evaluate()
    vorticity.change_scales(1)
    theirs = vorticity["g"].T
    with h5py.File(path, "r") as file:
        ours = file["fields/vorticity"][()].reshape(theirs.shape)
    difference, largest = abs(ours - theirs).max(), abs(theirs).max()
    print(f"vorticity at t = 1: largest difference {difference / largest:.1e} of the largest value, {largest:.3g}")


parser = argparse.ArgumentParser()
parser.add_argument("cells", type=int)
parser.add_argument("--speed", type=int)
parser.add_argument("--compare")
words = parser.parse_args()
if words.speed:
    speed(words.cells, words.speed)
if words.compare:
    compare(words.cells, words.compare)
