"""Writes peft_heads.json and the directories in peft_heads, by peft: three steps of adapters of the head, and of the embedding beside it.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2, numpy 2.4.6:
    PYTHONHASHSEED=0 python test/golden/make_peft_heads.py

    CASE/base       a tiny model, float32
    CASE/adapter    what peft's save_pretrained writes after the steps, without its README.md

    untied      the head of a Llama, which has a weight of its own, beside a linear map, with a rank and an alpha of its own
    tied        the head of a Llama whose weight is the table of tokens: peft gives it an adapter of its own, and leaves the table
    gpt2        the same of a GPT-2, whose head stands outside of `transformer.`
    dora        DoRA of the head, of the embedding and of a linear map
    tied-dora   DoRA of a tied head

Step t has batch t, plain SGD, and the mean cross-entropy of the next tokens before the update; all in float64. `initial` and `final` are
by the stored names. `logits` are of the first batch, after the steps. Drawn values are multiples of 2^-8, so float32 holds them.
"""

import json
import os
import platform
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import peft
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file

GOLDEN = Path(__file__).parent.resolve()
FOLDER = "peft_heads"
STEPS, SIZE, LENGTH, VOCABULARY, RATE = 3, 2, 6, 20, 0.5
CASES = {
    "untied": {
        "target_modules": ["lm_head", "q_proj"],
        "rank_pattern": {"lm_head": 3},
        "alpha_pattern": {"lm_head": 9},
    },
    "tied": {"target_modules": ["lm_head", "q_proj"]},
    "gpt2": {"target_modules": ["lm_head", "c_attn"], "fan_in_fan_out": True},
    "dora": {"target_modules": ["lm_head", "embed_tokens", "q_proj"], "use_dora": True},
    "tied-dora": {"target_modules": ["lm_head"], "use_dora": True},
}


def base_model(name):
    if name == "gpt2":
        config = transformers.GPT2Config(
            vocab_size=VOCABULARY, n_positions=8, n_embd=8, n_layer=1, n_head=2,
            resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=0,
        )
        return transformers.GPT2LMHeadModel(config)
    config = transformers.LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=8,
        intermediate_size=12,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=16,
        tie_word_embeddings=name.startswith("tied"),
    )
    return transformers.LlamaForCausalLM(config)


def draw(parameter, rng, scale):
    with torch.no_grad():
        parameter.copy_(torch.tensor(np.round(256 * scale * rng.normal(size=parameter.shape)) / 256))


def opened(directory, dtype):
    return transformers.AutoModelForCausalLM.from_pretrained(
        directory, dtype=dtype, attn_implementation="eager"
    )


def loss_of(model, tokens):
    logits = model(tokens[:, :-1]).logits
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


def trained(model):
    return {n.replace(".default", ""): p for n, p in model.named_parameters() if p.requires_grad}


def stored(model):
    tensors = {name: p.detach() for name, p in trained(model).items()}
    return {
        # peft stores it without its ending.
        name.replace("magnitude_vector.weight", "magnitude_vector"): {
            "shape": list(x.shape),
            "data": [float(f"{value:.9g}") for value in x.flatten().tolist()],
        }
        for name, x in tensors.items()
    }


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("make_peft_heads: set PYTHONHASHSEED=0, see make_peft.py")
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    # peft notes the path of the base as it was opened.
    os.chdir(GOLDEN)
    shutil.rmtree(FOLDER, ignore_errors=True)
    rng = np.random.default_rng(0)
    batches = torch.tensor(rng.integers(0, VOCABULARY, (STEPS, SIZE, LENGTH)))
    cases = {}
    for name, fields in CASES.items():
        base, adapter = f"{FOLDER}/{name}/base", f"{FOLDER}/{name}/adapter"
        model = base_model(name)
        for each in model.parameters():
            draw(each, rng, 0.4)
        model.save_pretrained(base)
        Path(base, "generation_config.json").unlink()
        config = peft.LoraConfig(task_type="CAUSAL_LM", r=2, lora_alpha=4, **fields)
        model = peft.get_peft_model(opened(base, torch.float64), config).double().train()
        with torch.no_grad():
            for key, p in trained(model).items():
                # Of a head A is drawn, of a table B; DoRA's lengths begin as those of the weights.
                if "lora_A" in key or "embedding_B" in key:
                    draw(p, rng, 0.3)
        initial = stored(model)
        optimizer = torch.optim.SGD(trained(model).values(), lr=RATE)
        losses = []
        for tokens in batches:
            optimizer.zero_grad()
            loss = loss_of(model, tokens)
            loss.backward()
            optimizer.step()
            losses.append(float(f"{loss.item():.9g}"))
        model.eval()
        logits = model(batches[0]).logits
        final = stored(model)
        single = model.float()
        single.save_pretrained(adapter)
        Path(adapter, "README.md").unlink()
        again = peft.PeftModel.from_pretrained(opened(base, torch.float32), adapter).eval()
        assert (again(batches[0]).logits - logits).abs().max() < 1e-5
        print(name, losses, sorted(load_file(f"{adapter}/adapter_model.safetensors")))
        cases[name] = {
            "initial": initial,
            "losses": losses,
            "final": final,
            "logits": [float(f"{value:.9g}") for value in logits.detach().flatten().tolist()],
            "tensors": sorted(load_file(f"{adapter}/adapter_model.safetensors")),
        }
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "numpy": np.__version__,
    }
    written = {"versions": versions, "rate": RATE, "batches": batches.tolist(), "cases": cases}
    (GOLDEN / "peft_heads.json").write_text(json.dumps(written) + "\n")


if __name__ == "__main__":
    main()
