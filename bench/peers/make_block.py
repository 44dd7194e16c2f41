"""PyTorch's answer to the task of block.js, written to block.json beside this file.

    python bench/peers/make_block.py

Made with Python 3.11, NumPy 2.4.6, PyTorch 2.15.0 (CPU, float64). y, dx and the 12 gradients are
each recorded as size, L2 norm and inner product with the fixed noise of block.js.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

B, T, C, H, N_INNER, EPS = 4, 256, 768, 12, 3072, 1e-5
NOISE_SEED = 100

TENSORS = [
    ("x", (B, T, C), 0, 1),
    ("dy", (B, T, C), 0, 1),
    ("ln_1.weight", (C,), 1, 0.1),
    ("ln_1.bias", (C,), 0, 0.1),
    ("attn.c_attn.weight", (C, 3 * C), 0, 0.05),
    ("attn.c_attn.bias", (3 * C,), 0, 0.1),
    ("attn.c_proj.weight", (C, C), 0, 0.05),
    ("attn.c_proj.bias", (C,), 0, 0.1),
    ("ln_2.weight", (C,), 1, 0.1),
    ("ln_2.bias", (C,), 0, 0.1),
    ("mlp.c_fc.weight", (C, N_INNER), 0, 0.05),
    ("mlp.c_fc.bias", (N_INNER,), 0, 0.1),
    ("mlp.c_proj.weight", (N_INNER, C), 0, 0.05),
    ("mlp.c_proj.bias", (C,), 0, 0.1),
]


def noise(seed, size):
    """Uniform in [-1, 1): lowbias32 of the counter, top 24 bits."""
    h = np.arange(size, dtype=np.uint32) + np.uint32(seed * 2**25)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B)
    h ^= h >> np.uint32(16)
    return (h >> np.uint32(8)) * 2.0**-23 - 1


def fill(seed, shape, center, amplitude):
    values = center + amplitude * noise(seed, int(np.prod(shape)))
    values = values.astype(np.float32).astype(np.float64).reshape(shape)
    return torch.from_numpy(values).requires_grad_()


def block(x, p):
    q, k, v = (
        t.view(B, T, H, C // H).transpose(1, 2)
        for t in linear(layer_norm(x, p, "ln_1"), p, "attn.c_attn").split(C, dim=-1)
    )
    a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + linear(a.transpose(1, 2).reshape(B, T, C), p, "attn.c_proj")
    h = F.gelu(linear(layer_norm(x, p, "ln_2"), p, "mlp.c_fc"), approximate="tanh")
    return x + linear(h, p, "mlp.c_proj")


def layer_norm(x, p, name):
    return F.layer_norm(x, (C,), p[f"{name}.weight"], p[f"{name}.bias"], EPS)


def linear(x, p, name):
    return x @ p[f"{name}.weight"] + p[f"{name}.bias"]


def main():
    tensors = {name: fill(seed, *spec) for seed, (name, *spec) in enumerate(TENSORS)}
    x, dy = tensors.pop("x"), tensors.pop("dy").detach()
    y = block(x, tensors)
    y.backward(dy)
    results = {"y": y.detach(), "dx": x.grad} | {name: p.grad for name, p in tensors.items()}
    summaries = {}
    for index, (name, value) in enumerate(results.items()):
        flat = value.numpy().ravel()
        summaries[name] = {
            "size": flat.size,
            "norm": float(np.linalg.norm(flat)),
            "product": float(flat @ noise(NOISE_SEED + index, flat.size)),
        }
    golden = {
        "checksum": sum(summary["product"] for summary in summaries.values()),
        "results": summaries,
    }
    path = Path(__file__).with_name("block.json")
    path.write_text(json.dumps(golden, indent=2) + "\n")


main()
