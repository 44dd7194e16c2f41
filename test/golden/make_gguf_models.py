"""Writes gguf/NAME.gguf, small random models with tokenizers as llama.cpp's convert_hf_to_gguf.py lays them out, and gguf/models.json.

Made with Python 3.11, gguf 0.19.0, numpy 2.4.6, torch 2.15.0, transformers 5.24.0, tokenizers and sentencepiece 0.2.3:
    python test/golden/make_gguf_models.py

models.json has for each model the logits of the last token of "ids", from the model before it was written, and the ids of "texts" by the
tokenizer before it was written: by sentencepiece, or by Hugging Face's tokenizers. Where transformers reads the architecture from GGUF
its logits have to be the same; the tensors' names are those of gguf-py's own table. Of what transformers does not read, the
rotation of Llama 3, Gemma, SmolLM3, Granite, OLMo 2 and Phi-3, there is the model before alone.
"""

import io
import json
import sys
from pathlib import Path

import gguf
import numpy as np
import sentencepiece
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).parent / "gguf"
SAMPLE = (
    "the quick brown fox jumps over the lazy dog and the other dogs do not care at all. "
    "In 2024 there were 1234 things, weren't there? They're here, I'll say; don't you think so? "
    "Straße, naïve café, größer, Привет мир, 日本語 テキスト. the the and and over over\n"
) * 3
TEXTS = [
    "the quick brown fox", "  two  spaces", "tabs\tand\nlines\r\n\r\n", "12345 67 8.9", "don't CAN'T we'll", "naïve café größer",
    "日本語 and 中文", "Привет", "😀 👨‍👩‍👧", "a\u0301 e\u0301", "½ Ⅳ ²", "<s>x</s>", "", "   ", "\n\n", "ends with ", " starts", "x=1;y=2!!",
    "!!!???...", "\u00a0nbsp", "weren't there? They're", "\u2028line", "a" * 30,
]
SIZES = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, initializer_range=0.2)
LLAMA_3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192)
TEMPLATE = "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{{ eos_token }}{% endfor %}"

WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {
    "gpt-2": (None, pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "smollm": (None, pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])),
    "llama-bpe": (None, pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS % r"\p{N}{1,3}"), "isolated"),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])),
    "smaug-bpe": (None, pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS % r"\p{N}{1,3}"), "isolated"),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])),
    "qwen2": (normalizers.NFC(), pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(WORDS % r"\p{N}"), "isolated"),
                                                          pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])),
}


def byte_pairs(pre):
    """Tokens, merges, token types, start, end, and the ids of a text."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=pre == "llama-bpe"))
    normalizer, split = SPLITS[pre]
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<s>", "</s>"], show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([SAMPLE], trainer)
    made = json.loads(tokenizer.to_str())["model"]
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    merges = [" ".join(pair) for pair in made["merges"]]
    return dict(model="gpt2", pre=pre, tokens=tokens, merges=merges, types=[3, 3] + [1] * (len(tokens) - 2), start=0, end=1,
                encode=lambda text: tokenizer.encode(text, add_special_tokens=False).ids)


def sentence_pieces(prefix):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SAMPLE.split("\n")), model_writer=out, vocab_size=330, model_type="bpe", byte_fallback=True,
        normalization_rule_name="identity", remove_extra_whitespaces=False, add_dummy_prefix=prefix, character_coverage=0.99,
        minloglevel=2)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=out.getvalue())
    count = pieces.get_piece_size()
    types = [2 if pieces.is_unknown(i) else 3 if pieces.is_control(i) else 6 if pieces.is_byte(i) else 1 for i in range(count)]
    # Special tokens are found in texts first, as everywhere but in sentencepiece, and what follows one begins anew.
    encode = lambda text: [1, *pieces.encode("x"), 2] if text == "<s>x</s>" else pieces.encode(text)
    return dict(model="llama", prefix=prefix, tokens=[pieces.id_to_piece(i) for i in range(count)],
                scores=[pieces.get_score(i) for i in range(count)], types=types, start=1, end=2, encode=encode)


def paired(weights, heads):
    """`LlamaModel.permute` of llama.cpp."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(weights.shape)


def written(path, name, model, tokenizer):
    config = model.config
    architecture = {"llama3": "llama", "qwen3_moe": "qwen3moe"}.get(name, name)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name(f"{name} of random numbers")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_head_count(config.num_attention_heads)
    inner = getattr(config, "intermediate_size", 4 * config.hidden_size)
    writer.add_feed_forward_length(inner)
    if architecture == "gpt2":
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
    else:
        head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
        writer.add_vocab_size(config.vocab_size)
        if architecture in ("llama", "smollm3", "granite", "phi3"):
            writer.add_rope_dimension_count(head)
        else:
            writer.add_key_length(head)
            writer.add_value_length(head)
        if config.rope_parameters["rope_type"] == "llama3":
            inverse = model.model.rotary_emb.inv_freq.numpy()
            plain = config.rope_parameters["rope_theta"] ** (-np.arange(0, head, 2) / head)
            writer.add_tensor("rope_freqs.weight", (plain / inverse).astype(np.float32))
    if architecture == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
        writer.add_sliding_window(config.sliding_window)
    if architecture == "granite":
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if architecture == "phi3":
        writer.add_sliding_window(config.sliding_window or 0)
    if architecture == "qwen3moe":
        writer.add_expert_count(config.num_experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)

    writer.add_tokenizer_model(tokenizer["model"])
    writer.add_token_list(tokenizer["tokens"])
    writer.add_token_types(tokenizer["types"])
    if tokenizer["model"] == "gpt2":
        writer.add_tokenizer_pre(tokenizer["pre"])
        writer.add_token_merges(tokenizer["merges"])
    else:
        writer.add_tokenizer_pre("default")
        writer.add_token_scores(tokenizer["scores"])
        writer.add_add_space_prefix(tokenizer["prefix"])
        writer.add_unk_token_id(0)
    writer.add_bos_token_id(tokenizer["start"])
    writer.add_eos_token_id(tokenizer["end"])
    writer.add_chat_template(TEMPLATE)

    table = gguf.get_tensor_name_map(getattr(gguf.MODEL_ARCH, architecture.upper()), config.num_hidden_layers)
    state = dict(model.state_dict())
    if config.tie_word_embeddings:
        del state["lm_head.weight"]
    # As in the checkpoint, where gate and up are apart.
    for key in [key for key in state if key.endswith("experts.gate_up_proj")]:
        gate, up = state.pop(key).chunk(2, dim=1)
        state[key.replace("gate_up", "gate") + ".weight"] = gate
        state[key.replace("gate_up", "up") + ".weight"] = up
    for key in [key for key in state if key.endswith("experts.down_proj")]:
        state[key + ".weight"] = state.pop(key)
    for key, tensor in state.items():
        numbers = tensor.numpy()
        target = table.get_name(key, try_suffixes=(".weight", ".bias"))
        if architecture in ("llama", "smollm3", "granite") and ("q_proj" in key or "k_proj" in key):
            numbers = paired(numbers, config.num_attention_heads if "q_proj" in key else config.num_key_value_heads)
        if architecture.startswith("gemma") and key.endswith("norm.weight"):
            numbers = numbers + 1
        if architecture == "gpt2" and key.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            numbers = numbers.T
        kind = np.float16 if numbers.ndim > 1 and "ffn_gate_inp" not in target else np.float32
        writer.add_tensor(target, np.ascontiguousarray(numbers).astype(kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


SMALL = dict(SIZES, head_dim=4)
MODELS = {
    "llama": (transformers.LlamaForCausalLM, SMALL, sentence_pieces(True)),
    "llama3": (transformers.LlamaForCausalLM,
               dict(SMALL, head_dim=16, attention_bias=True, rope_theta=500000.0, rope_scaling=LLAMA_3, tie_word_embeddings=True), byte_pairs("llama-bpe")),
    "qwen2": (transformers.Qwen2ForCausalLM, dict(SIZES, rope_theta=1e6, tie_word_embeddings=False), byte_pairs("qwen2")),
    "qwen3": (transformers.Qwen3ForCausalLM, dict(SIZES, head_dim=8, tie_word_embeddings=True), byte_pairs("smollm")),
    "gemma": (transformers.GemmaForCausalLM, dict(SIZES, head_dim=8), sentence_pieces(False)),
    "gemma2": (transformers.Gemma2ForCausalLM, dict(SIZES, head_dim=8, query_pre_attn_scalar=8, sliding_window=4), sentence_pieces(False)),
    "gpt2": (transformers.GPT2LMHeadModel, dict(n_embd=16, n_layer=2, n_head=4, n_positions=64, initializer_range=0.2), byte_pairs("gpt-2")),
    "smollm3": (transformers.SmolLM3ForCausalLM, dict(SIZES, pad_token_id=None, num_hidden_layers=4, tie_word_embeddings=True), byte_pairs("smaug-bpe")),
    "granite": (transformers.GraniteForCausalLM,
                dict(SIZES, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.3, logits_scaling=2.0,
                     tie_word_embeddings=True), byte_pairs("gpt-2")),
    "olmo2": (transformers.Olmo2ForCausalLM, dict(SIZES, tie_word_embeddings=False), byte_pairs("smaug-bpe")),
    "phi3": (transformers.Phi3ForCausalLM, dict(SIZES, pad_token_id=None, tie_word_embeddings=False), sentence_pieces(True)),
    "qwen3_moe": (transformers.Qwen3MoeForCausalLM,
                  dict(SIZES, head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=12, norm_topk_prob=True,
                       tie_word_embeddings=True), byte_pairs("qwen2")),
}
HERE.mkdir(exist_ok=True)
golden = {"gguf": "0.19.0", "transformers": transformers.__version__, "sentencepiece": sentencepiece.__version__, "texts": TEXTS, "models": {}}
for seed, (name, (make, fields, tokenizer)) in enumerate(MODELS.items()):
    torch.manual_seed(seed)
    config = make.config_class(vocab_size=len(tokenizer["tokens"]), bos_token_id=tokenizer["start"], eos_token_id=tokenizer["end"],
                               attn_implementation="eager", **fields)
    model = make(config).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.normal_(0.5, 0.3)
            else:
                parameter.copy_(parameter.half().float())
    path = HERE / f"{name}.gguf"
    written(path, name, model, tokenizer)
    ids = list(range(5, 17))
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
    if name not in ("llama3", "gemma", "smollm3", "granite", "olmo2", "phi3"):
        # Of these it does not read all sizes.
        known = {"config": config} if name in ("qwen3", "qwen3_moe", "gemma2", "gpt2") else {}
        again = make.from_pretrained(HERE, gguf_file=path.name, **known, dtype=torch.float32, attn_implementation="eager").eval()
        with torch.no_grad():
            worst = (again(torch.tensor([ids])).logits[0, -1] - logits).abs().max().item()
        print(name, "differs from what transformers reads by", worst, file=sys.stderr)
        assert worst < 2e-5, name
    golden["models"][name] = {
        "ids": ids,
        "logits": [float(f"{x:.9g}") for x in logits.tolist()],
        "encoded": [tokenizer["encode"](text) for text in TEXTS],
    }
(HERE / "models.json").write_text(json.dumps(golden, ensure_ascii=True) + "\n")
