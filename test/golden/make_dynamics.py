"""Writes dynamics.json: LoRA by SGD, the published bound, and ranks of matrices, for test/lab/.

Made with Python 3 and NumPy, whose version stands in the file:
    python test/golden/make_dynamics.py

A and B are trained here as SGD trains them, not by the recursion; f_A and f_B come from A and B by
solving A = A0 + eta A0 f_A in the square case, where A0 is invertible. Gradients do not depend on
the weights: the recursion holds for any sequence.
"""

import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).parent / "dynamics.json"


def train(a0, gradients, rate, scale):
    a, b = a0.copy(), np.zeros((gradients.shape[1], a0.shape[0]))
    for g in gradients:
        a, b = a - rate * scale * b.T @ g, b - rate * scale * g @ a.T
    return a, b


def run(seed, n, m, r, steps, rate, scale):
    rng = np.random.default_rng(seed)
    a0 = rng.normal(size=(r, m)) * r**-0.5
    gradients = rng.normal(size=(steps, n, m))
    a, b = train(a0, gradients, rate, scale)
    case = {
        "rate": rate,
        "scale": scale,
        "a0": a0.tolist(),
        "gradients": gradients.tolist(),
        "a": a.tolist(),
        "b": b.tolist(),
        "update": (scale * b @ a).tolist(),
        "secondTerm": (scale * b @ (a - a0)).tolist(),
        "compressedSum": (-rate * scale**2 * gradients.sum(0) @ a0.T @ a0).tolist(),
    }
    if r == m:
        case["fA"] = (np.linalg.solve(a0, a - a0) / rate).tolist()
        case["fB"] = (np.linalg.solve(a0, b.T).T / rate).tolist()
        case["normFA"] = float(np.linalg.norm(np.array(case["fA"]), 2))
    return case


def alternating(rate, steps):
    one = np.ones((1, 1))
    norms = [0.0]
    for t in range(1, steps + 1):
        gradients = np.array([[[(-1.0) ** i]] for i in range(t)])
        a, _ = train(one, gradients, rate, 1.0)
        norms.append(abs(float((a[0, 0] - 1) / rate)))
    return {"rate": rate, "norms": norms}


def bound(rate, sum_norm, step):
    terms = [(rate**2 * sum_norm**2) ** k for k in range(step)]
    return {"rate": rate, "sumNorm": sum_norm, "step": step, "bound": rate * sum_norm**2 * sum(terms)}


def spectrum(seed, rows, columns, rank):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, columns))
    values = np.linalg.svd(x, compute_uv=False)
    p = values[values > 0] / values.sum()
    return {
        "matrix": x.tolist(),
        "values": values.tolist(),
        "effectiveRank": float(np.exp(-(p * np.log(p)).sum())),
        "stableRank": float(np.linalg.norm(x) ** 2 / np.linalg.norm(x, 2) ** 2),
    }


golden = {
    "numpy": np.__version__,
    "runs": [
        run(1, n=5, m=4, r=2, steps=6, rate=0.1, scale=1.0),
        run(2, n=3, m=6, r=4, steps=5, rate=0.05, scale=2.0),
        run(3, n=4, m=3, r=3, steps=7, rate=0.2, scale=0.5),
    ],
    "alternating": [alternating(0.1, 40), alternating(0.5, 12)],
    "bounds": [
        bound(0.1, 1.0, 0),
        bound(0.1, 1.0, 1),
        bound(0.1, 3.0, 50),
        bound(0.5, 2.0, 7),
        bound(0.3, 10.0, 9),
    ],
    "spectra": [
        spectrum(4, 6, 4, 4),
        spectrum(5, 4, 9, 2),
        spectrum(6, 12, 12, 12),
        spectrum(7, 5, 5, 1),
    ],
}
OUT.write_text(json.dumps(golden) + "\n")
