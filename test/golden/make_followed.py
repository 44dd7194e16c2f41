"""Writes followed.json: twelve steps of LDAdam, LoRA-Pre and GUM from their papers' equations, on the weights and gradients of neighbours.json.

Made with Python 3.11, numpy 2.4.6, in float64:
    python test/golden/make_followed.py

    W   [6, 8]   rows are projected:     C = P S,    P [r, 6]
    W2  [7, 4]   columns are projected:  C = S P^T,  P [r, 4]

Equations are written for rows; columns are the same of the transposed. r is 3, P begins as normal numbers A, and t counts
from 1. AdamW's constants are those of neighbours.json.

    LDAdam    S = G + E,   B = b1 P^T M / (1 - b1^(t-1)) + (1 - b1) S,   P' = rows of Q of QR(B B^T P^T)
              C = P' S,   R = P' P^T,   M' = R M
              V' = (1 - b2^(t-1)) | R^2 (V / (1 - b2^(t-1)) - (M / (1 - b1^(t-1)))^2) + (M' / (1 - b1^(t-1)))^2 |
              E <- S - P'^T C + b1 / (1 - b1) (P^T M - P'^T M')
              M <- b1 M' + (1 - b1) C,   V <- b2 V' + (1 - b2) C^2
              U = P'^T (M / (1 - b1^t)) / (sqrt(V / (1 - b2^t)) + eps)
    LoRA-Pre  G [l, r] with the projected side last; gamma of B, A with (1 - gamma)^2 = b1, of B', A' with (1 - gamma)^4 = b2
              B <- (1 - gamma) B + gamma G A^T (A A^T)^-1,   A <- (1 - gamma) A + gamma (B^T B)^-1 B^T G,   both from the old ones
              B', A' the same of |G|;   before the first step B = B' = 0 and A = A' = the normal numbers
              M = b1 B A + (1 - b1) G,   V = b2 (B' A')^2 + (1 - b2) G^2
              U = (M / (1 - b1^t)) / (sqrt(V / (1 - b2^t)) + eps)
    LoRA-Pre by Muon   (1 - gamma)^2 = mu = 0.95
              M = mu B A + (1 - mu) G,   U = 0.2 sqrt(max(n, m)) NS(M), five iterations
    GUM       P of a cycle of resampleEvery steps are the leading singular vectors of the gradient of its first step, as those of
              GaLore in neighbours.json; M begins each cycle as 0, and CHANCES are those of the cycles, q = 1/2
              chance < q:   M <- mu M + (G - P^T P G) / q,     U = 0.2 sqrt(max(n, m)) NS(M)
              else:         R <- mu R + P G / (1 - q),         U = 0.2 sqrt(max(n, m)) P^T NS(R)
    W <- W - lr (alpha U + lambda W)

Terms with M or V of before the first step are 0, and so is (B^T B)^-1 B^T of B = 0. alpha is 1, of LoRA-Pre 1/4. `float32Deviation` is how far the same steps in float32 land
from the last weights.
"""

import json
import platform
from pathlib import Path

import numpy as np

from make_neighbours import singular_vectors

RANK, MU = 3, 0.95
CHANCES, Q = [0.25, 0.75, 0.1], 0.5
FOLDER = Path(__file__).parent
NEIGHBOURS = json.loads((FOLDER / "neighbours.json").read_text())
OPTIONS = NEIGHBOURS["options"]
B1, B2, EPS = OPTIONS["b1"], OPTIONS["b2"], OPTIONS["eps"]
SHAPES = {name: tuple(shape) for name, shape in NEIGHBOURS["shapes"].items()}


def orthonormal_rows(x):
    return np.linalg.qr(x.T)[0].T


def ldadam(a, gradients):
    dtype = a.dtype.type
    p, e = a, np.zeros_like(gradients[0])
    m = v = np.zeros((RANK, gradients[0].shape[1]), a.dtype)
    for t, g in enumerate(gradients, 1):
        s = g + e
        c1, c2 = dtype(1 - B1 ** (t - 1)), dtype(1 - B2 ** (t - 1))
        mean = m / c1 if t > 1 else m
        b = dtype(B1) * p.T @ mean + dtype(1 - B1) * s
        new = orthonormal_rows(p @ b @ b.T)
        c, r = new @ s, new @ p.T
        moved = r @ m
        if t > 1:
            v = c2 * np.abs(r**2 @ (v / c2 - mean**2) + (r @ mean) ** 2)
        e = s - new.T @ c + dtype(B1 / (1 - B1)) * (p.T @ m - new.T @ moved)
        p = new
        m = dtype(B1) * moved + dtype(1 - B1) * c
        v = dtype(B2) * v + dtype(1 - B2) * c**2
        yield p.T @ ((m / dtype(1 - B1**t)) / (np.sqrt(v / dtype(1 - B2**t)) + dtype(EPS)))


def least_squares(x):
    """(X^T X)^-1 X^T, of zeros zeros."""
    return np.linalg.inv(x.T @ x) @ x.T if x.any() else x.T


def factored(a, gradients, left):
    b, left = np.zeros((gradients[0].shape[0], RANK), a.dtype), a.dtype.type(left)
    for g in gradients:
        b, a = left * b + (1 - left) * g @ least_squares(a.T).T, left * a + (1 - left) * least_squares(b) @ g
        yield b @ a


def lora_pre(a, gradients):
    dtype = a.dtype.type
    gradients = [g.T for g in gradients]
    means = factored(a, gradients, B1**0.5)
    roots = factored(a, [np.abs(g) for g in gradients], B2**0.25)
    for t, (g, mean, root) in enumerate(zip(gradients, means, roots), 1):
        m = dtype(B1) * mean + dtype(1 - B1) * g
        v = dtype(B2) * root**2 + dtype(1 - B2) * g**2
        yield ((m / dtype(1 - B1**t)) / (np.sqrt(v / dtype(1 - B2**t)) + dtype(EPS))).T


def newton_schulz(x):
    x = x / np.linalg.norm(x)
    if x.shape[0] > x.shape[1]:
        return newton_schulz(x.T).T
    p, q, r = (x.dtype.type(number) for number in (3.4445, -4.775, 2.0315))
    for _ in range(5):
        s = x @ x.T
        x = p * x + (q * s + r * s @ s) @ x
    return x


def lora_pre_muon(a, gradients):
    dtype = a.dtype.type
    gradients = [g.T for g in gradients]
    for g, mean in zip(gradients, factored(a, gradients, MU**0.5)):
        m = dtype(MU) * mean + dtype(1 - MU) * g
        yield (dtype(0.2 * max(g.shape) ** 0.5) * newton_schulz(m)).T


def gum(projections, gradients):
    dtype = gradients[0].dtype.type
    factor = dtype(0.2 * max(gradients[0].shape) ** 0.5)
    for t, g in enumerate(gradients):
        cycle, within = divmod(t, OPTIONS["resampleEvery"])
        p, is_whole = projections[cycle], CHANCES[cycle] < Q
        s = (g - p.T @ (p @ g)) / dtype(Q) if is_whole else p @ g / dtype(1 - Q)
        m = s if within == 0 else dtype(MU) * m + s
        yield factor * (newton_schulz(m) if is_whole else p.T @ newton_schulz(m))


METHODS = {"ldadam": ldadam, "lora-pre": lora_pre, "lora-pre muon": lora_pre_muon, "gum": gum}
ALPHA = {"ldadam": 1.0, "lora-pre": 0.25, "lora-pre muon": 0.25, "gum": 1.0}


def run(method, w, gradients, a, side):
    dtype = w.dtype.type
    turned = (lambda x: x.T) if side == "columns" else (lambda x: x)
    history = []
    for u in METHODS[method](a, [turned(g) for g in gradients]):
        w = w - dtype(OPTIONS["learningRate"]) * (dtype(ALPHA[method]) * turned(u) + dtype(OPTIONS["weightDecay"]) * w)
        history.append(w)
    return history


def rounded(x):
    return [float(f"{number:.8g}") for number in np.asarray(x).ravel()]


def main():
    rng = np.random.default_rng(1)
    cases, deviations = [], []
    for method in METHODS:
        for name, shape in SHAPES.items():
            side = "columns" if name == "W2" else "rows"
            w = np.reshape(NEIGHBOURS["initial"][name], shape)
            gradients = [np.reshape(g, shape) for g in NEIGHBOURS["gradients"][name]]
            a = np.round(256 * rng.normal(size=(RANK, shape[side == "columns"])) / RANK**0.5) / 256
            if method == "gum":
                starts = gradients[:: OPTIONS["resampleEvery"]]
                a = np.array([singular_vectors(g, side, RANK) for g in starts])
            history = run(method, w, gradients, a, side)
            single = run(method, w.astype("f4"), [g.astype("f4") for g in gradients], a.astype("f4"), side)[-1]
            assert single.dtype == np.float32
            deviations.append(np.abs(history[-1] - single).max())
            cases.append(
                {
                    "method": method,
                    "param": name,
                    "side": side,
                    "rank": RANK,
                    "projections": [rounded(own) for own in (a if method == "gum" else [a])],
                    **({"chances": CHANCES} if method == "gum" else {}),
                    "weights": [rounded(x) for x in history],
                }
            )
    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "cases": cases,
        "float32Deviation": float(f"{max(deviations):.1e}"),
    }
    path = FOLDER / "followed.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes, float32 deviates by", golden["float32Deviation"])


if __name__ == "__main__":
    main()
