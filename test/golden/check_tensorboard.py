"""Reads the event files of a run with TensorBoard's own reader, and compares them with its log.

Usage: python check_tensorboard.py RUN   (the output of a run with --track tensorboard)
Checked with Python 3.11, tensorboard 2.21.0. Of steps that were taken twice, the log and the reader count the later ones.
"""

import json
import math
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1])
events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0})
events.Reload()


def logged(kind, field):
    values = {}
    for line in (run / "log.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["type"] == "start":
            values = {step: value for step, value in values.items() if step <= event["startStep"]}
        if event["type"] == kind and field in event:
            values[event["step"]] = float(event[field])
    return values


FIELDS = {
    "train/loss": ("step", "loss"),
    "train/learning_rate": ("step", "learningRate"),
    "train/grad_norm": ("step", "gradNorm"),
    "train/tokens_per_second": ("step", "tokensPerSecond"),
    "eval/loss": ("evaluation", "loss"),
    "eval/perplexity": ("evaluation", "perplexity"),
    "eval/accuracy": ("evaluation", "accuracy"),
    "eval/bleu": ("translation", "bleu"),
}
tags = events.Tags()["scalars"]
for tag, (kind, field) in FIELDS.items():
    expected = logged(kind, field)
    read = [(event.step, event.value) for event in events.Scalars(tag)] if tag in tags else []
    assert [step for step, _ in read] == sorted(expected), (tag, read, expected)
    assert all(math.isclose(value, expected[step], rel_tol=1e-6) for step, value in read), tag
    print(f"{tag}: {len(read)} values")
for tag in events.Tags()["tensors"]:
    texts = [event.tensor_proto.string_val[0].decode() for event in events.Tensors(tag)]
    print(f"{tag}: {len(texts)} texts, the last begins {texts[-1][:60]!r}")
