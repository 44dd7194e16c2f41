"""Writes flora_adam.json: FLORA under Adam with both moments compressed, twelve steps.

Made with Python 3.11, numpy 2.4.6, in float64:
    python test/golden/make_flora_adam.py

    W  [6, 8]   rows are projected:     C = A G [3, 8],    U = A^T U_c,   A [3, 6]
    W2 [7, 4]   columns are projected:  C = G A^T [7, 3],  U = U_c A,     A [3, 4]

Steps count from 0, and step t has projection floor(t / resampleEvery). C is the mean of the next
tau = `microSteps` compressed gradients. A new projection carries the first moment over,
M <- A_new (A_old^T M) or M <- (M A_old) A_new^T, and puts in place of the second moment its mean over
the projected axis. Then, with n = t + 1,

    M <- b1 M + (1 - b1) C,     V <- b2 V + (1 - b2) C^2
    U_c = (M / (1 - b1^n)) / (sqrt(V / (1 - b2^n)) + eps)
    W <- W - lr U

`states` and `weights` are those after each step. Inputs are multiples of 2^-8, so float32 holds
them; `float32Deviation` is how far the same steps in float32 land from the last weights.
Run with --switch, it measures what U_c is just after a change of the projection when V is restarted,
left as it was, or averaged, and writes nothing.
"""

import json
import platform
import sys
from pathlib import Path

import numpy as np

RANK, STEPS, MICRO_STEPS, RESAMPLE_EVERY = 3, 12, 2, 5
B1, B2, EPS, LEARNING_RATE = 0.9, 0.999, 1e-8, 0.01
SHAPES = {"W": (6, 8), "W2": (7, 4)}
SIDES = {"W": "rows", "W2": "columns"}


def on_grid(numbers):
    return np.round(256 * numbers) / 256


def compress(g, a, side):
    return a @ g if side == "rows" else g @ a.T


def decompress(c, a, side):
    return a.T @ c if side == "rows" else c @ a


def run(w, gradients, projections, side):
    """The weights, M, V and U_c after every step, in the precision of `w`."""
    m = v = np.zeros_like(compress(w, projections[0], side))
    history = []
    for t in range(STEPS):
        a = projections[t // RESAMPLE_EVERY]
        if t > 0 and t % RESAMPLE_EVERY == 0:
            m = compress(decompress(m, projections[t // RESAMPLE_EVERY - 1], side), a, side)
            axis = 0 if side == "rows" else 1
            v = np.broadcast_to(v.mean(axis=axis, keepdims=True), v.shape)
        own = gradients[t * MICRO_STEPS : (t + 1) * MICRO_STEPS]
        c = sum(compress(g, a, side) for g in own) / MICRO_STEPS
        n = t + 1
        m = B1 * m + (1 - B1) * c
        v = B2 * v + (1 - B2) * c**2
        u = (m / (1 - B1**n)) / (np.sqrt(v / (1 - B2**n)) + EPS)
        w = w - LEARNING_RATE * decompress(u, a, side)
        history.append((w, m, v, u))
    return history


def closed_form(w, gradients, projections, side):
    """The weights by sums over all earlier steps; each mean passes all projections since."""
    if side == "rows":
        turned = [g.T for g in gradients]
        return [x.T for x in closed_form(w.T, turned, projections, "columns")]
    means = [
        np.mean(gradients[t * MICRO_STEPS : (t + 1) * MICRO_STEPS], axis=0) for t in range(STEPS)
    ]
    result = []
    for t in range(STEPS):
        epoch = t // RESAMPLE_EVERY
        m, v = 0.0, 0.0
        for s in range(t + 1):
            passed = means[s]
            for crossed in range(s // RESAMPLE_EVERY, epoch):
                passed = passed @ projections[crossed].T @ projections[crossed]
            m = m + B1 ** (t - s) * (passed @ projections[epoch].T)
            square = (means[s] @ projections[s // RESAMPLE_EVERY].T) ** 2
            if s // RESAMPLE_EVERY < epoch:
                square = square.mean(axis=1, keepdims=True)
            v = v + B2 ** (t - s) * square
        m = m / sum(B1**k for k in range(t + 1))
        v = v / sum(B2**k for k in range(t + 1))
        w = w - LEARNING_RATE * m / (np.sqrt(v) + EPS) @ projections[epoch]
        result.append(w)
    return result


def at_switches(interval, treatment, n=256, m=256, rank=32):
    """The root mean square of U_c before and after a switch, and its largest element after it."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(n, m)) * np.exp(rng.normal(size=(n, 1)))
    a, m_c, v, n_v, before, seen = None, np.zeros((n, rank)), np.zeros((n, rank)), 0, 0, []
    for t in range(3 * interval + 1):
        if t % interval == 0:
            fresh = rng.normal(size=(rank, m)) / np.sqrt(rank)
            if a is not None:
                m_c = m_c @ a @ fresh.T
                if treatment == "restarted":
                    v, n_v = np.zeros_like(v), 0
                if treatment == "averaged":
                    v = np.broadcast_to(v.mean(axis=1, keepdims=True), v.shape)
            a = fresh
        c = (signal + 3 * rng.normal(size=(n, m))) @ a.T
        n_v += 1
        m_c = B1 * m_c + (1 - B1) * c
        v = B2 * v + (1 - B2) * c**2
        u = (m_c / (1 - B1 ** (t + 1))) / (np.sqrt(v / (1 - B2**n_v)) + EPS)
        size = np.sqrt((u**2).mean())
        if t > 0 and t % interval == 0:
            seen.append((before, size, np.abs(u).max()))
        before = size
    return np.mean(seen, axis=0)


def compare_switches():
    for interval in (10, 50, 200):
        for treatment in ("restarted", "left", "averaged"):
            before, after, largest = at_switches(interval, treatment)
            print(f"kappa {interval:3}, V {treatment:9}: {before:.2f} -> {after:.2f}, max {largest:.1f}")


def exact(arrays):
    return {name: x.ravel().tolist() for name, x in arrays.items()}


def rounded(x):
    return [float(f"{number:.9g}") for number in x.ravel()]


def main():
    rng = np.random.default_rng(0)
    initial = {name: on_grid(0.5 * rng.normal(size=shape)) for name, shape in SHAPES.items()}
    gradients = [
        {name: on_grid(rng.normal(size=shape)) for name, shape in SHAPES.items()}
        for _ in range(MICRO_STEPS * STEPS)
    ]
    epochs = (STEPS - 1) // RESAMPLE_EVERY + 1
    projections = {
        name: [
            on_grid(rng.normal(size=(RANK, shape[SIDES[name] == "columns"])) / np.sqrt(RANK))
            for _ in range(epochs)
        ]
        for name, shape in SHAPES.items()
    }

    states = [{} for _ in range(STEPS)]
    weights = [{} for _ in range(STEPS)]
    deviations = []
    for name in SHAPES:
        own = [initial[name], [g[name] for g in gradients], projections[name]]
        history = run(*own, SIDES[name])
        others = closed_form(*own, SIDES[name])
        apart = max(np.abs(h[0] - other).max() for h, other in zip(history, others))
        assert apart < 1e-12
        single = [own[0].astype("f4"), *([x.astype("f4") for x in xs] for xs in own[1:])]
        last = run(*single, SIDES[name])[-1][0]
        assert last.dtype == np.float32
        deviations.append(np.abs(history[-1][0] - last).max())
        largest = [f"{np.abs(u).max():.1f}" for _, _, _, u in history]
        print(f"{name}: distance from the closed form {apart:.1e}")
        print("  largest |U_c| by step:", *largest)
        for t, (w, m, v, _) in enumerate(history):
            weights[t][name] = rounded(w)
            states[t][name] = {"mean": rounded(m), "variance": rounded(v)}

    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "rank": RANK,
        "options": {
            "microSteps": MICRO_STEPS,
            "resampleEvery": RESAMPLE_EVERY,
            "learningRate": LEARNING_RATE,
            "b1": B1,
            "b2": B2,
            "eps": EPS,
        },
        "shapes": SHAPES,
        "sides": SIDES,
        "initial": exact(initial),
        "gradients": [exact(gradient) for gradient in gradients],
        "projections": {
            name: [a.ravel().tolist() for a in drawn] for name, drawn in projections.items()
        },
        "float32Deviation": float(f"{max(deviations):.1e}"),
        "states": states,
        "weights": weights,
    }
    path = Path(__file__).parent / "flora_adam.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    compare_switches() if "--switch" in sys.argv else main()
