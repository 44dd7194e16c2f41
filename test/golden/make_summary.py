"""Mean, standard deviation and mean curves as NumPy computes them: summary.json for test/lab/aggregate.test.ts."""

import json
import pathlib

import numpy as np

SAMPLES = [[1.25], [2.0, 2.0, 2.0], [3.1, 3.4, 2.95], [1e9 + 1, 1e9 + 2, 1e9 + 4], [-1.5, 0.25, 7.125, 3.0]]
X = [[0, 10, 20, 30], [0, 12, 22, 35], [0, 11, 24, 31]]
Y = [[5.0, 3.25, 2.5, 2.25], [5.5, 3.5, 2.25, 2.0], [4.75, 3.0, 2.625, 2.125]]

summaries = [
    {"values": v, "mean": float(np.mean(v)), "deviation": float(np.std(v, ddof=1)) if len(v) > 1 else None}
    for v in SAMPLES
]
mean, std = np.mean(Y, axis=0), np.std(Y, axis=0, ddof=1)
curve = {
    "curves": [[{"x": x, "y": y} for x, y in zip(xs, ys)] for xs, ys in zip(X, Y)],
    "x": np.mean(X, axis=0).tolist(),
    "y": mean.tolist(),
    "low": (mean - std).tolist(),
    "high": (mean + std).tolist(),
}
golden = {"versions": {"numpy": np.__version__}, "summaries": summaries, "curve": curve}
path = pathlib.Path(__file__).with_name("summary.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
