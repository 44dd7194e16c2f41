"""A text by transformers, its tokens timed one by one. Prints JSON. torch 2.15, transformers 5.24.

Greedy, with its cache, in the type of the weights on disk; the end of a text ends nothing, so that all have as many tokens.
"""

import json
import resource
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

config = json.loads(sys.argv[1])
torch.set_num_threads(config["threads"])
tokenizer = AutoTokenizer.from_pretrained(config["model"])
model = AutoModelForCausalLM.from_pretrained(config["model"], dtype="auto")
model.eval()
model.generation_config.eos_token_id = None


class Clock:
    """What `generate` tells of its tokens: the prompt, then each by itself."""

    def __init__(self):
        self.tokens, self.first = [], None

    def put(self, value):
        if self.first is None:
            self.first = ()
            return
        self.tokens.extend(value.flatten().tolist())
        if not self.first:
            self.first = (time.perf_counter(), time.process_time(), time.time() * 1000)

    def end(self):
        pass


clock = Clock()
start = time.perf_counter()
prompt = tokenizer(config["prompt"], return_tensors="pt")
with torch.inference_mode():
    model.generate(**prompt, max_new_tokens=config["tokens"], do_sample=False, pad_token_id=0, streamer=clock)
end, cpu = time.perf_counter(), time.process_time()
first, first_cpu, first_at = clock.first
count = len(clock.tokens) - 1
print(
    json.dumps(
        {
            "tokens": clock.tokens,
            "firstAt": first_at,
            "firstMs": 1000 * (first - start),
            "tokensPerSecond": count / (end - first),
            "tokensPerCpuSecond": count / (cpu - first_cpu),
            "peakBytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
    )
)
