"""Writes generate.json: greedy continuations and beam searches by GPT-2, and scores after logits processors and warpers.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0, numpy 2.4.6.
The weights are not stored: both sides draw them from one linear congruential generator,

    s <- 1664525 s + 1013904223 mod 2^32,    w = center + spread (2 s / 2^32 - 1)

over the parameters in the order of their names, with center 1 for the weights of layer norms, else 0.
"""

import copy
import json
from pathlib import Path

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinNewTokensLengthLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
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


# What generate calls our options, and the names that flora has for them.
NAMES = {
    "num_beams": "beams",
    "length_penalty": "lengthPenalty",
    "early_stopping": "earlyStopping",
    "num_return_sequences": "returns",
    "repetition_penalty": "repetitionPenalty",
    "no_repeat_ngram_size": "noRepeatNgramSize",
    "min_new_tokens": "minNewTokens",
    "max_new_tokens": "maxNewTokens",
    "max_length": "maxLength",
    "eos_token_id": "stopTokens",
}
STOPS = [13, 48]


def prompts_of(lengths, seed):
    generator = Generator(seed)
    return [[int(generator.uniform() * 61) for _ in range(n)] for n in lengths]


def rules():
    """Scores after the processors, which are null where they forbid a token."""
    cases = []
    rng = np.random.default_rng(5)
    settings = [
        {"repetition_penalty": 1.5},
        {"repetition_penalty": 0.8},
        {"no_repeat_ngram_size": 1},
        {"no_repeat_ngram_size": 2},
        {"no_repeat_ngram_size": 3},
        {"min_new_tokens": 4},
        {"min_new_tokens": 5},
        {"repetition_penalty": 2.0, "no_repeat_ngram_size": 2, "min_new_tokens": 9},
    ]
    for options in settings:
        for tokens in [[3], [1, 2, 1], [5, 1, 2, 7, 1, 2, 4, 1, 2]]:
            prompt = max(1, len(tokens) - 4)
            logits = rng.normal(0, 2, 9).astype(np.float32)
            processors = LogitsProcessorList()
            if "repetition_penalty" in options:
                processors.append(RepetitionPenaltyLogitsProcessor(options["repetition_penalty"]))
            if "no_repeat_ngram_size" in options:
                processors.append(NoRepeatNGramLogitsProcessor(options["no_repeat_ngram_size"]))
            if "min_new_tokens" in options:
                processors.append(
                    MinNewTokensLengthLogitsProcessor(prompt, options["min_new_tokens"], [2, 6])
                )
            scores = processors(torch.tensor([tokens]), torch.tensor(logits)[None])[0].tolist()
            cases.append(
                {
                    "options": {NAMES[k]: v for k, v in options.items()} | {"stopTokens": [2, 6]},
                    "tokens": tokens,
                    "made": len(tokens) - prompt,
                    "logits": logits.tolist(),
                    "scores": [x if np.isfinite(x) else None for x in scores],
                }
            )
    return cases


def run(model, prompts, options):
    """What is new of every sequence, without the end token, and the scores of beam search."""
    longest = max(len(prompt) for prompt in prompts)
    padded = [[0] * (longest - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    out = model.generate(
        torch.tensor(padded),
        attention_mask=torch.tensor(mask),
        do_sample=False,
        pad_token_id=60,
        return_dict_in_generate=True,
        output_scores=True,
        **({"eos_token_id": None} | options),
    )
    sequences = []
    for row in out.sequences[:, longest:].tolist():
        ends = [i for i, token in enumerate(row) if token in (options.get("eos_token_id") or [])]
        sequences.append(row[: ends[0]] if ends else row)
    scores = getattr(out, "sequences_scores", None)
    return sequences, None if scores is None else scores.tolist()


def case(model, prompts, options):
    sequences, scores = run(model, prompts, options)
    # Nothing hangs on a rounding.
    assert run(copy.deepcopy(model).double(), prompts, options)[0] == sequences, options
    named = {NAMES[key]: value for key, value in options.items()}
    shared = {"options": named, "prompts": prompts, "sequences": sequences}
    return shared if scores is None else shared | {"scores": scores}


def ruled(model):
    """Greedy continuations under rules, each alone: transformers counts padding as tokens so far."""
    settings = [
        {"repetition_penalty": 1.6},
        {"no_repeat_ngram_size": 2},
        {"eos_token_id": STOPS},
        {"eos_token_id": STOPS, "min_new_tokens": 6},
        {"eos_token_id": [35], "repetition_penalty": 1.2, "no_repeat_ngram_size": 3},
    ]
    return [
        case(model, [prompt], {"max_new_tokens": 14} | options)
        for options in settings
        for prompt in prompts_of([1, 6, 19], 21)
    ]


def searches(model):
    """Beam searches over two prompts, left-padded together."""
    plain = {"max_new_tokens": 12}
    ending = plain | {"eos_token_id": [13]}
    settings = [
        plain | {"num_beams": 2},
        plain | {"num_beams": 5, "num_return_sequences": 5},
        ending | {"num_beams": 3},
        ending | {"num_beams": 3, "num_return_sequences": 3},
        ending | {"num_beams": 4, "early_stopping": True, "num_return_sequences": 2},
        ending | {"num_beams": 4, "early_stopping": "never", "num_return_sequences": 4},
        ending | {"num_beams": 4, "length_penalty": 2.5},
        ending | {"num_beams": 4, "length_penalty": 0.0, "early_stopping": True},
        ending | {"num_beams": 4, "length_penalty": 0.0, "early_stopping": "never"},
        ending | {"num_beams": 3, "length_penalty": -1.0},
        plain | {"num_beams": 4, "eos_token_id": STOPS, "num_return_sequences": 4},
        plain | {"num_beams": 3, "eos_token_id": STOPS, "min_new_tokens": 5},
    ]
    found = [
        case(model, prompts_of(lengths, 31 + i), options)
        for i, options in enumerate(settings)
        for lengths in [(4, 11), (20, 20)]
    ]
    # When a search ends, by three rules.
    base = {"max_new_tokens": 20, "eos_token_id": [13], "num_beams": 2, "length_penalty": 2.0}
    thrice = [
        case(model, prompts_of([5, 8], 60), base | {"early_stopping": rule})
        for rule in (True, False, "never")
    ]
    assert len({str(each["sequences"]) for each in thrice}) == 3
    # What counts padding too, and so needs prompts of one length.
    rules = {"num_beams": 3, "repetition_penalty": 1.4, "no_repeat_ngram_size": 2}
    length = {"num_beams": 3, "max_length": 20, "eos_token_id": [13]}
    return found + thrice + [
        case(model, prompts_of([9, 9], 44), options) for options in [ending | rules, length]
    ]


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
        "rules": rules(),
        "ruled": ruled(model),
        "searches": searches(model),
    }
    path = Path(__file__).parent / "generate.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
