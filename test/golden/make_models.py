"""Writes models/*.json: logits, loss, gradients and generated tokens of tiny transformers.

Made with Python 3.11, torch 2.15.0, transformers 5.23.0 or, as each file says, 5.24.0, numpy 2.4.6:
    python test/golden/make_models.py [name ...]

Computed in float64 with attention "eager" and no dropout; where transformers asks for float32 by
name (norms, softmax, rotary angles, losses), it gets float64 too. Weights are random, norms and
biases included, and held by bfloat16, so that two bytes store them exactly. A file has

    config       config.json, as save_pretrained writes it
    weights      by the names of the checkpoint, tied ones once: shape and bfloat16, base64
    inputs       the arguments of the model by transformers' names; attention_mask is 1 at tokens
    loss         the mean over the `targets` labels that count; -100 marks those that do not.
                 Decoders compare logits[t] with labels[t + 1], the others with labels[t]
    logits       shape and float32, base64; those of padding are there, and mean nothing
    gradients    of the loss, as the weights, in float32
    generation   greedy and beam search; only what is new, up to and with the end token

and of `..._embedding` what `sentence_embedding` says.
"""

import base64
import contextlib
import copy
import json
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file

IGNORED = -100
PAD = 0
NEW_TOKENS = 9
BEAMS = 3
SMALLEST_GAP = 1e-3
DECODER = {
    "vocab_size": 48,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 2,
    "pad_token_id": PAD,
}
BERT = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "pad_token_id": PAD,
}
T5 = {
    "vocab_size": 48,
    "d_model": 16,
    "d_kv": 6,
    "d_ff": 24,
    "num_layers": 2,
    "num_decoder_layers": 2,
    "num_heads": 2,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 10,
    "pad_token_id": PAD,
    "decoder_start_token_id": PAD,
}


# Numbers


@contextlib.contextmanager
def float64():
    """Whatever asks for float32 gets float64."""
    names = [(torch, "float32"), (torch, "float"), (torch.Tensor, "float")]
    before = [getattr(owner, name) for owner, name in names]
    default = torch.get_default_dtype()
    torch.float32 = torch.float = torch.float64
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        for (owner, name), value in zip(names, before):
            setattr(owner, name, value)
        torch.set_default_dtype(default)


def is_norm(name):
    return "norm" in name.lower() and name.endswith("weight")


def draw(model, rng, deviation, center):
    """Matrices that make tokens differ; norms around what is neutral; biases that are felt."""
    for name, p in model.named_parameters():
        middle = center if is_norm(name) else 0.0
        numbers = torch.tensor(middle + spread(name, p, deviation) * rng.normal(size=p.shape))
        with torch.no_grad():
            p.copy_(numbers.to(torch.bfloat16).to(p.dtype))


def spread(name, p, deviation):
    if p.ndim == 1:
        return 0.3
    # As in T5's own initialisation: large embeddings, and queries that replace the scale of scores.
    if name == "shared.weight":
        return 1.0
    return deviation / 2 if name.endswith("Attention.q.weight") else deviation


def encoded(data):
    return base64.b64encode(data.tobytes()).decode()


def float32(x):
    numbers = x.detach().to(torch.float32).contiguous().numpy()
    return {"shape": list(x.shape), "float32": encoded(numbers)}


def bfloat16(x):
    halves = x.detach().to(torch.bfloat16)
    assert torch.equal(halves.to(x.dtype), x.detach())
    return {"shape": list(x.shape), "bfloat16": encoded(halves.view(torch.int16).numpy())}


class Tiny:
    """A model in float32, as it is saved, and in float64, as it is computed."""

    def __init__(self, kind, config, seed, deviation=0.35, center=1.0, **options):
        """`edit` changes the config file, `untied` gives a tied head weights of its own."""
        edit, untied = options.pop("edit", dict), options.pop("untied", False)
        config._attn_implementation = config._experts_implementation = "eager"
        self.rng = np.random.default_rng(seed)

        def make():
            model = kind(config, **options).eval()
            if untied:
                model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
            return model

        self.single = make()
        draw(self.single, self.rng, deviation, center)
        with tempfile.TemporaryDirectory() as folder:
            self.single.save_pretrained(folder)
            path = Path(folder) / "config.json"
            self.config = edit(json.loads(path.read_text()))
            path.write_text(json.dumps(self.config))
            self.saved = load_file(Path(folder) / "model.safetensors")
            loaded = kind.from_pretrained(folder, attn_implementation="eager", **options)
        for (name, p), q in zip(self.single.named_parameters(), loaded.parameters(), strict=True):
            assert torch.equal(p, q), name
        assert settings(loaded) == settings(self.single)
        with float64():
            self.double = make()
            self.double.load_state_dict(self.single.state_dict())
        assert {x.dtype for x in (*self.double.parameters(), *self.double.buffers())} <= {
            torch.float64,
            torch.int64,
        }

    def by_checkpoint_name(self, model):
        """Tensors of a model, each with its gradient, by the names in the file. Those names may not be
        those in the model, where experts are parts of one tensor."""
        parts = []
        for name, p in model.named_parameters():
            split = lambda x: [x]
            if ".experts." in name:
                halves = 2 if name.endswith("gate_up_proj") else 1
                split = lambda x: [half for expert in x for half in expert.chunk(halves)]
            parts += zip(split(p), split(p.grad))
        found = {}
        for saved, tensor in self.saved.items():
            [found[saved]] = [
                (p, gradient)
                for p, gradient in parts
                if p.shape == tensor.shape and torch.equal(p.detach(), tensor.to(p.dtype))
            ]
        assert len(found) == len(parts)
        return found

    def weights(self):
        return {name: bfloat16(tensor) for name, tensor in sorted(self.saved.items())}

    def gradients(self):
        """Exactly 0 for a bias of keys without rotary positions, which moves all scores alike."""
        found, worst = {}, 0.0
        single = self.by_checkpoint_name(self.single)
        for name, (_, gradient) in sorted(self.by_checkpoint_name(self.double).items()):
            largest = gradient.abs().max()
            if name.endswith(("key.bias", "k_lin.bias")):
                assert largest < 1e-14
                gradient.zero_()
            else:
                assert largest > 1e-3, (name, largest)
                worst = max(worst, ((single[name][1] - gradient).abs().max() / largest).item())
            found[name] = float32(gradient)
        print(f"  gradients in float32 are off by {worst:.1e} of their largest element")
        assert worst < 5e-6
        return found

    def trained(self, inputs, **fields):
        """What a loss of the model's own needs to be compared."""
        with float64():
            output = self.double(**inputs)
            output.loss.backward()
        self.single(**{name: as_single(x) for name, x in inputs.items()}).loss.backward()
        print(f"  loss {output.loss.item():.6f}")
        return {
            "config": self.config,
            "inputs": {name: written(x) for name, x in inputs.items()},
            "targets": int((shifted(inputs, self.config) != IGNORED).sum()),
            "loss": output.loss.item(),
            "logits": float32(output.logits),
            **fields,
            "weights": self.weights(),
            "gradients": self.gradients(),
        }


def settings(model):
    return {k: v for k, v in model.config.to_dict().items() if k != "_name_or_path"}


def as_single(x):
    return x.to(torch.float32) if x.is_floating_point() else x


def written(x):
    return float32(x) if x.is_floating_point() else x.tolist()


def shifted(inputs, config):
    """The labels that have logits."""
    causal = "ForCausalLM" in config["architectures"][0]
    return inputs["labels"][:, 1:] if causal else inputs["labels"]


# Tokens


def padded(rows, length, fill):
    return torch.tensor([row + [fill] * (length - len(row)) for row in rows])


def draw_rows(rng, lengths, vocabulary):
    return [rng.integers(3, vocabulary, n).tolist() for n in lengths]


def language_inputs(rng, vocabulary, lengths=(10, 7), prompts=(2, 3)):
    """Sequences that end in padding, whose first tokens, as those of a prompt, are no targets."""
    rows = draw_rows(rng, lengths, vocabulary)
    longest = max(lengths)
    labels = [[IGNORED] * skip + row[skip:] for row, skip in zip(rows, prompts)]
    return {
        "input_ids": padded(rows, longest, PAD),
        "attention_mask": padded([[1] * n for n in lengths], longest, 0),
        "labels": padded(labels, longest, IGNORED),
    }


# Generation


def continue_rows(model, rows, **options):
    """`generate` for a batch, padded on the left, or for T5 on the right; without prompts."""
    longest = max(map(len, rows))
    if model.config.is_encoder_decoder:
        ids = padded(rows, longest, PAD)
        start = 1
    else:
        ids = padded([row[::-1] for row in rows], longest, PAD).flip(1)
        start = longest
    output = model.generate(
        input_ids=ids,
        attention_mask=(ids != PAD).long(),
        do_sample=False,
        return_dict_in_generate=True,
        output_scores=True,
        **options,
    )
    return output, output.sequences[:, start:]


def until_end(row, end):
    """Without what fills the row after the end token."""
    ids = row.tolist()
    return ids[: ids.index(end) + 1] if end in ids else ids


def greedy(model, rows, end):
    output, new = continue_rows(
        model, rows, max_new_tokens=NEW_TOKENS, eos_token_id=end, pad_token_id=PAD
    )
    ids = [until_end(row, end) for row in new]
    gaps = []
    for step, scores in enumerate(output.scores):
        top = scores.topk(2).values
        gaps += [(a - b).item() for (a, b), row in zip(top, ids) if step < len(row)]
    return ids, min(gaps)


def beams(model, rows, end, **options):
    output, new = continue_rows(
        model,
        rows,
        max_new_tokens=NEW_TOKENS,
        eos_token_id=end,
        pad_token_id=PAD,
        num_beams=BEAMS,
        num_return_sequences=BEAMS,
        **options,
    )
    ids = [until_end(row, end) for row in new]
    scores = output.sequences_scores.tolist()
    in_groups = lambda x: [x[i : i + BEAMS] for i in range(0, len(x), BEAMS)]
    return in_groups(ids), in_groups(scores)


VARIANTS = [
    {"early_stopping": False, "length_penalty": 1.0},
    {"early_stopping": True, "length_penalty": 1.0},
    {"early_stopping": "never", "length_penalty": 1.0},
    {"early_stopping": False, "length_penalty": 2.0},
    {"early_stopping": True, "length_penalty": 2.0},
    {"early_stopping": "never", "length_penalty": 2.0},
    {"early_stopping": False, "length_penalty": -0.5},
    {"early_stopping": True, "length_penalty": 0.0},
]


def searched(model, rows, end):
    found = []
    for options in VARIANTS:
        ids, scores = beams(model, rows, end, **options)
        found.append({**options, "sequences": ids, "scores": scores})
    return found


def generated(tiny, prompts, with_beams=True):
    """Continuations of each prompt, alone and in a batch; one of them meets the end token."""
    with torch.no_grad(), float64():
        free, _ = greedy(tiny.double, prompts, end=1)
        # A token in the middle of one continuation, and in none of the others.
        counts = {id: sum(id in row for row in free) for row in free for id in row[2:6]}
        ends = [id for row in free for id in row[2:6] if counts[id] == 1 and row.index(id) > 1]
        best = None
        for end in dict.fromkeys(ends or [1]):
            ids, gap = greedy(tiny.double, prompts, end)
            found = searched(tiny.double, prompts, end) if with_beams else []
            kinds = len({json.dumps(item["sequences"]) for item in found})
            if best is None or kinds > best[0]:
                best = kinds, end, ids, gap, found
        kinds, end, ids, gap, found = best
        alone = [greedy(tiny.double, [row], end) for row in prompts]
    assert [row for rows, _ in alone for row in rows] == ids
    gap = min([gap, *(g for _, g in alone)])
    assert gap > SMALLEST_GAP, gap
    # The same tokens in float32, even if every weight is off by 1e-5: no choice is close.
    with torch.no_grad():
        rough = copy.deepcopy(tiny.single)
        for p in rough.parameters():
            p.mul_(1 + 1e-5 * torch.tensor(tiny.rng.normal(size=p.shape), dtype=p.dtype))
        assert greedy(rough, prompts, end)[0] == ids
        for item, other in zip(found, searched(rough, prompts, end) if found else []):
            assert item["sequences"] == other["sequences"]
            np.testing.assert_allclose(item["scores"], other["scores"], rtol=1e-3)
    assert ends and any(len(row) < NEW_TOKENS for row in ids)
    differences = [a - b for item in found for row in item["scores"] for a, b in zip(row, row[1:])]
    closest = min(differences, default=np.inf)
    assert closest > 1e-4, closest
    print(f"  gap {gap:.3f}, of beams {closest:.1e}, {kinds} results of {len(found)} beam searches")
    return {
        "maxNewTokens": NEW_TOKENS,
        "endToken": end,
        "padToken": PAD,
        "prompts": prompts,
        "greedy": ids,
        "smallestGap": gap,
        **({"numBeams": BEAMS, "beams": found} if with_beams else {}),
    }


# One function for each kind of model


def decoder(kind, config, seed, with_beams=False, **options):
    tiny = Tiny(kind, config, seed, **options)
    inputs = language_inputs(tiny.rng, config.vocab_size)
    prompts = draw_rows(tiny.rng, (6, 3), config.vocab_size)
    return tiny.trained(inputs, generation=generated(tiny, prompts, with_beams))


def llama():
    config = transformers.LlamaConfig(**DECODER, rms_norm_eps=1e-5, tie_word_embeddings=False)
    return decoder(transformers.LlamaForCausalLM, config, 6, with_beams=True)


def llama3():
    scaling = {
        "rope_type": "llama3",
        "rope_theta": 500.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 16,
    }
    fields = {**DECODER, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = transformers.LlamaConfig(**fields, rope_parameters=scaling, tie_word_embeddings=True)
    return decoder(transformers.LlamaForCausalLM, config, 5)


def mistral():
    config = transformers.MistralConfig(**DECODER, head_dim=6, sliding_window=4)
    return decoder(transformers.MistralForCausalLM, config, 5)


def qwen2():
    config = transformers.Qwen2Config(**DECODER, tie_word_embeddings=True)
    return decoder(transformers.Qwen2ForCausalLM, config, 6)


def qwen3():
    config = transformers.Qwen3Config(**DECODER, head_dim=8, tie_word_embeddings=False)
    return decoder(transformers.Qwen3ForCausalLM, config, 1)


def gemma():
    fields = {**DECODER, "num_key_value_heads": 1}
    config = transformers.GemmaConfig(**fields, head_dim=6)
    return decoder(transformers.GemmaForCausalLM, config, 1, center=0.0)


def gemma2():
    config = transformers.Gemma2Config(
        **DECODER,
        head_dim=6,
        query_pre_attn_scalar=10,
        sliding_window=4,
        attn_logit_softcapping=3.0,
        final_logit_softcapping=4.0,
    )
    return decoder(transformers.Gemma2ForCausalLM, config, 3, with_beams=True, center=0.0)


def smollm3():
    """One layer of two knows nothing of positions, and has a window."""
    config = transformers.SmolLM3Config(
        **DECODER,
        no_rope_layers=[0, 1],
        use_sliding_window=True,
        sliding_window=4,
        tie_word_embeddings=True,
    )
    return decoder(transformers.SmolLM3ForCausalLM, config, 1)


def granite():
    config = transformers.GraniteConfig(
        **DECODER,
        embedding_multiplier=3.0,
        residual_multiplier=0.6,
        attention_multiplier=0.3,
        logits_scaling=2.0,
        tie_word_embeddings=True,
    )
    return decoder(transformers.GraniteForCausalLM, config, 6)


def olmo2():
    config = transformers.Olmo2Config(**DECODER, tie_word_embeddings=False)
    return decoder(transformers.Olmo2ForCausalLM, config, 1)


def phi3():
    config = transformers.Phi3Config(**DECODER, sliding_window=4, tie_word_embeddings=False)
    return decoder(transformers.Phi3ForCausalLM, config, 1)


def qwen3_moe():
    """One layer of two has four experts, of which a token has two."""
    config = transformers.Qwen3MoeConfig(
        **DECODER,
        num_experts=4,
        num_experts_per_tok=2,
        moe_intermediate_size=8,
        decoder_sparse_step=2,
        norm_topk_prob=True,
        tie_word_embeddings=False,
    )
    return decoder(transformers.Qwen3MoeForCausalLM, config, 3)


def qwen3_moe_unnormalized():
    """Both layers have experts, whose weights do not add up to 1, and a window."""
    config = transformers.Qwen3MoeConfig(
        **DECODER,
        head_dim=6,
        num_experts=3,
        num_experts_per_tok=2,
        moe_intermediate_size=6,
        norm_topk_prob=False,
        use_sliding_window=True,
        sliding_window=4,
        attention_bias=True,
        tie_word_embeddings=True,
    )
    return decoder(transformers.Qwen3MoeForCausalLM, config, 1)


def encoder_decoder(config, seed, **options):
    tiny = Tiny(transformers.T5ForConditionalGeneration, config, seed, **options)
    vocabulary = config.vocab_size
    rows = draw_rows(tiny.rng, (12, 8), vocabulary)
    targets = draw_rows(tiny.rng, (6, 9), vocabulary)
    labels = padded(targets, 9, IGNORED)
    inputs = {
        "input_ids": padded(rows, 12, PAD),
        "attention_mask": padded([[1] * len(row) for row in rows], 12, 0),
        "decoder_input_ids": tiny.double.prepare_decoder_input_ids_from_labels(labels),
        "labels": labels,
    }
    prompts = draw_rows(tiny.rng, (7, 4), vocabulary)
    return tiny.trained(inputs, generation=generated(tiny, prompts))


def t5():
    return encoder_decoder(transformers.T5Config(**T5, feed_forward_proj="relu"), 9)


def t5_gated():
    """In the config file of a T5 1.1 tie_word_embeddings is false: the head has weights of its own,
    and the decoder's output is not scaled. transformers 5 reads that, and saves it, as true beside
    scale_decoder_outputs false; it unties them when it finds both in a checkpoint."""
    config = transformers.T5Config(
        **{**T5, "d_ff": 16}, feed_forward_proj="gated-gelu", tie_word_embeddings=False
    )

    def as_published(saved):
        assert saved["tie_word_embeddings"] and saved.pop("scale_decoder_outputs") is False
        return {**saved, "tie_word_embeddings": False}

    return encoder_decoder(config, 3, deviation=0.25, edit=as_published, untied=True)


def pair_inputs(rng, vocabulary, lengths=((4, 5), (3, 3), (2, 6))):
    """Two segments each, then padding."""
    longest = max(map(sum, lengths))
    rows = draw_rows(rng, map(sum, lengths), vocabulary)
    return {
        "input_ids": padded(rows, longest, PAD),
        "attention_mask": padded([[1] * len(row) for row in rows], longest, 0),
        "token_type_ids": padded([[0] * a + [1] * b for a, b in lengths], longest, 0),
    }


def bert_mlm():
    tiny = Tiny(transformers.BertForMaskedLM, transformers.BertConfig(**BERT), 1)
    inputs = pair_inputs(tiny.rng, BERT["vocab_size"])
    labels = torch.full_like(inputs["input_ids"], IGNORED)
    for row, column in ((0, 1), (0, 6), (1, 2), (2, 0), (2, 7)):
        labels[row, column] = inputs["input_ids"][row, column]
        inputs["input_ids"][row, column] = 1  # the mask token
    return tiny.trained({**inputs, "labels": labels})


def bert_classification():
    config = transformers.BertConfig(**BERT, num_labels=3)
    tiny = Tiny(transformers.BertForSequenceClassification, config, 1)
    inputs = pair_inputs(tiny.rng, BERT["vocab_size"])
    return tiny.trained({**inputs, "labels": torch.tensor([2, 0, 1])})


def without_types(config):
    """As RoBERTa's and DistilBERT's tokenizers make them."""

    def inputs_of(rng):
        inputs = pair_inputs(rng, config.vocab_size)
        ids = torch.where(inputs["attention_mask"] == 1, inputs["input_ids"], config.pad_token_id)
        return {"input_ids": ids, "attention_mask": inputs["attention_mask"]}

    return inputs_of


def encoder_mlm(kind, config, seed):
    tiny = Tiny(kind, config, seed)
    inputs = without_types(config)(tiny.rng)
    labels = torch.full_like(inputs["input_ids"], IGNORED)
    for row, column in ((0, 1), (0, 6), (1, 2), (2, 0), (2, 7)):
        labels[row, column] = inputs["input_ids"][row, column]
        inputs["input_ids"][row, column] = 3  # the mask token
    return tiny.trained({**inputs, "labels": labels})


def encoder_classification(kind, config, seed):
    tiny = Tiny(kind, config, seed)
    inputs = without_types(config)(tiny.rng)
    return tiny.trained({**inputs, "labels": torch.tensor([2, 0, 1])})


ROBERTA = {**BERT, "pad_token_id": 1, "type_vocab_size": 1}
DISTILBERT = {
    "vocab_size": 40,
    "dim": 16,
    "hidden_dim": 24,
    "n_layers": 2,
    "n_heads": 4,
    "max_position_embeddings": 16,
    "pad_token_id": PAD,
}


def roberta_mlm():
    config = transformers.RobertaConfig(**ROBERTA)
    return encoder_mlm(transformers.RobertaForMaskedLM, config, 1)


def roberta_classification():
    config = transformers.RobertaConfig(**ROBERTA, num_labels=3)
    return encoder_classification(transformers.RobertaForSequenceClassification, config, 1)


def distilbert_mlm():
    config = transformers.DistilBertConfig(**DISTILBERT)
    return encoder_mlm(transformers.DistilBertForMaskedLM, config, 1)


def distilbert_classification():
    config = transformers.DistilBertConfig(**DISTILBERT, num_labels=3)
    return encoder_classification(transformers.DistilBertForSequenceClassification, config, 1)


MODERNBERT = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "max_position_embeddings": 16,
    "local_attention": 4,
    "global_attn_every_n_layers": 2,
    "pad_token_id": PAD,
    "cls_token_id": 1,
    "bos_token_id": 1,
    "sep_token_id": 2,
    "eos_token_id": 2,
}


def modernbert_mlm():
    config = transformers.ModernBertConfig(**MODERNBERT)
    return encoder_mlm(transformers.ModernBertForMaskedLM, config, 1)


def modernbert_classification():
    """Of means over tokens, with biases everywhere."""
    biases = ("attention_bias", "mlp_bias", "norm_bias", "classifier_bias")
    config = transformers.ModernBertConfig(
        **MODERNBERT, **dict.fromkeys(biases, True), classifier_pooling="mean", num_labels=3
    )
    return encoder_classification(transformers.ModernBertForSequenceClassification, config, 1)


def sentence_embedding(kind, config, **options):
    """Sentence embeddings e: the mean over tokens, divided by its length. Rows 0 to 3 are anchors,
    4 to 7 their positives; similarities[i][j] = e_i . e_(4+j), and the loss is the cross-entropy of
    20 similarities[i] against i, the mean over i (in-batch negatives)."""

    tiny = Tiny(kind, config, seed=3, **options)
    rows = draw_rows(tiny.rng, (6, 3, 9, 1, 5, 7, 2, 8), config.vocab_size)
    inputs = {
        "input_ids": padded(rows, 9, PAD),
        "attention_mask": padded([[1] * len(row) for row in rows], 9, 0),
    }
    scale = 20.0

    def embed(model):
        hidden = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None].to(hidden.dtype)
        embeddings = F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
        similarities = embeddings[:4] @ embeddings[4:].T
        loss = F.cross_entropy(scale * similarities, torch.arange(4))
        loss.backward()
        return embeddings, similarities, loss

    embed(tiny.single)
    with float64():
        embeddings, similarities, loss = embed(tiny.double)
    print(f"  loss {loss.item():.6f}")
    return {
        "config": tiny.config,
        "inputs": {name: written(x) for name, x in inputs.items()},
        "targets": 4,
        "scale": scale,
        "loss": loss.item(),
        "embeddings": float32(embeddings),
        "similarities": float32(similarities),
        "weights": tiny.weights(),
        "gradients": tiny.gradients(),
    }


def bert_embedding():
    config = transformers.BertConfig(**BERT)
    return sentence_embedding(transformers.BertModel, config, deviation=0.6, add_pooling_layer=False)


def modernbert_embedding():
    config = transformers.ModernBertConfig(**MODERNBERT)
    return sentence_embedding(transformers.ModernBertModel, config)


def vit():
    config = transformers.ViTConfig(
        image_size=8,
        patch_size=4,
        num_channels=3,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_labels=3,
    )
    tiny = Tiny(transformers.ViTForImageClassification, config, 1)
    pixels = torch.tensor(tiny.rng.uniform(-1, 1, (3, 3, 8, 8)).astype(np.float32)).double()
    return tiny.trained({"pixel_values": pixels, "labels": torch.tensor([1, 2, 0])})


MODELS = (
    *(llama, llama3, mistral, qwen2, qwen3, gemma, gemma2, smollm3, granite, olmo2, phi3),
    *(qwen3_moe, qwen3_moe_unnormalized),
    *(t5, t5_gated, bert_mlm, bert_classification, bert_embedding, vit),
    *(roberta_mlm, roberta_classification, distilbert_mlm, distilbert_classification),
    *(modernbert_mlm, modernbert_classification, modernbert_embedding),
)


def main(names):
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "numpy": np.__version__,
    }
    for write in MODELS:
        if names and write.__name__ not in names:
            continue
        print(write.__name__)
        golden = {"versions": versions, **write()}
        path = Path(__file__).parent / "models" / f"{write.__name__}.json"
        path.parent.mkdir(exist_ok=True)
        lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
        size = path.stat().st_size
        print(f"  {len(golden['gradients'])} parameters, {size} bytes")
        assert size <= 100_000


if __name__ == "__main__":
    main(sys.argv[1:])
