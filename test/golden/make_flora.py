"""Writes flora.json: FLORA's accumulation and momentum, ten steps under several base optimizers.

Made with Python 3.11, numpy 2.4.6, in float64, from Algorithms 1 and 2 of arXiv:2402.03293:
    python test/golden/make_flora.py

    W  [6, 8]   rows are projected:     C = A G [3, 8],    G^ = A^T C,   A [3, 6]
    W2 [7, 4]   columns are projected:  C = G A^T [7, 3],  G^ = C A,     A [3, 4]

Every micro-step takes the next gradients; a step sums tau = `microSteps` of them into C. Steps
count from 0, and step t has projection floor(t / resampleEvery). Without momentum the state is C,
and the base optimizer gets G^ / tau. With momentum the state is M <- beta M + (1 - beta) C / tau,
before which a new projection carries it over, M <- A_new (A_old^T M) or M <- (M A_old) A_new^T,
and the base optimizer gets M decompressed. `states` are those after each step. Inputs are multiples
of 2^-8, so float32 holds them.
"""

import json
import platform
from pathlib import Path

import numpy as np

RANK, STEPS = 3, 10
SHAPES = {"W": (6, 8), "W2": (7, 4)}
SIDES = {"W": "rows", "W2": "columns"}
RULES = [
    (
        "accumulation",
        {"microSteps": 2, "momentum": 0, "resampleEvery": 1},
        ("sgd", "adam", "adafactor"),
    ),
    ("momentum", {"microSteps": 1, "momentum": 0.9, "resampleEvery": 3}, ("sgd", "adafactor")),
    ("both", {"microSteps": 2, "momentum": 0.9, "resampleEvery": 3}, ("sgd",)),
]
LEARNING_RATES = {"sgd": 0.1, "adam": 0.01, "adafactor": 0.01}


def on_grid(numbers):
    return np.round(256 * numbers) / 256


def compress(g, a, side):
    return a @ g if side == "rows" else g @ a.T


def decompress(c, a, side):
    return a.T @ c if side == "rows" else c @ a


def sgd(shape):
    return lambda w, g, lr: w - lr * g


def adam(shape):
    """Kingma & Ba 2015, algorithm 1."""
    m, v, t = np.zeros(shape), np.zeros(shape), 0

    def step(w, g, lr):
        nonlocal m, v, t
        t += 1
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        return w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return step


def adafactor(shape):
    """Shazeer & Stern 2018, algorithm 4, with the rate multiplied by the parameter scale."""
    rows, columns, t = np.zeros(shape[0]), np.zeros(shape[1]), 0

    def step(w, g, lr):
        nonlocal rows, columns, t
        t += 1
        b2 = 1 - t**-0.8
        square = g**2 + 1e-30
        rows = b2 * rows + (1 - b2) * square.mean(1)
        columns = b2 * columns + (1 - b2) * square.mean(0)
        u = g / np.sqrt(np.outer(rows, columns) / rows.mean())
        u = u / max(1.0, np.sqrt(np.mean(u**2)))
        return w - lr * max(1e-3, np.sqrt(np.mean(w**2))) * u

    return step


BASES = {"sgd": sgd, "adam": adam, "adafactor": adafactor}


def compressed_states(gradients, projections, side, microSteps, momentum, resampleEvery):
    """For every step: its projection, C or M, and the gradient that the base optimizer gets."""
    states, m, held = [], 0.0, 0
    for t in range(STEPS):
        a = projections[t // resampleEvery]
        c = 0.0
        for micro in range(microSteps):
            c = c + compress(gradients[t * microSteps + micro], a, side)
        if momentum == 0:
            states.append((c, decompress(c, a, side) / microSteps))
            continue
        if t // resampleEvery != held:
            m = compress(decompress(m, projections[held], side), a, side)
            held = t // resampleEvery
        m = momentum * m + (1 - momentum) * c / microSteps
        states.append((m, decompress(m, a, side)))
    return states


def closed_form(gradients, projections, side, microSteps, momentum, resampleEvery):
    """The same gradients by sums over all earlier ones, each through the product of its A^T A."""
    squares = [a.T @ a for a in projections]
    result = []
    for t in range(STEPS):
        total = 0.0
        for s in range(t + 1) if momentum else [t]:
            mean = sum(gradients[s * microSteps : (s + 1) * microSteps]) / microSteps
            for epoch in range(s // resampleEvery, t // resampleEvery + 1):
                mean = squares[epoch] @ mean if side == "rows" else mean @ squares[epoch]
            total = total + (1 - momentum) * momentum ** (t - s) * mean
        result.append(total)
    return result


def run_rule(options, optimizers, initial, gradients, projections):
    states = [{} for _ in range(STEPS)]
    runs = {name: [{} for _ in range(STEPS)] for name in optimizers}
    for name, shape in SHAPES.items():
        own = ([g[name] for g in gradients], projections[name], SIDES[name])
        history = compressed_states(*own, **options)
        error = max(
            np.abs(g - h).max() for (_, g), h in zip(history, closed_form(*own, **options))
        )
        print(f"{options}, {name}: distance from the closed form {error:.1e}")
        assert error < 1e-13
        for optimizer in optimizers:
            w, step = initial[name], BASES[optimizer](shape)
            for t, (state, g) in enumerate(history):
                w = step(w, g, LEARNING_RATES[optimizer])
                states[t][name] = state
                runs[optimizer][t][name] = w
    return states, runs


def exact(arrays):
    return {name: x.ravel().tolist() for name, x in arrays.items()}


def rounded(arrays):
    return {name: [float(f"{x:.9g}") for x in array.ravel()] for name, array in arrays.items()}


def main():
    rng = np.random.default_rng(0)
    initial = {name: on_grid(0.5 * rng.normal(size=shape)) for name, shape in SHAPES.items()}
    gradients = [
        {name: on_grid(rng.normal(size=shape)) for name, shape in SHAPES.items()}
        for _ in range(2 * STEPS)
    ]
    projected = {name: shape[SIDES[name] == "columns"] for name, shape in SHAPES.items()}
    projections = {
        name: [on_grid(rng.normal(size=(RANK, size)) / np.sqrt(RANK)) for _ in range(STEPS)]
        for name, size in projected.items()
    }
    rules = []
    for rule, options, optimizers in RULES:
        states, runs = run_rule(options, optimizers, initial, gradients, projections)
        rules.append(
            {
                "name": rule,
                "options": options,
                "states": [rounded(state) for state in states],
                "runs": [
                    {
                        "optimizer": optimizer,
                        "learningRate": LEARNING_RATES[optimizer],
                        "steps": [rounded(step) for step in steps],
                    }
                    for optimizer, steps in runs.items()
                ],
            }
        )
    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "rank": RANK,
        "shapes": SHAPES,
        "sides": SIDES,
        "initial": exact(initial),
        "gradients": [exact(gradient) for gradient in gradients],
        "projections": {
            name: [a.ravel().tolist() for a in drawn] for name, drawn in projections.items()
        },
        "rules": rules,
    }
    path = Path(__file__).parent / "flora.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
