"""Writes gpt2.json: logits, loss and every gradient of a tiny GPT-2, by transformers in float64.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0, numpy 2.4.6:
    python test/golden/make_gpt2.py

Names are the checkpoint's without the prefix "transformer."; wte is tied to the output and stands
once. Weights are multiples of 2^-8, so float32 holds them; matrices are large enough for attention
to be far from uniform. The loss is sum(lossWeights * token losses) / sum(lossWeights); the second
sequence ends in padding, with four targets that do not count.
"""

import json
import platform
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import transformers

PADDING = 4
DIGITS = 9
CONFIG = {
    "vocab_size": 23,
    "n_positions": 14,
    "n_embd": 10,
    "n_layer": 2,
    "n_head": 2,
    "n_inner": None,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "initializer_range": 0.02,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
    "resid_pdrop": 0.0,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "tie_word_embeddings": True,
    "bos_token_id": 0,
    "eos_token_id": 0,
}


def draw_weights(model, rng):
    for name, p in model.named_parameters():
        center = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
        deviation = 0.4 if p.ndim == 2 else 0.1
        steps = np.round(256 * (center + deviation * rng.normal(size=p.shape)))
        steps[(steps == 0) | (steps == 256)] += 1
        with torch.no_grad():
            p.copy_(torch.tensor(steps / 256))


def tensor(x, digits=DIGITS):
    data = [float(f"{number:.{digits}g}") for number in x.detach().flatten().tolist()]
    return {"shape": list(x.shape), "data": [number or 0 for number in data]}


def by_name(model, written):
    return {name.removeprefix("transformer."): written(p) for name, p in model.named_parameters()}


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    config = transformers.GPT2Config(**CONFIG, attn_implementation="eager")
    model = transformers.GPT2LMHeadModel(config).double().train()
    draw_weights(model, rng)

    tokens = torch.tensor(rng.integers(1, CONFIG["vocab_size"], (2, 13)))
    tokens[1, -PADDING:] = 0
    ids, targets = tokens[:, :-1], tokens[:, 1:]
    weights = torch.ones(2, 12, dtype=torch.float64)
    weights[1, -PADDING:] = 0

    def loss_of(ids):
        logits = model(ids).logits
        losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        return logits, (losses * weights.flatten()).sum() / weights.sum()

    logits, loss = loss_of(ids)
    loss.backward()

    # The model's own loss, which is float32.
    ignored = torch.where(weights == 0, -100, targets)
    by_labels = model(ids, labels=torch.zeros_like(ids), shift_labels=ignored).loss
    assert abs(loss.item() - by_labels.item()) < 1e-6

    written = by_name(model, lambda p: tensor(p, digits=17))
    worst = 0.0
    for p in model.parameters():
        direction = torch.tensor(rng.normal(size=p.shape))
        sides = []
        for step in (1e-5, -2e-5):
            with torch.no_grad():
                p.add_(step * direction)
                sides.append(loss_of(ids)[1].item())
        with torch.no_grad():
            p.add_(1e-5 * direction)
        expected = (p.grad * direction).sum().item()
        worst = max(worst, abs((sides[0] - sides[1]) / 2e-5 - expected) / p.grad.norm().item())
    assert worst < 1e-6

    golden = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "numpy": np.__version__,
        },
        "config": {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], **CONFIG},
        "ids": ids.tolist(),
        "targets": targets.tolist(),
        "lossWeights": weights.int().tolist(),
        "loss": loss.item(),
        "lastLogits": tensor(logits[:, -2:]),
        "weights": written,
        "grads": by_name(model, lambda p: tensor(p.grad)),
    }
    path = Path(__file__).parent / "gpt2.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(f"{len(golden['grads'])} parameters, loss {loss.item():.6f}")
    print(f"largest deviation from central differences {worst:.1e}")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
