"""Writes generate.json: greedy continuations by GPT-2, and distributions after the logits warpers.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0, numpy 2.4.6.
The weights are not stored: both sides draw them from one linear congruential generator,

    s <- 1664525 s + 1013904223 mod 2^32,    w = center + spread (2 s / 2^32 - 1)

over the parameters in the order of their names, with center 1 for the weights of layer norms, else 0.
"""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import (
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

CONFIG = {"vocab_size": 61, "n_positions": 96, "n_embd": 24, "n_layer": 3, "n_head": 4}
SEED, SPREAD = 2, 0.45
NEW_TOKENS = 40
PROMPT_LENGTHS = [1, 5, 17, 33, 60]


class Generator:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return self.state / 2**32


def draw_weights(model):
    generator = Generator(SEED)
    params = {name.removeprefix("transformer."): p for name, p in model.named_parameters()}
    for name in sorted(params):
        p = params[name]
        center = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
        numbers = [center + SPREAD * (2 * generator.uniform() - 1) for _ in range(p.numel())]
        with torch.no_grad():
            p.copy_(torch.tensor(np.array(numbers, np.float32)).reshape(p.shape))


def continuations(model):
    generator = Generator(11)
    prompts = [[int(generator.uniform() * 61) for _ in range(n)] for n in PROMPT_LENGTHS]
    cases, margin = [], np.inf
    for prompt in prompts:
        ids, logits = list(prompt), []
        for _ in range(min(NEW_TOKENS, CONFIG["n_positions"] - len(prompt))):
            with torch.no_grad():
                last = model(torch.tensor([ids])).logits[0, -1]
            top = torch.topk(last, 2).values
            margin = min(margin, float(top[0] - top[1]))
            ids.append(int(last.argmax()))
            logits.append(last)
        generated = model.generate(
            torch.tensor([prompt]),
            attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
            max_length=len(ids),
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
        )[0].tolist()
        assert generated == ids
        cases.append(
            {
                "prompt": prompt,
                "tokens": ids[len(prompt) :],
                "lastLogits": [round(x, 5) for x in logits[-1].tolist()],
            }
        )
    print("smallest difference of the two largest logits", margin)
    assert margin > 1e-3
    return cases


def distributions():
    cases = []
    rng = np.random.default_rng(3)
    settings = [
        (1.0, None, None),
        (0.7, None, None),
        (1.5, 5, None),
        (1.0, 1, None),
        (1.0, None, 0.9),
        (1.0, None, 0.05),
        (0.6, 8, 0.8),
        (2.0, 100, 0.95),
    ]
    for temperature, top_k, top_p in settings:
        logits = rng.normal(0, 2, 24).astype(np.float32)
        warpers = LogitsProcessorList()
        if temperature != 1.0:
            warpers.append(TemperatureLogitsWarper(temperature))
        if top_k is not None:
            warpers.append(TopKLogitsWarper(top_k))
        if top_p is not None:
            warpers.append(TopPLogitsWarper(top_p))
        warped = warpers(None, torch.tensor(logits)[None])[0].double()
        options = {"temperature": temperature, "topK": top_k, "topP": top_p}
        cases.append(
            {
                "options": {k: v for k, v in options.items() if v is not None},
                "logits": logits.tolist(),
                "probabilities": torch.softmax(warped, 0).tolist(),
            }
        )
    return cases


def main():
    torch.manual_seed(0)
    config = GPT2Config(**CONFIG, attn_implementation="eager", bos_token_id=0, eos_token_id=0)
    model = GPT2LMHeadModel(config).eval()
    draw_weights(model)
    golden = {
        "config": CONFIG,
        "seed": SEED,
        "spread": SPREAD,
        "continuations": continuations(model),
        "distributions": distributions(),
    }
    path = Path(__file__).parent / "generate.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
