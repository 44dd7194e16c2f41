"""Some steps of PyTorch, with peft for LoRA, on batches that bench/story/run.js wrote. Prints JSON.

Sequences are padded to the longest of their batch; padding is hidden by the attention mask. torch 2.15, transformers 5.24, peft 0.21.
"""

import json
import resource
import sys
import time

import torch
from transformers import AutoModelForCausalLM

config = json.loads(sys.argv[1])
with open(config["batches"]) as file:
    batches = json.load(file)

model = AutoModelForCausalLM.from_pretrained(config["model"], dtype=torch.float32)
if config["method"] == "lora":
    from peft import LoraConfig, get_peft_model

    model = get_peft_model(model, LoraConfig(r=config["rank"], lora_alpha=2 * config["rank"], target_modules="all-linear"))
model.train()
if config.get("checkpointing"):
    model.gradient_checkpointing_enable({"use_reentrant": False})
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=config["learningRate"], weight_decay=0.0)


def rows_of(batch):
    """ids, targets and weights [B, T] without the columns in which no row has a token, and the mask of tokens."""
    size = batch["size"]
    ids = torch.tensor(batch["ids"]).view(size, -1)
    targets = torch.tensor(batch["targets"]).view(size, -1)
    weights = torch.tensor(batch["weights"]).view(size, -1)
    lengths = [max((i + 1 for i, w in enumerate(row) if w > 0), default=1) for row in weights.tolist()]
    longest = max(lengths)
    mask = torch.tensor([[1] * n + [0] * (longest - n) for n in lengths])
    return ids[:, :longest], targets[:, :longest], weights[:, :longest], mask


micro_steps = config["microSteps"]
steps = []
for step in range(config["steps"]):
    parts = [rows_of(batch) for batch in batches[step * micro_steps : (step + 1) * micro_steps]]
    start, cpu = time.perf_counter(), time.process_time()
    total = sum(weights.sum() for _, _, weights, _ in parts)
    loss_sum, tokens = 0.0, 0
    for ids, targets, weights, mask in parts:
        logits = model(input_ids=ids, attention_mask=mask).logits
        each = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
        loss = (each * weights.flatten()).sum()
        (loss / total).backward()
        loss_sum += loss.item()
        tokens += int(mask.sum())
    updating = time.perf_counter()
    optimizer.step()
    optimizer.zero_grad()
    end = time.perf_counter()
    steps.append(
        {
            "tokens": tokens,
            "loss": loss_sum / float(total),
            "seconds": end - start,
            "cpuSeconds": time.process_time() - cpu,
            "updateSeconds": end - updating,
        }
    )
print(json.dumps({"steps": steps, "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
