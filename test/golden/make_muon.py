"""Writes muon.json: six steps of Muon on whole gradients, and twelve of it in subspaces.

Made with Python 3.11, torch 2.15.0 (optim.Muon), numpy 2.4.6, in float64:
    python test/golden/make_muon.py

"dense" is torch.optim.Muon with adjust_lr_fn "match_rms_adamw". torch orthogonalises in bfloat16; here
the same function is run with float64 in its place.

"compressed" forms the whole gradient G of each of tau = `microSteps` micro-steps. Steps count from 0,
window w = floor(t / kappa), kappa = `resampleEvery`, has block w mod B of a permutation p of the rows of
an orthogonal matrix H, or of the coordinates; B = floor(s / r), and a pass of B windows has a p and an
H of its own. A [r, s] has orthonormal rows. With s rows, or s columns:

    first step of a window: M <- 0; else M <- beta M
    M <- M + (1 - beta) A mean(G)           or  M + (1 - beta) mean(G) A^T
    P = NS5(M);  U = 0.2 sqrt(n m) / ||P|| A^T P   or  ... P A
    W <- (1 - lr lambda) W - lr U

NS5 is taken on M itself, not on its Gram matrix. `projections` are A sqrt(s / r), which is what a
family draws; of coordinates they are the indices. Inputs are multiples of 2^-5. `float32Deviation` is how
far the same steps in float32 land from the last weights.
"""

import inspect
import json
import platform
from pathlib import Path

import numpy as np
import torch
from torch.optim import _muon

DENSE = {"wide": (4, 6), "tall": (7, 3), "square": (5, 5)}
DENSE_STEPS, DENSE_RATE, DENSE_DECAY = 6, 0.02, 0.1

SHAPES = {"rows": (7, 9), "columns": (8, 6)}
RANK, STEPS, MICRO_STEPS, RESAMPLE_EVERY = 2, 12, 2, 3
BETA, RATE, DECAY = 0.8, 0.02, 0.1


def on_grid(numbers):
    return np.round(32 * numbers) / 32


def in_float64():
    source = inspect.getsource(_muon._zeropower_via_newtonschulz)
    assert source.count("torch.bfloat16") == 1
    scope = {"torch": torch, "Tensor": torch.Tensor}
    exec(source.replace("torch.bfloat16", "torch.float64"), scope)
    _muon._zeropower_via_newtonschulz = scope["_zeropower_via_newtonschulz"]


def dense(initial, gradients, weight_decay):
    params = [torch.tensor(x, requires_grad=True) for x in initial.values()]
    optimizer = torch.optim.Muon(
        params,
        lr=DENSE_RATE,
        weight_decay=weight_decay,
        momentum=0.95,
        nesterov=True,
        adjust_lr_fn="match_rms_adamw",
    )
    steps = []
    for gradient in gradients:
        for p, g in zip(params, gradient.values()):
            p.grad = torch.tensor(g)
        optimizer.step()
        steps.append({name: rounded(p.detach().numpy()) for name, p in zip(initial, params)})
    return steps


def ns5(m):
    x = m / np.sqrt((m * m).sum())
    if x.shape[0] > x.shape[1]:
        return ns5(m.T).T
    for _ in range(5):
        s = x @ x.T
        x = 3.4445 * x + (-4.7750 * s + 2.0315 * s @ s) @ x
    return x


def compressed(w, gradients, projections, side):
    """The weights after every step, in the precision of `w`."""
    n, m = w.shape
    steps = []
    momentum = None
    for t in range(STEPS):
        a = projections[t // RESAMPLE_EVERY]
        own = gradients[t * MICRO_STEPS : (t + 1) * MICRO_STEPS]
        mean = sum(own) / MICRO_STEPS
        c = a @ mean if side == "rows" else mean @ a.T
        before = 0 if t % RESAMPLE_EVERY == 0 else BETA * momentum
        momentum = before + (1 - BETA) * c
        p = ns5(momentum)
        u = a.T @ p if side == "rows" else p @ a
        assert np.allclose((u * u).sum(), (p * p).sum(), rtol=1e-5)
        size = 0.2 * (n * m) ** 0.5 / np.sqrt((p * p).sum())
        w = (1 - RATE * DECAY) * w - (RATE * size * u).astype(w.dtype)
        steps.append(w)
    return steps


def blocks(rng, s, family):
    """A of every window, and what a family draws of it."""
    count = s // RANK
    drawn, orthonormal = [], []
    for _ in range(-(-STEPS // RESAMPLE_EVERY // count)):
        p = rng.permutation(s)
        h = np.eye(s) if family == "coordinates" else np.linalg.qr(rng.normal(size=(s, s)))[0]
        for block in range(count):
            chosen = p[block * RANK : (block + 1) * RANK]
            orthonormal.append(h[chosen])
            drawn.append(chosen if family == "coordinates" else h[chosen] * (s / RANK) ** 0.5)
    windows = STEPS // RESAMPLE_EVERY
    return orthonormal[:windows], drawn[:windows]


def rounded(x):
    return [float(f"{number:.9g}") for number in np.asarray(x).ravel()]


def main():
    in_float64()
    rng = np.random.default_rng(0)
    draw = lambda shapes: {name: on_grid(rng.normal(size=shape)) for name, shape in shapes.items()}
    initial = draw(DENSE)
    gradients = [draw(DENSE) for _ in range(DENSE_STEPS)]
    runs = [
        {"weightDecay": decay, "steps": dense(initial, gradients, decay)}
        for decay in (0.0, DENSE_DECAY)
    ]

    cases, deviations = [], []
    for family in ("orthonormal", "coordinates"):
        for side, shape in SHAPES.items():
            own = draw({"W": shape})["W"]
            grads = [on_grid(rng.normal(size=shape)) for _ in range(MICRO_STEPS * STEPS)]
            a, drawn = blocks(rng, shape[side == "columns"], family)
            steps = compressed(own, grads, a, side)
            single = [own.astype("f4"), *([x.astype("f4") for x in xs] for xs in (grads, a))]
            last = compressed(*single, side)[-1]
            assert last.dtype == np.float32
            deviations.append(np.abs(steps[-1] - last).max())
            cases.append(
                {
                    "family": family,
                    "side": side,
                    "shape": shape,
                    "initial": rounded(own),
                    "gradients": [rounded(g) for g in grads],
                    "projections": [rounded(x) for x in drawn],
                    "steps": [rounded(w) for w in steps],
                }
            )

    golden = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "numpy": np.__version__,
        },
        "dense": {
            "learningRate": DENSE_RATE,
            "shapes": DENSE,
            "initial": {name: rounded(x) for name, x in initial.items()},
            "gradients": [{name: rounded(g) for name, g in each.items()} for each in gradients],
            "runs": runs,
        },
        "compressed": {
            "rank": RANK,
            "microSteps": MICRO_STEPS,
            "resampleEvery": RESAMPLE_EVERY,
            "decay": BETA,
            "learningRate": RATE,
            "weightDecay": DECAY,
            "cases": cases,
        },
        "float32Deviation": float(f"{max(deviations):.1e}"),
    }
    path = Path(__file__).parent / "muon.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes, float32 deviates by", golden["float32Deviation"])


if __name__ == "__main__":
    main()
