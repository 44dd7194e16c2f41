"""Half-float references for test/tensor/half.test.ts.

Made with Python 3, NumPy 2.4.6 (float16) and PyTorch 2.15.0 (bfloat16):
    python test/golden/make_half.py
"""

import hashlib
import json
import pathlib

import numpy as np
import torch

OUT = pathlib.Path(__file__).parent / "half.json"


def hash_bits(bits, nan_bits):
    """SHA-256 of little-endian words, every NaN replaced by one pattern."""
    nan, pattern = nan_bits
    return hashlib.sha256(np.where(nan, bits.dtype.type(pattern), bits).tobytes()).hexdigest()


def to_float16(values):
    with np.errstate(over="ignore"):
        return values.astype(np.float16).view(np.uint16)


def to_bfloat16(values):
    return torch.from_numpy(values).bfloat16().view(torch.int16).numpy().view(np.uint16)


def widened(values):
    return hash_bits(values.view(np.uint32), (np.isnan(values), 0x7FC00000))


def picked():
    """Float32 bits around every place where rounding changes, both signs."""
    rng = np.random.default_rng(0)
    bits = [0, 1, 0x7FFFFF, 0x7F7FFFFF, 0x7F800000]
    for exponent in [*range(99, 116), 126, 127, 140, 141, 142, 143, 200, 254]:
        for shift in (13, 16, *([126 - exponent] if 14 <= 126 - exponent <= 23 else [])):
            fraction = int(rng.integers(1 << 23)) >> shift << shift
            for tail in (-1, 0, 1):
                bits.append((exponent << 23) + fraction + (1 << (shift - 1)) + tail)
        bits += [exponent << 23, (exponent << 23) - 1, (exponent << 23) + 1]
    positive = np.unique(np.array(bits, np.uint32))
    return np.concatenate([positive, positive | np.uint32(0x80000000)])


every_half = np.arange(65536, dtype=np.uint32).astype(np.uint16)
float16 = every_half.view(np.float16).astype(np.float32)
bfloat16 = torch.from_numpy(every_half.view(np.int16)).view(torch.bfloat16).float().numpy()

# 2^20 patterns, spread over all of float32.
spread = (np.arange(1 << 20, dtype=np.uint64) * 4099 % (1 << 32)).astype(np.uint32)
values = spread.view(np.float32)
nan = np.isnan(values)

rows = picked()
golden = {
    "widenFloat16": widened(float16),
    "widenBfloat16": widened(bfloat16),
    "narrowFloat16": hash_bits(to_float16(values), (nan, 0x7E00)),
    "narrowBfloat16": hash_bits(to_bfloat16(values), (nan, 0x7FC0)),
    "picked": np.stack(
        [rows, to_float16(rows.view(np.float32)), to_bfloat16(rows.view(np.float32))], 1
    ).tolist(),
}
OUT.write_text(json.dumps(golden) + "\n")
