"""Writes small_bases.json: matrices in int8 with a scale a row and in 4 bits with one for each 32 numbers, by NumPy; and a tiny Llama
on such weights with LoRA, by transformers and peft in float64.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2, numpy 2.4.6:
    python test/golden/make_small_bases.py

    int8   s = max |w| / 127 of a row, q = round(w / s)
    q4     s = e / -8, where e is the number of a block that is largest without its sign; q = round(w / s) + 8, from 0 to 15.
           Of 16 bytes the lower halves are the first 16 numbers of a block. s is stored in float16

Halves round up. Scales are rounded to float32, quotients are float64. `matrices` have values, codes, scales and what is made of them in float32; one row and one
block are zeros. Every linear map of the Llama but the head is rounded; weights are not stored, for they follow from their names:
`drawn`. `gradients` are those of A and B of the first and the last adapter.
"""

import json
import platform
import zlib
from pathlib import Path

import numpy as np
import peft
import torch
import torch.nn.functional as F
import transformers

BLOCK = 32
CONFIG = {
    "model_type": "llama",
    "vocab_size": 40,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32,
    "tie_word_embeddings": False,
}
RANK, ALPHA = 4, 8


def nearest(x):
    return np.floor(x + 0.5)


def int8(w):
    s = (np.abs(w).max(1) / 127).astype(np.float32)
    safe = np.where(s == 0, 1, s).astype(np.float64)
    q = nearest(w.astype(np.float64) / safe[:, None]).clip(-127, 127).astype(np.int8)
    q[s == 0] = 0
    return q, s, q.astype(np.float32) * s[:, None]


def q4(w):
    blocks = w.reshape(-1, BLOCK)
    extreme = np.take_along_axis(blocks, np.abs(blocks).argmax(1)[:, None], 1)[:, 0]
    s = (extreme / -8).astype(np.float32)
    safe = np.where(s == 0, 1, s).astype(np.float64)
    q = nearest(blocks.astype(np.float64) / safe[:, None]).clip(-8, 7).astype(np.int8)
    q[s == 0] = 0
    half = s.astype(np.float16)
    codes = (q + 8).astype(np.uint8)
    packed = codes[:, :16] | (codes[:, 16:] << 4)
    made = q.astype(np.float32) * half.astype(np.float32)[:, None]
    return packed, half, made.reshape(w.shape)


def drawn(name, shape):
    """Multiples of 2^-14 between -1/8 and 1/8, and those of norms near 1."""
    start = zlib.crc32(name.encode())
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    steps = ((i * 2654435761 + start) % 2**32 >> 20).astype(np.float64) - 2048
    return (steps / 2**14).reshape(shape) + (1 if len(shape) == 1 else 0)


def llama(make):
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**CONFIG, attn_implementation="eager")
    )
    config = peft.LoraConfig(
        task_type="CAUSAL_LM", r=RANK, lora_alpha=ALPHA, target_modules="all-linear"
    )
    model = peft.get_peft_model(model, config).double().eval()
    for key, p in model.named_parameters():
        name = key.removeprefix("base_model.model.").replace(".base_layer", "").replace(".default", "")
        w = drawn(name, p.shape)
        if ".layers." in name and p.ndim == 2 and ".lora_" not in name:
            w = make(w.astype(np.float32))[2].astype(np.float64)
        with torch.no_grad():
            p.copy_(torch.tensor(w))
    return model


def run(make, ids):
    model = llama(make)
    logits = model(ids[:, :-1]).logits
    loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    gradients = {}
    for key, p in model.named_parameters():
        if p.grad is None:
            continue
        name = key.removeprefix("base_model.model.").replace(".default", "")
        if "layers.0.self_attn.q_proj" in name or "layers.1.mlp.down_proj" in name:
            gradients[name] = numbers(p.grad)
    return {"loss": loss.item(), "gradients": gradients}


def numbers(x):
    return [float(f"{v:.7g}") for v in np.asarray(x, np.float64).ravel()]


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    w = np.round(rng.normal(size=(3, 64)) * 256).astype(np.float32) / 4096
    w[1, 32:] = 0
    w[2] = 0
    matrices = {}
    for name, make in (("int8", int8), ("q4", q4)):
        codes, scales, made = make(w)
        matrices[name] = {
            "codes": codes.ravel().tolist(),
            "scales": [float(s) for s in scales],
            "made": [float(f"{v:.9g}") for v in made.ravel()],
        }
    ids = torch.tensor(rng.integers(0, CONFIG["vocab_size"], (2, 9)))
    runs = {name: run(make, ids) for name, make in (("int8", int8), ("q4", q4))}
    plain = run(lambda w: (None, None, w), ids)["loss"]
    print({name: r["loss"] - plain for name, r in runs.items()})
    written = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "numpy": np.__version__,
        },
        "shape": list(w.shape),
        "values": w.ravel().tolist(),
        "matrices": matrices,
        "config": CONFIG,
        "rank": RANK,
        "alpha": ALPHA,
        "ids": ids.tolist(),
        "plainLoss": plain,
        "runs": runs,
    }
    path = Path(__file__).parent / "small_bases.json"
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
