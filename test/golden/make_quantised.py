"""Writes quantised.json: accumulators held as int8 by blocks of 256 with one float32 scale each.

Made with Python 3.11, numpy 2.4.6, in float32:
    python test/golden/make_quantised.py

The accumulator is flattened and padded with zeros to blocks: q int8 [blocks, 256], s float32
[blocks, 1], both 0 at first. One more gradient c, flattened and padded likewise:

    x = q s + c,    s' = max |x| / 127,    q' = clip(round(x / s'), -127, 127)

with every operation rounded to float32 and round going half to even; where max |x| = 0, s' and q'
are 0. Of the cases, "ties" has quotients that end in one half, and "zeros" has one block that is
always zero and one that is so at first. `scales` are s after each gradient, `q` the last one with
its padding, `sum` = q s without it, `exactSum` the sum of the gradients. Gradients are multiples of
2^-4; other numbers have nine digits, which give back the float32.
Run with --errors, it measures the error of sums of n gradients instead, and writes nothing.
"""

import json
import platform
import sys
from pathlib import Path

import numpy as np

BLOCK, LEVELS, GRADIENTS = 256, np.float32(127), 8


def blocks_of(c):
    flat = np.asarray(c, np.float32).ravel()
    return np.pad(flat, (0, -flat.size % BLOCK)).reshape(-1, BLOCK)


def nearest(quotient):
    return np.rint(quotient)


def accumulate(q, s, c, round=nearest):
    x = q.astype(np.float32) * s + c
    new = np.abs(x).max(1, keepdims=True) / LEVELS
    quotient = x / np.where(new == 0, np.float32(1), new)
    assert x.dtype == new.dtype == quotient.dtype == np.float32
    return np.clip(round(quotient), -127, 127).astype(np.int8), new


def empty(blocks):
    return np.zeros((blocks, BLOCK), np.int8), np.zeros((blocks, 1), np.float32)


def by_hand(gradients, size):
    """The same, number by number."""
    f = np.float32
    q, s = [0] * size, [f(0)] * -(-size // BLOCK)
    for g in gradients:
        x = [f(f(q[i]) * s[i // BLOCK]) + f(g[i]) for i in range(size)]
        for b in range(len(s)):
            own = range(b * BLOCK, min(size, (b + 1) * BLOCK))
            s[b] = f(max(abs(x[i]) for i in own)) / f(127)
            for i in own:
                # Python's own round goes half to even.
                q[i] = max(-127, min(127, round(float(x[i] / s[b])))) if s[b] else 0
    return q, s


def on_grid(numbers):
    return np.round(16 * numbers) / 16


def cases(rng):
    yield "one block", [16, 16], on_grid(rng.normal(size=(GRADIENTS, 16, 16)))
    yield "padded", [10, 30], on_grid(rng.normal(size=(GRADIENTS, 10, 30)))
    yield "small", [5], on_grid(0.5 * rng.normal(size=(GRADIENTS, 5)))
    ties = np.zeros((GRADIENTS, 3, 7))
    ties[0].flat = [127, *(sign * (k + 0.5) for k in range(10) for sign in (1, -1))]
    yield "ties", [3, 7], ties
    zeros = on_grid(rng.normal(size=(GRADIENTS, 600)))
    zeros[:, :BLOCK] = 0
    zeros[:3, BLOCK : 2 * BLOCK] = 0
    yield "zeros", [600], zeros


def plain(x):
    data = [float(f"{number:.9g}") for number in np.asarray(x).ravel()]
    return [int(number) if number == int(number) else number for number in data]


def written(name, shape, gradients):
    size = gradients[0].size
    q, s = empty(-(-size // BLOCK))
    scales = []
    for c in gradients:
        q, s = accumulate(q, s, blocks_of(c))
        scales.append(plain(s))
    hand_q, hand_s = by_hand([c.ravel() for c in gradients], size)
    assert q.ravel()[:size].tolist() == hand_q and not q.ravel()[size:].any()
    assert s.ravel().tolist() == [float(x) for x in hand_s]
    total = (q.astype(np.float32) * s).ravel()[:size]
    exact = gradients.sum(0).ravel()
    error = np.linalg.norm(total - exact) / np.linalg.norm(exact)
    print(f"{name}: {q.shape[0]} blocks, relative error of the sum {error:.2e}")
    return {
        "name": name,
        "shape": shape,
        "gradients": [plain(c) for c in gradients],
        "scales": scales,
        "q": q.ravel().tolist(),
        "sum": plain(total),
        "exactSum": plain(exact),
    }


def measure_errors():
    """In percent of the sum's norm, over all entries of a block but the first."""
    shape = (1024, BLOCK)
    first = np.arange(BLOCK) == 0
    kinds = {
        "normal": lambda rng: rng.normal(size=shape),
        "normal, the first entry 30 times larger": lambda rng: rng.normal(size=shape)
        * np.where(first, 30, 1),
        "always 0.1, the first entry 30": lambda rng: np.tile(np.where(first, 30, 0.1), (1024, 1)),
    }
    for kind, draw in kinds.items():
        for n in (8, 16, 64):
            print(f"{kind}, n = {n}:", end="")
            for rounding in ("nearest", "stochastic"):
                rng, noise = np.random.default_rng(1), np.random.default_rng(2)
                stochastic = lambda x: np.floor(x + noise.random(x.shape, np.float32))
                q, s = empty(shape[0])
                exact = np.zeros(shape)
                for _ in range(n):
                    c = draw(rng).astype(np.float32)
                    exact += c
                    q, s = accumulate(q, s, c, nearest if rounding == "nearest" else stochastic)
                exact = exact[:, 1:]
                difference = (q.astype(np.float64) * s)[:, 1:] - exact
                error = 100 * np.linalg.norm(difference) / np.linalg.norm(exact)
                # The part of the error along the sum; below zero the sum has shrunk.
                bias = 100 * (difference * exact).sum() / (exact**2).sum()
                print(f"  {rounding} {error:.2f} (bias {bias:+.2f})", end="")
            print()


def main():
    if sys.argv[1:] == ["--errors"]:
        measure_errors()
        return
    rng = np.random.default_rng(0)
    golden = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "blockSize": BLOCK,
        "levels": 127,
        "cases": [written(*case) for case in cases(rng)],
    }
    path = Path(__file__).parent / "quantised.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
