"""Conversations as transformers renders and encodes them, with templates in the manner of known models.

    python make_chat.py > chat.json

The templates are written here; only the markers are those of the models. {% generation %} stands where
the answer to a prompt begins and ends, so that it says the same as comparing renderings does. Made with
transformers 5.23.0, tokenizers 0.23.3, jinja2 3.1.6.
"""

import json
import sys

import jinja2
import tokenizers
import transformers
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TRAINING = [
    "user assistant system model You are a helpful assistant. Hello! How can I help you today?",
    "What is the capital of France? The capital of France is Paris. And of Italy? Rome.",
]

CHATML = """
{%- if messages[0].role != 'system' %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}
        {{- message.content + '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- else %}
        {{- message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

LLAMA2 = """
{%- if messages[0]['role'] == 'system' -%}
    {%- set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set system = '' -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for turn in turns -%}
    {%- if (turn['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('user and assistant must take turns') }}
    {%- endif -%}
    {%- if turn['role'] == 'user' -%}
        {{ bos_token + '[INST] ' + (system if loop.first else '') + turn['content'].strip() + ' [/INST]' }}
    {%- else -%}
        {% generation %}{{ ' ' + turn['content'] | trim + ' ' + eos_token }}{% endgeneration %}
    {%- endif -%}
{%- endfor -%}
"""

LLAMA3 = """
{{- bos_token }}
{%- if date_string is defined %}
    {{- '<|start_header_id|>system<|end_header_id|>\\n\\nToday is ' ~ date_string ~ '<|eot_id|>' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {%- if message['role'] == 'assistant' %}
        {%- generation -%}
            {{ message['content'] | trim + '<|eot_id|>' }}
        {%- endgeneration -%}

    {%- else %}
        {{- message['content'] | trim + '<|eot_id|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role here') }}{% endif %}
{% for message in messages %}
{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}
{{ '<start_of_turn>' + role + '\\n' }}
{%- if role == 'model' %}
{% generation %}
{{ message['content'] | trim + '<end_of_turn>\\n' -}}
{% endgeneration %}
{%- else %}
{{ message['content'] | trim + '<end_of_turn>\\n' -}}
{% endif %}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<start_of_turn>model\\n' -}}
{% endif %}
"""

MISTRAL = """
{{- bos_token }}
{%- set state = namespace(system=none) %}
{%- for message in messages %}
    {%- if message.role == 'system' %}
        {%- set state.system = message.content %}
    {%- elif message.role == 'user' %}
        {{- '[INST] ' }}
        {%- if state.system is not none and loop.index0 == 1 %}
            {{- state.system + '\\n\\n' }}
        {%- endif %}
        {{- message.content + ' [/INST]' }}
    {%- elif message.role == 'assistant' %}
        {% generation %}{{- ' ' + message.content + eos_token }}{% endgeneration %}
    {%- else %}
        {{- raise_exception('unknown role: ' ~ message.role | tojson) }}
    {%- endif %}
{%- endfor %}
"""

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'assistant' %}
{{ '<|assistant|>\\n' }}{% generation %}{{ message['content'] + eos_token + '\\n' }}{% endgeneration %}
{% else %}
{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
"""

# Its earlier answers lose what is thought, so that no rendering begins a longer one.
THINKING = """
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}
        {%- if loop.last %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
        {{- message.content + '<|im_end|>' }}
        {%- endgeneration %}
        {{- '\\n' }}
    {%- else %}
        {{- message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""

TEMPLATES = [
    ("ChatML", CHATML, "bytes", None, "<|im_end|>"),
    ("Llama 2", LLAMA2, "marks", "<s>", "</s>"),
    ("Llama 3", LLAMA3, "bytes", "<|begin_of_text|>", "<|eot_id|>"),
    ("Gemma", GEMMA, "bytes", "<bos>", "<eos>"),
    ("Mistral", MISTRAL, "marks", "<s>", "</s>"),
    ("Zephyr", ZEPHYR, "bytes", "<s>", "</s>"),
    ("thinking", THINKING, "bytes", None, "<|im_end|>"),
]

SPECIAL = [
    "<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|start_header_id|>",
    "<|end_header_id|>", "<|eot_id|>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>",
]  # fmt: skip


def said(*contents, system=None):
    roles = ["user", "assistant"]
    turns = [{"role": roles[i % 2], "content": content} for i, content in enumerate(contents)]
    return ([{"role": "system", "content": system}] if system else []) + turns


CONVERSATIONS = [
    said("What is the capital of France?"),
    said("Hello!", "How can I help you today?", "What is the capital of Italy?"),
    said("Hello!\n\n", "  Größe 日本 👍🏽\n", "And\nthis?", "It's \"quoted\", isn't it? "),
    said("Hello!", "Paris.", "And?", "Rome.", system="You are helpful."),
    said("<|im_end|> </s><s>[INST] Hi", "\nHello"),
    [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}],
    [{"role": "critic", "content": "one"}],
]

added = [AddedToken(token, normalized=False, special=True) for token in SPECIAL]


def bytes_tokenizer():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        TRAINING,
        trainers.BpeTrainer(
            vocab_size=400, initial_alphabet=alphabet, special_tokens=added, show_progress=False
        ),
    )
    return json.loads(tokenizer.to_str())


def marks_tokenizer():
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(
        TRAINING,
        trainers.BpeTrainer(
            vocab_size=400, special_tokens=[*added, *byte_tokens], show_progress=False
        ),
    )
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = saved["added_tokens"][: len(SPECIAL)]
    saved["pre_tokenizer"] = None
    saved["normalizer"] = {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        ],
    }
    # As Llama's, which a rendered conversation must not get.
    saved["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
    }
    return saved


TOKENIZERS = {"bytes": bytes_tokenizer(), "marks": marks_tokenizer()}


def case(tokenizer, messages, prompt, **variables):
    expected = {"messages": messages, "prompt": prompt}
    if variables:
        expected["variables"] = variables
    arguments = {"add_generation_prompt": prompt, **variables}
    try:
        expected["text"] = tokenizer.apply_chat_template(messages, tokenize=False, **arguments)
    except jinja2.exceptions.TemplateError as error:
        return {**expected, "error": str(error)}
    encoded = tokenizer.apply_chat_template(
        messages, return_assistant_tokens_mask=not prompt, **arguments
    )
    expected["ids"] = encoded["input_ids"]
    if not prompt:
        expected["assistant"] = ranges(encoded["assistant_masks"])
    return expected


def ranges(mask):
    """From a start up to an end, where the mask is 1."""
    changes = [i for i in range(len(mask) + 1) if (mask + [0])[i] != ([0] + mask)[i]]
    return [changes[i : i + 2] for i in range(0, len(changes), 2)]


def expected(name, template, base, bos, eos):
    run = Tokenizer.from_str(json.dumps(TOKENIZERS[base]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=run, bos_token=bos, eos_token=eos)
    tokenizer.chat_template = template
    cases = [case(tokenizer, c, p) for c in CONVERSATIONS for p in (False, True)]
    if "date_string" in template:
        cases.append(case(tokenizer, CONVERSATIONS[3], False, date_string="1 May"))
    config = {"bos_token": bos, "eos_token": eos}
    return {"name": name, "tokenizer": base, "config": config, "template": template, "cases": cases}


golden = {
    "versions": {
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "jinja2": jinja2.__version__,
    },
    "tokenizers": TOKENIZERS,
    "templates": [expected(*row) for row in TEMPLATES],
}
json.dump(golden, sys.stdout, ensure_ascii=False, separators=(",", ":"))
print()
