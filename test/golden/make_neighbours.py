"""Writes neighbours.json: twelve steps of GaLore, Fira, APOLLO, APOLLO-Mini and CompAct from their papers' equations.

Made with Python 3.11, numpy 2.4.6, in float64:
    python test/golden/make_neighbours.py

    W   [6, 8]   rows are projected:     C = A G,    A [r, 6]
    W2  [7, 4]   columns are projected:  C = G A^T,  A [r, 4]

Steps count from 0, and step t has projection floor(t / resampleEvery). Of GaLore and Fira its rows are the leading singular
vectors of the gradient of the first step of the cycle, on the projected side, with numpy's SVD, and signs that make the
entry of largest magnitude positive; of the others they are drawn, normal of variance 1 / r. r is 3, of APOLLO-Mini 1. With
n = t + 1, moments that are never moved, and D what AdamW makes of C,

    M <- b1 M + (1 - b1) C,   V <- b2 V + (1 - b2) C^2,   D = (M / (1 - b1^n)) / (sqrt(V / (1 - b2^n)) + eps)

    GaLore, CompAct   U = alpha A^T D
    Fira              S = (G - A^T C) diag(|D_j| / |C_j|), limited;   U = alpha (A^T D + S)
    APOLLO            U = alpha G diag(|D_j| / |C_j|), limited
    APOLLO-Mini       U = alpha G |D| / |C|, limited
    limited           S <- S min(1, gamma nu / |S|) unless nu = 0;   nu <- |S|
    W <- W - lr (U + lambda W)

Norms |D_j| are taken over the projected axis. Gradients grow and shrink, so that the limiter is at work in some steps and
not in others. CompAct projects the columns in both cases here. `directions` are leading singular vectors of a matrix whose
spectrum falls off. `float32Deviation` is how far the same steps in float32 land from the last weights.
"""

import json
import platform
from pathlib import Path

import numpy as np

RANK, STEPS, RESAMPLE_EVERY = 3, 12, 5
B1, B2, EPS, RATE, DECAY, GAMMA = 0.9, 0.999, 1e-8, 0.02, 0.1, 1.01
SHAPES = {"W": (6, 8), "W2": (7, 4)}
ALPHA = {"galore": 0.25, "fira": 0.25, "apollo": 1.0, "apollo-mini": 128**0.5, "compact": 0.25}
GROWTH = [1, 1.3, 0.4, 2, 0.5, 1, 1, 4, 0.1, 1, 1.5, 1]


def on_grid(numbers):
    return np.round(256 * numbers) / 256


def side_of(method, name):
    return "columns" if method == "compact" or name == "W2" else "rows"


def singular_vectors(g, side, rank):
    u, _, vt = np.linalg.svd(g)
    found = u.T[:rank] if side == "rows" else vt[:rank]
    largest = np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1)
    return found * np.sign(largest)


def run(method, w, gradients, projections, side, counts):
    dtype = w.dtype.type
    axis = 0 if side == "rows" else 1
    m = v = dtype(0)
    nu = dtype(0)
    history = []
    for t, g in enumerate(gradients):
        a = projections[t // RESAMPLE_EVERY]
        down = (lambda x: a @ x) if side == "rows" else (lambda x: x @ a.T)
        up = (lambda x: a.T @ x) if side == "rows" else (lambda x: x @ a)
        c = down(g)
        n = t + 1
        m = dtype(B1) * m + dtype(1 - B1) * c
        v = dtype(B2) * v + dtype(1 - B2) * c**2
        d = (m / dtype(1 - B1**n)) / (np.sqrt(v / dtype(1 - B2**n)) + dtype(EPS))

        def length(x):
            return np.sqrt((x * x).sum(axis=axis, keepdims=True))

        def limited(s):
            nonlocal nu
            size = np.linalg.norm(s)
            is_limited = nu > 0 and size > GAMMA * nu
            counts[is_limited] += 1
            if is_limited:
                s = s * (dtype(GAMMA) * nu / size)
            nu = np.linalg.norm(s)
            return s

        if method in ("galore", "compact"):
            u = up(d)
        elif method == "fira":
            u = up(d) + limited((g - up(c)) * (length(d) / length(c)))
        elif method == "apollo":
            u = limited(g * (length(d) / length(c)))
        else:
            u = limited(g * (np.linalg.norm(d) / np.linalg.norm(c)))
        w = w - dtype(RATE) * (dtype(ALPHA[method]) * u + dtype(DECAY) * w)
        history.append(w)
    return history


def rounded(x):
    return [float(f"{number:.8g}") for number in np.asarray(x).ravel()]


def main():
    rng = np.random.default_rng(0)
    initial = {name: on_grid(0.5 * rng.normal(size=shape)) for name, shape in SHAPES.items()}
    gradients = {
        name: [on_grid(growth * rng.normal(size=shape)) for growth in GROWTH]
        for name, shape in SHAPES.items()
    }
    cases, deviations = [], []
    for method in ALPHA:
        rank = 1 if method == "apollo-mini" else RANK
        counts = {True: 0, False: 0}
        for name, shape in SHAPES.items():
            side = side_of(method, name)
            starts = gradients[name][::RESAMPLE_EVERY]
            dimension = shape[side == "columns"]
            if method in ("galore", "fira"):
                projections = [singular_vectors(g, side, rank) for g in starts]
            else:
                projections = [on_grid(rng.normal(size=(rank, dimension)) / rank**0.5) for _ in starts]
            history = run(method, initial[name], gradients[name], projections, side, counts)
            single = [initial[name].astype("f4"), *([x.astype("f4") for x in xs] for xs in (gradients[name], projections))]
            last = run(method, *single, side, {True: 0, False: 0})[-1]
            assert last.dtype == np.float32
            deviations.append(np.abs(history[-1] - last).max())
            cases.append(
                {
                    "method": method,
                    "param": name,
                    "side": side,
                    "rank": rank,
                    "projections": [rounded(a) for a in projections],
                    "weights": [rounded(w) for w in history],
                }
            )
        limits = counts[True] > 3 and counts[False] > 3
        assert limits == (method in ("fira", "apollo", "apollo-mini")), (method, counts)

    # A gradient as training has them: a few strong directions and a tail.
    shape, rank = (40, 24), 4
    u, _ = np.linalg.qr(rng.normal(size=(shape[0], shape[1])))
    vt, _ = np.linalg.qr(rng.normal(size=(shape[1], shape[1])))
    matrix = on_grid(8 * (u * 0.8 ** np.arange(shape[1])) @ vt)
    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "options": {
            "resampleEvery": RESAMPLE_EVERY,
            "learningRate": RATE,
            "weightDecay": DECAY,
            "b1": B1,
            "b2": B2,
            "eps": EPS,
        },
        "shapes": SHAPES,
        "initial": {name: rounded(x) for name, x in initial.items()},
        "gradients": {name: [rounded(g) for g in own] for name, own in gradients.items()},
        "cases": cases,
        "directions": {
            "shape": shape,
            "rank": rank,
            "matrix": rounded(matrix),
            "rows": rounded(singular_vectors(matrix, "rows", rank)),
            "columns": rounded(singular_vectors(matrix, "columns", rank)),
        },
        "float32Deviation": float(f"{max(deviations):.1e}"),
    }
    path = Path(__file__).parent / "neighbours.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes, float32 deviates by", golden["float32Deviation"])


if __name__ == "__main__":
    main()
