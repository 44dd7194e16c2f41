"""Writes peft_pissa.json and the directory peft_adapter_pissa: ten steps of PiSSA on the tiny GPT-2 of gpt2.json, by peft.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, peft 0.21.2, numpy 2.4.6:
    PYTHONHASHSEED=0 python test/golden/make_peft_pissa.py

Principal components are taken in float32, as peft demands, and training is float64: AdamW at 0.001 on the batches of
peft_training.json, the loss before each update. The directory is what peft writes with path_initial_model_for_weight_conversion, a
plain adapter of twice the rank, without its README.md; `logits` are those of the trained model for the ids of peft.json.
"""

import json
import os
import platform
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import peft
import torch
import transformers

from make_peft import BASE, GOLDEN, load_base
from make_peft_training import ADAM, ALPHA, RANK, TARGETS, loss_of

DIRECTORY = "peft_adapter_pissa"
RATE = 1e-3


def numbers(x):
    return [float(f"{number:.9g}") for number in x.detach().flatten().tolist()]


def main():
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.exit("make_peft_pissa: set PYTHONHASHSEED=0, see the head of make_peft.py")
    warnings.simplefilter("ignore", FutureWarning)
    torch.set_num_threads(1)
    os.chdir(GOLDEN)
    training = json.loads(Path("peft_training.json").read_text())
    ids = torch.tensor(json.loads(Path("peft.json").read_text())["ids"])
    config = peft.LoraConfig(
        task_type="CAUSAL_LM",
        r=RANK,
        lora_alpha=ALPHA,
        target_modules=TARGETS,
        fan_in_fan_out=True,
        init_lora_weights="pissa",
    )
    model = peft.get_peft_model(load_base(), config)
    start = tempfile.mkdtemp()
    # The conversion wants the initial adapter as a plain one, or it would take the components out once more.
    model.peft_config["default"].init_lora_weights = True
    model.save_pretrained(start)
    model.peft_config["default"].init_lora_weights = "pissa"
    model = model.double().train()
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(params, lr=RATE, weight_decay=0.0, **ADAM)
    base = load_base(torch.float64)
    losses = []
    for tokens in map(torch.tensor, training["batches"]):
        optimizer.zero_grad()
        loss = loss_of(model(tokens[:, :-1]).logits, tokens)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    first = loss_of(base(torch.tensor(training["batches"][0])[:, :-1]).logits, torch.tensor(training["batches"][0]))
    assert abs(first.item() - losses[0]) < 1e-6
    logits = model.eval()(ids).logits
    model.save_pretrained(DIRECTORY, path_initial_model_for_weight_conversion=start)
    shutil.rmtree(start)
    Path(DIRECTORY, "README.md").unlink()
    again = peft.PeftModel.from_pretrained(load_base(), DIRECTORY).double().eval()
    apart = (again(ids).logits - logits).abs().max().item()
    moved = (base(ids).logits - logits).abs().max().item()
    print(f"converted {apart:.1e}, moved {moved:.1e}", losses)
    assert apart < 1e-5 < moved
    written = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.split("+")[0],
            "transformers": transformers.__version__,
            "peft": peft.__version__,
            "numpy": np.__version__,
        },
        "base": BASE,
        "learningRate": RATE,
        "losses": [float(f"{loss:.9g}") for loss in losses],
        "logits": numbers(logits),
    }
    path = Path("peft_pissa.json")
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
