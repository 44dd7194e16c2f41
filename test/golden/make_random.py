"""Random-number references for test/random/.

Made with Python 3, NumPy 2.4.6 and SciPy 1.17.1:
    python test/golden/make_random.py

Threefry-2x32-20 and PPND7 are written here from their papers: Salmon et al., SC 2011; Wichura,
Applied Statistics 37 (1988). `quantiles` comes from SciPy instead.
"""

import hashlib
import json
import pathlib

import numpy as np
from scipy.stats import norm

OUT = pathlib.Path(__file__).parent / "random.json"
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def threefry(key, counters_high, counters_low):
    k = [np.uint32(key[0]), np.uint32(key[1])]
    k.append(k[0] ^ k[1] ^ np.uint32(0x1BD11BDA))
    x0, x1 = counters_high + k[0], counters_low + k[1]
    for i in range(20):
        rotation = ROTATIONS[i % 8]
        x0 = x0 + x1
        x1 = (x1 << np.uint32(rotation) | x1 >> np.uint32(32 - rotation)) ^ x0
        if i % 4 == 3:
            s = (i + 1) // 4
            x0 = x0 + k[s % 3]
            x1 = x1 + k[(s + 1) % 3] + np.uint32(s)
    return x0, x1


def bits(key, count):
    low = np.arange((count + 1) // 2, dtype=np.uint32)
    return np.stack(threefry(key, np.zeros_like(low), low), 1).ravel()[:count]


def encrypt(key, counter):
    words = threefry(key, *(np.array([word], np.uint32) for word in counter))
    return [int(word[0]) for word in words]


def fold_string(key, text):
    data = text.encode()
    padded = data + bytes(-len(data) % 8)
    for block in np.frombuffer(padded, "<u4").reshape(-1, 2).tolist():
        key = encrypt(key, block)
    return encrypt(key, (1, len(data)))


def fold_integer(key, integer):
    integer %= 2**64
    return encrypt(encrypt(key, (integer >> 32, integer % 2**32)), (2, 8))


def polynomial(coefficients, r):
    return np.polynomial.polynomial.polyval(r, coefficients)


def ppnd7(words):
    p = (words.astype(np.float64) + 0.5) / 2**32
    q = p - 0.5
    r = 0.180625 - q * q
    central = (
        q
        * polynomial([3.3871327179, 5.0434271938e1, 1.5929113202e2, 5.9109374720e1], r)
        / polynomial([1, 1.7895169469e1, 7.8757757664e1, 6.7187563600e1], r)
    )
    r = np.sqrt(-np.log(np.minimum(p, 1 - p))) - 1.6
    tail = polynomial([1.4234372777, 2.7568153900, 1.3067284816, 1.7023821103e-1], r) / polynomial(
        [1, 7.3700164250e-1, 1.2021132975e-1], r
    )
    return np.where(np.abs(q) <= 0.425, central, np.copysign(tail, q))


def picked_words():
    """The ends, the middle, both edges of the tails, and words spread over each power of two."""
    rng = np.random.default_rng(0)
    edge = int(0.425 * 2**32)
    words = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]
    words += [2**31 + sign * edge + by for sign in (-1, 1) for by in (-2, -1, 0, 1, 2)]
    for exponent in range(2, 31):
        for word in rng.integers(2**exponent, 2 ** (exponent + 1), 4).tolist():
            words += [word, 2**32 - 1 - word]
    return np.array(words, np.uint32)


def sha256(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


normal_key = (0x01234567, 0x89ABCDEF)
normal_words = bits(normal_key, 100_000)
normals = ppnd7(normal_words).astype(np.float32)
words = picked_words()
p = (words.astype(np.float64) + 0.5) / 2**32
upper = words >= 2**31

golden = {
    "key": normal_key,
    "folded": [
        {"data": data, "key": fold_string(normal_key, data)}
        for data in ("", "1", "wte.weight", "h.0.mlp.c_fc", "größe", "𝔸")
    ]
    + [
        {"data": data, "key": fold_integer(normal_key, data)}
        for data in (0, 1, -1, 2**53 - 1, 1 - 2**53)
    ],
    "bits": bits(normal_key, 11).tolist(),
    "bitsSha256": sha256(normal_words),
    "normals": normals[:16].astype(np.float64).tolist(),
    "normalsSha256": sha256(normals),
    "words": words.tolist(),
    # 1 - p is exact, and isf keeps the precision that ppf loses near 1.
    "quantiles": np.where(upper, norm.isf(1 - p), norm.ppf(p)).tolist(),
}
OUT.write_text(json.dumps(golden) + "\n")
