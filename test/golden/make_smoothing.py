"""Writes smoothing.json: cross-entropy with label smoothing over a head with bias and softcap.

Made with Python 3.11, torch 2.15.0, in float64:
    python test/golden/make_smoothing.py

loss = sum_i w_i cross_entropy(z_i, t_i, label_smoothing), z = h W^T + b or c tanh((h W^T + b) / c).
Numbers are multiples of 2^-12, so float32 holds them.
"""

import json
import platform
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy

TOKENS, WIDTH, CLASSES = 5, 4, 11


def rounded(tensor):
    return (tensor * 4096).round() / 4096


def main():
    generator = torch.Generator().manual_seed(7)

    def normal(*shape):
        return rounded(torch.randn(*shape, generator=generator, dtype=torch.float64))

    hidden, weight, bias = normal(TOKENS, WIDTH), normal(CLASSES, WIDTH), normal(CLASSES)
    targets = torch.tensor([0, 10, 3, 7, 3])
    weights = torch.tensor([1.0, 0.5, 2.0, 0.0, 1.0], dtype=torch.float64)
    cases = []
    for share in (0.0, 0.1, 0.6):
        for softcap in (None, 2.0):
            leaves = [t.clone().requires_grad_() for t in (hidden, weight, bias)]
            h, w, b = leaves
            logits = h @ w.T + b
            if softcap is not None:
                logits = softcap * torch.tanh(logits / softcap)
            losses = cross_entropy(logits, targets, label_smoothing=share, reduction="none")
            loss = (losses * weights).sum()
            loss.backward()
            cases.append(
                {
                    "share": share,
                    "softcap": softcap,
                    "loss": loss.item(),
                    "dHidden": h.grad.flatten().tolist(),
                    "dWeight": w.grad.flatten().tolist(),
                    "dBias": b.grad.flatten().tolist(),
                }
            )
    golden = {
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "shape": [TOKENS, WIDTH, CLASSES],
        "hidden": hidden.flatten().tolist(),
        "weight": weight.flatten().tolist(),
        "bias": bias.tolist(),
        "targets": targets.tolist(),
        "weights": weights.tolist(),
        "cases": cases,
    }
    path = Path(__file__).parent / "smoothing.json"
    path.write_text(json.dumps(golden) + "\n")


main()
