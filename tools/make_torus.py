"""make_torus.py [AROUND ACROSS] > torus.mesh: a torus about the y axis, ring radius 0.35, tube radius 0.14, of tetrahedra in
Medit's format. A square cross-section is rounded to a disc and swept around; each brick is cut into six (Kuhn)."""
import itertools
import math
import sys

around, across = (int(n) for n in sys.argv[1:3]) if len(sys.argv) > 2 else (24, 3)
ring, tube = 0.35, 0.14


def place(i, j, k):
    a, b = 2 * j / across - 1, 2 * k / across - 1
    u, v = a * math.sqrt(1 - b * b / 2), b * math.sqrt(1 - a * a / 2)
    angle = 2 * math.pi * i / around
    r = ring + tube * u
    return r * math.cos(angle), tube * v, r * math.sin(angle)


def number(i, j, k):
    return 1 + (i % around * (across + 1) + j) * (across + 1) + k


bricks = itertools.product(range(around), range(across), range(across))
cells = []
for i, j, k in bricks:
    for order in itertools.permutations(range(3)):
        corner = [i, j, k]
        cell = [number(*corner)]
        for axis in order:
            corner[axis] += 1
            cell.append(number(*corner))
        cells.append(cell)
vertices = [place(i, j, k) for i in range(around) for j in range(across + 1) for k in range(across + 1)]
print("MeshVersionFormatted 2\nDimension 3\nVertices", len(vertices), sep="\n")
for x in vertices:
    print(*(f"{c:.9g}" for c in x), 0)
print("Tetrahedra", len(cells), sep="\n")
for cell in cells:
    print(*cell, 0)
print("End")
