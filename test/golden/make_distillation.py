"""Writes distillation.json: cross-entropy to targets that are in part a teacher's, over a head with bias and softcap.

Made with Python 3.11, torch 2.15.0, in float64:
    python test/golden/make_distillation.py

p are the K largest logits of a teacher after softmax over these K; with a share s of each target
loss = sum_i w_i ((1 - s) cross_entropy(z_i, t_i) + s cross_entropy(z_i, p_i)), z = h W^T + b or c tanh((h W^T + b) / c),
where cross_entropy(z, p) = KL(p || softmax(z)) + H(p), whose gradient is that of the divergence.
Numbers are multiples of 2^-12, so float32 holds them; the shares p are float32's.
"""

import json
import platform
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax

TOKENS, WIDTH, CLASSES, CHOICES = 5, 4, 11, 3


def rounded(tensor):
    return (tensor * 4096).round() / 4096


def capped(logits, softcap):
    return logits if softcap is None else softcap * torch.tanh(logits / softcap)


def main():
    generator = torch.Generator().manual_seed(11)

    def normal(*shape):
        return rounded(torch.randn(*shape, generator=generator, dtype=torch.float64))

    hidden, weight, bias = normal(TOKENS, WIDTH), normal(CLASSES, WIDTH), normal(CLASSES)
    targets = torch.tensor([0, 10, 3, 7, 3])
    weights = torch.tensor([1.0, 0.5, 2.0, 0.0, 1.0], dtype=torch.float64)
    teacher = normal(TOKENS, WIDTH), normal(CLASSES, WIDTH), normal(CLASSES)
    said = {}
    for softcap in (None, 2.0):
        values, ids = capped(teacher[0] @ teacher[1].T + teacher[2], softcap).topk(CHOICES)
        said[softcap] = ids, values.softmax(-1).float().double()
    cases = []
    for share in (0.5, 1.0):
        for softcap in (None, 2.0):
            ids, shares = said[softcap]
            p = torch.zeros(TOKENS, CLASSES, dtype=torch.float64).scatter(1, ids, shares)
            leaves = [t.clone().requires_grad_() for t in (hidden, weight, bias)]
            h, w, b = leaves
            logits = capped(h @ w.T + b, softcap)
            hard = cross_entropy(logits, targets, reduction="none")
            divergence = kl_div(log_softmax(logits, -1), p, reduction="none").sum(-1)
            entropy = -torch.special.xlogy(p, p).sum(-1)
            loss = ((1 - share) * hard + share * (divergence + entropy)) @ weights
            loss.backward()
            cases.append(
                {
                    "share": share,
                    "softcap": softcap,
                    "ids": ids.flatten().tolist(),
                    "shares": shares.flatten().tolist(),
                    "loss": loss.item(),
                    "dHidden": h.grad.flatten().tolist(),
                    "dWeight": w.grad.flatten().tolist(),
                    "dBias": b.grad.flatten().tolist(),
                }
            )
    golden = {
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "shape": [TOKENS, WIDTH, CLASSES],
        "choices": CHOICES,
        "hidden": hidden.flatten().tolist(),
        "weight": weight.flatten().tolist(),
        "bias": bias.tolist(),
        "targets": targets.tolist(),
        "weights": weights.tolist(),
        "teacher": dict(zip(("hidden", "weight", "bias"), (t.flatten().tolist() for t in teacher))),
        "cases": cases,
    }
    path = Path(__file__).parent / "distillation.json"
    path.write_text(json.dumps(golden) + "\n")


main()
