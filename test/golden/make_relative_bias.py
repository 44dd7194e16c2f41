"""Writes relative_bias.json: buckets of relative positions and biases, by transformers' T5.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0:
    python test/golden/make_relative_bias.py

buckets: of the offsets -LARGEST to LARGEST. biases: [H, T, S] of T queries from position `past` on
over S keys from position 0 on, for a table [N, H] whose entry (n, h) is 10 n + h.
"""

import json
import platform
from pathlib import Path

import torch
import transformers
from transformers.models.t5.modeling_t5 import T5Attention

LARGEST = 200
CASES = [(32, 128), (8, 128), (8, 10), (6, 20), (10, 17), (64, 300)]
HEADS = 2
BIASES = [(6, 6, 0, True), (6, 6, 0, False), (2, 9, 7, False), (1, 40, 39, False)]


def bias(queries, keys, past, bidirectional):
    buckets, distance = 8, 10
    config = transformers.T5Config(
        num_heads=HEADS,
        relative_attention_num_buckets=buckets,
        relative_attention_max_distance=distance,
        is_decoder=not bidirectional,
    )
    attention = T5Attention(config, has_relative_attention_bias=True, layer_idx=0)
    table = 10 * torch.arange(buckets)[:, None] + torch.arange(HEADS)[None, :]
    attention.relative_attention_bias.weight.data = table.float()
    values = attention.compute_bias(queries, keys, past_seen_tokens=past)
    return {
        "queries": queries,
        "keys": keys,
        "past": past,
        "options": options(buckets, distance, bidirectional),
        "bias": values[0].int().flatten().tolist(),
    }


def options(buckets, distance, bidirectional):
    return {"buckets": buckets, "maxDistance": distance, "bidirectional": bidirectional}


def buckets(number, distance, bidirectional):
    offsets = torch.arange(-LARGEST, LARGEST + 1)
    found = T5Attention._relative_position_bucket(offsets, bidirectional, number, distance)
    return {"options": options(number, distance, bidirectional), "buckets": found.tolist()}


golden = {
    "versions": {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    },
    "largest": LARGEST,
    "buckets": [buckets(*case, each) for case in CASES for each in (True, False)],
    "biases": [bias(*case) for case in BIASES],
}
path = Path(__file__).parent / "relative_bias.json"
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
