"""Writes scale.json: six steps of SCALE (Glentis et al., 2025, arXiv:2506.16659) from its algorithm.

Made with Python 3.11, numpy 2.4.6, in float64:
    python test/golden/make_scale.py

    linear      [4, 6]  outputs by inputs: columns have length 1
    transposed  [6, 4]  inputs by outputs: rows have length 1
    embedding   [7, 3]  tokens by outputs: rows have length 1
    head        [7, 3]  outputs by inputs, of M <- b M + (1 - b) G: columns have length 1
    norm        [5]     AdamW, not decayed

    W <- (1 - lr lambda) W - lr U

One column of the gradient of `linear` is zero in the second step.
"""

import json
import platform
from pathlib import Path

import numpy as np

SHAPES = {"linear": (4, 6), "transposed": (6, 4), "embedding": (7, 3), "head": (7, 3), "norm": (5,)}
AXES = {"linear": 0, "transposed": 1, "embedding": 1, "head": 0}
STEPS, RATE, DECAY, BETA, B1, B2, EPS = 6, 0.02, 0.1, 0.9, 0.9, 0.999, 1e-8


def on_grid(numbers):
    return np.round(32 * numbers) / 32


def rounded(x):
    return [float(f"{number:.9g}") for number in np.asarray(x).ravel()]


def main():
    rng = np.random.default_rng(0)
    weights = {name: on_grid(rng.normal(size=shape)) for name, shape in SHAPES.items()}
    gradients = [
        {name: on_grid(rng.normal(size=shape)) for name, shape in SHAPES.items()}
        for _ in range(STEPS)
    ]
    gradients[1]["linear"][:, 2] = 0
    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "learningRate": RATE,
        "weightDecay": DECAY,
        "shapes": SHAPES,
        "initial": {name: rounded(x) for name, x in weights.items()},
        "gradients": [{name: rounded(x) for name, x in own.items()} for own in gradients],
    }
    momentum, m, v = 0, 0, 0
    steps = []
    for t, own in enumerate(gradients, 1):
        for name, g in own.items():
            w = weights[name]
            if name == "norm":
                m, v = B1 * m + (1 - B1) * g, B2 * v + (1 - B2) * g * g
                u = (m / (1 - B1**t)) / (np.sqrt(v / (1 - B2**t)) + EPS)
                weights[name] = w - RATE * u
                continue
            if name == "head":
                momentum = BETA * momentum + (1 - BETA) * g
                g = momentum
            length = np.linalg.norm(g, axis=AXES[name], keepdims=True)
            u = g / np.where(length == 0, 1, length)
            weights[name] = (1 - RATE * DECAY) * w - RATE * u
        steps.append({name: rounded(w) for name, w in weights.items()})
    golden["steps"] = steps
    path = Path(__file__).parent / "scale.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
