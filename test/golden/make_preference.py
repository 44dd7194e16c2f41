"""Writes preference.json: losses, gradients and rewards of DPO, IPO and ORPO on a tiny Llama, by TRL in float64.

Made with Python 3.11, torch 2.15.0, transformers 5.24.0, trl 1.16.0:
    python test/golden/make_preference.py

One batch of three preferences of unequal lengths, tokenized and collated by DPOTrainer itself: rows are the chosen answers, then the
rejected ones, filled up on the right. `completion` is 1 for tokens of answers. Losses and gradients are those of
DPOTrainer.compute_loss (loss_type sigmoid and ipo) and ORPOTrainer.get_batch_loss_metrics. TRL's sigmoid loss has no label smoothing any
more; its aot_unpaired has, and is the smoothed sigmoid loss for one pair at a time, over which the mean is taken here.
Weights are multiples of 2^-12, so float32 holds them.
"""

import json
import platform
import tempfile
from pathlib import Path

import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from trl import DPOConfig, DPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

VOCABULARY = 24
CONFIG = {
    "vocab_size": VOCABULARY,
    "hidden_size": 8,
    "intermediate_size": 12,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 32,
    "tie_word_embeddings": False,
}
ROWS = [
    ("a b c", "d e f g", "h i"),
    ("c d", "e", "f g h i j"),
    ("b b e f g", "h d", "a c d"),
]
CASES = [
    {"name": "dpo", "loss": "dpo", "beta": 0.1, "labelSmoothing": 0.0},
    {"name": "smoothed dpo", "loss": "dpo", "beta": 0.5, "labelSmoothing": 0.2},
    {"name": "ipo", "loss": "ipo", "beta": 0.3, "labelSmoothing": 0.0},
    {"name": "orpo", "loss": "orpo", "beta": 0.25, "labelSmoothing": 0.0},
]


def model_of(seed):
    torch.manual_seed(seed)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**CONFIG)).double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(((p + 0.4 * torch.randn_like(p)) * 4096).round() / 4096)
    return model


def tokenizer_of():
    words = ["<pad>", "<eos>", "<unk>", *"abcdefghijklmnopqrstu"]
    raw = Tokenizer(WordLevel({w: i for i, w in enumerate(words)}, unk_token="<unk>"))
    raw.pre_tokenizer = Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def dataset_of(rows):
    return Dataset.from_list([dict(zip(("prompt", "chosen", "rejected"), row)) for row in rows])


def common(directory):
    return {
        "output_dir": directory,
        "per_device_train_batch_size": len(ROWS),
        "report_to": [],
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
    }


def dpo_trainer(directory, case, rows, loss_type):
    args = DPOConfig(
        **common(directory),
        beta=case["beta"],
        loss_type=[loss_type],
        label_smoothing=case["labelSmoothing"],
    )
    return DPOTrainer(
        model=model_of(1),
        ref_model=model_of(2),
        args=args,
        train_dataset=dataset_of(rows),
        processing_class=tokenizer_of(),
    )


def batch_of(trainer):
    return trainer.data_collator([trainer.train_dataset[i] for i in range(len(trainer.train_dataset))])


def gradients_of(model):
    return {name: p.grad.flatten().tolist() for name, p in model.named_parameters()}


def rewards_of(metrics):
    names = ("chosen", "rejected", "margins", "accuracies")
    return {name: metrics[f"rewards/{name}"] for name in names}


def run_dpo(directory, case):
    if case["labelSmoothing"] > 0:
        parts = [dpo_trainer(directory, case, [row], "aot_unpaired") for row in ROWS]
    else:
        loss_type = {"dpo": "sigmoid", "ipo": "ipo"}[case["loss"]]
        parts = [dpo_trainer(directory, case, ROWS, loss_type)]
    total, gradients, rewards = 0.0, None, None
    for trainer in parts:
        model = trainer.model
        model.zero_grad()
        loss = trainer.compute_loss(model, batch_of(trainer))
        loss.backward()
        total += loss.item() / len(parts)
        own = gradients_of(model)
        gradients = own if gradients is None else {k: [x + y for x, y in zip(v, own[k])] for k, v in gradients.items()}
        # The mode is "train" unless the model is evaluated: both are looked at.
        found = {k: v[-1] for m in trainer._metrics.values() for k, v in m.items()}
        mine = rewards_of(found)
        rewards = mine if rewards is None else {k: v + mine[k] for k, v in rewards.items()}
    n = len(parts)
    return {
        **case,
        "value": total,
        "rewards": {k: v / n for k, v in rewards.items()},
        "gradients": {k: [x / n for x in v] for k, v in gradients.items()},
    }


def run_orpo(directory, case, batch):
    args = ORPOConfig(**common(directory), beta=case["beta"], max_length=32)
    model = model_of(1)
    trainer = ORPOTrainer(
        model=model, args=args, train_dataset=dataset_of(ROWS), processing_class=tokenizer_of()
    )
    ids, mask, completion = batch["input_ids"], batch["attention_mask"], batch["completion_mask"]
    labels = torch.where(completion == 1, ids, -100)
    n = len(ROWS)
    given = {}
    for side, rows in (("chosen", slice(0, n)), ("rejected", slice(n, 2 * n))):
        given[f"{side}_input_ids"] = ids[rows]
        given[f"{side}_attention_mask"] = mask[rows]
        given[f"{side}_labels"] = labels[rows]
    loss, metrics = trainer.get_batch_loss_metrics(trainer.model, given)
    loss.backward()
    return {
        **case,
        "value": loss.item(),
        "rewards": rewards_of(metrics),
        "gradients": gradients_of(trainer.model),
    }


def weights_of(model):
    return {
        name: {"shape": list(p.shape), "data": p.flatten().tolist()}
        for name, p in model.named_parameters()
    }


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [rounded(v) for v in value]
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return value


def main():
    with tempfile.TemporaryDirectory() as directory:
        batch = batch_of(dpo_trainer(directory, CASES[0], ROWS, "sigmoid"))
        cases = [
            run_orpo(directory, case, batch) if case["loss"] == "orpo" else run_dpo(directory, case)
            for case in CASES
        ]
        with torch.no_grad():
            logits = model_of(2)(batch["input_ids"], attention_mask=batch["attention_mask"]).logits
            logps = logits[:, :-1].log_softmax(-1).gather(-1, batch["input_ids"][:, 1:, None])[..., 0]
            reference = (logps * batch["completion_mask"][:, 1:]).sum(-1)
    golden = {
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "trl": trl.__version__,
        },
        "config": {"model_type": "llama", **CONFIG, "rms_norm_eps": 1e-6, "rope_theta": 10000.0},
        "ids": batch["input_ids"].tolist(),
        "attention": batch["attention_mask"].tolist(),
        "completion": batch["completion_mask"].tolist(),
        "weights": weights_of(model_of(1)),
        "reference": {"weights": weights_of(model_of(2)), "logProbabilities": reference.tolist()},
        "cases": cases,
    }
    path = Path(__file__).parent / "preference.json"
    path.write_text(json.dumps(rounded(golden)) + "\n")
    print(path.stat().st_size, [(c["name"], c["value"], c["rewards"]) for c in cases])


if __name__ == "__main__":
    main()
