"""Makes small models with flora, opens each output with transformers, and compares what both say.

    python test/golden/check_outputs.py [--folder FOLDER]

Models are trained on texts, pairs, classes and conversations; a LoRA of the one for conversations is
merged; those that transformers reads are exported as ONNX. Of each, 20 tokens that follow greedily a
prompt, or a message in the chat template, have to be the same text, and probabilities of classes
equal to 1e-5. A warning of transformers is an error. Exported models run in onnxruntime, with the
tokenizer and the template that transformers finds beside them. FOLDER keeps all that was made.
Needs torch, transformers, onnxruntime; last run with Python 3.11, PyTorch 2.15.0, transformers
5.23.0 and onnxruntime 1.32.0, after `npm run build`.
"""

import argparse
import json
import logging
import os
import pathlib
import subprocess
import tempfile
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy
import onnxruntime
import torch
import transformers

FLORA = pathlib.Path(__file__).parents[2] / "bin" / "flora.js"
TOKENS = 20
TOLERANCE = 1e-5

COLOURS = {"sky": "blue", "leaf": "green", "sun": "yellow", "snow": "white", "coal": "black"}
MESSAGE = "What colour is the leaf?"
TRAINING = (
    "--steps 40 --batch-size 4 --learning-rate 0.01 --threads 1 --translations 0"
    " --evaluation-batches 1"
)
GPT2 = "--model.n_embd 32 --model.n_layer 2 --model.n_head 4 --model.n_positions 128"
LLAMA = (
    "--model.model_type llama --model.hidden_size 32 --model.intermediate_size 64"
    " --model.num_hidden_layers 2 --model.num_attention_heads 4"
    " --model.num_key_value_heads 2 --model.max_position_embeddings 192"
)
T5 = (
    "--model.model_type t5 --model.d_model 32 --model.d_ff 64 --model.d_kv 8"
    " --model.num_layers 2 --model.num_heads 4"
)
BERT = (
    "--task classify --label-column 1 --text-column 2 --model.model_type bert"
    " --model.hidden_size 32 --model.num_hidden_layers 2 --model.num_attention_heads 4"
    " --model.intermediate_size 64"
)


class Refusal(logging.Handler):
    def emit(self, record):
        raise SystemExit(f"check_outputs: {record.getMessage()}")


def flora(folder, command, *words):
    """What a command of flora prints."""
    done = subprocess.run(
        ["node", FLORA, *command.split(), *words], cwd=folder, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"check_outputs: flora {command}: {done.stderr}")
    return done.stdout


def write_data(folder):
    sentences = [f"The {thing} is {colour}, as everybody knows." for thing, colour in COLOURS.items()]
    (folder / "text.txt").write_text("\n".join(sentences * 20))
    pairs = ["the dog sleeps\tder Hund schläft", "a cat runs\teine Katze läuft"]
    (folder / "pairs.tsv").write_text("\n".join(pairs * 30))
    labelled = ["yes\tThe dog sleeps in the garden.", "no\tThe dog sleep the."]
    (folder / "labelled.tsv").write_text("\n".join(labelled * 40))
    others = ["Nobody knows, and nobody asks."] * len(COLOURS)
    for file, answers in {"chats.jsonl": sentences, "others.jsonl": others}.items():
        lines = [
            json.dumps({"messages": [
                {"role": "user", "content": f"What colour is the {thing}?"},
                {"role": "assistant", "content": answer},
            ]})
            for thing, answer in zip(COLOURS, answers)
        ]
        (folder / file).write_text("\n".join(lines * 10))


def make(folder):
    """The models, by what they are for."""
    write_data(folder)
    train = f"train {TRAINING}"
    dense = f"{train} --method dense --optimizer adamw"
    flora(folder, f"{dense} --train text.txt --tokenizer bpe:300 --context-length 32 {GPT2} --output gpt2")
    flora(folder, f"{dense} --train chats.jsonl --chat-template chatml {LLAMA} --output llama")
    lora = f"{train} --method lora --rank 4 --optimizer adamw"
    flora(folder, f"{lora} --train others.jsonl --model llama --output lora")
    flora(folder, "merge --adapter lora --output merged")
    flora(folder, f"{train} --train pairs.tsv {T5} --output t5")
    # Few steps, after which it is not sure yet.
    few = train.replace("--steps 40", "--steps 12")
    flora(folder, f"{few} --train labelled.tsv {BERT} --output bert")
    for name in ["gpt2", "llama", "merged", "bert"]:
        flora(folder, f"export --model {name} --output {name}-onnx")


def prompt_of(tokenizer, text, is_chat):
    if not is_chat:
        return tokenizer(text, return_tensors="pt")
    return tokenizer.apply_chat_template(
        [{"role": "user", "content": text}],
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
    )


def continued(folder, which, text, is_chat):
    """What flora says after a text, or to it."""
    option = "--chat" if is_chat else "--prompt"
    command = f"generate {which} --max-new-tokens {TOKENS} --json"
    return json.loads(flora(folder, command, option, text))["text"]


def check_text(folder, name, text, *, is_chat=False, loader=transformers.AutoModelForCausalLM):
    ours = continued(folder, f"--model {name}", text, is_chat)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / name)
    inputs = prompt_of(tokenizer, text, is_chat)
    model = loader.from_pretrained(folder / name)
    with torch.no_grad():
        [made] = model.generate(**inputs, max_new_tokens=TOKENS, do_sample=False)
    start = 1 if model.config.is_encoder_decoder else inputs["input_ids"].shape[1]
    compare(name, ours, tokenizer.decode(made[start:], skip_special_tokens=True))
    if (folder / f"{name}-onnx").exists():
        check_exported_text(folder / f"{name}-onnx", text, is_chat, ours)


def check_exported_text(directory, text, is_chat, ours):
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    ids = prompt_of(tokenizer, text, is_chat)["input_ids"].numpy()
    ends = json.loads((directory / "generation_config.json").read_text())["eos_token_id"]
    session = onnxruntime.InferenceSession(directory / "onnx" / "model.onnx")
    start = ids.shape[1]
    while ids.shape[1] < start + TOKENS and ids[0, -1] not in numpy.atleast_1d(ends)[:, None]:
        [logits] = session.run(["logits"], feeds_of(session, ids))
        ids = numpy.append(ids, logits[:, -1:].argmax(-1), axis=1)
    compare(directory.name, ours, tokenizer.decode(ids[0, start:], skip_special_tokens=True))


def feeds_of(session, ids):
    """Whole sequences, after an empty cache."""
    known = {
        "input_ids": ids,
        "attention_mask": numpy.ones_like(ids),
        "position_ids": numpy.arange(ids.shape[1])[None],
        "token_type_ids": numpy.zeros_like(ids),
    }
    empty = [1, None, 0, None]
    return {
        each.name: known[each.name]
        if each.name in known
        else numpy.zeros([given if given is not None else dim for given, dim in zip(empty, each.shape)], "float32")
        for each in session.get_inputs()
    }


def check_classes(folder, name, text):
    ours = json.loads(flora(folder, f"classify --model {name} --json", "--text", text))
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / name)
    inputs = tokenizer(text, return_tensors="pt")
    loader = transformers.AutoModelForSequenceClassification
    model = loader.from_pretrained(folder / name)
    with torch.no_grad():
        logits = {name: model(**inputs).logits}
    session = onnxruntime.InferenceSession(folder / f"{name}-onnx" / "onnx" / "model.onnx")
    [exported] = session.run(["logits"], feeds_of(session, inputs["input_ids"].numpy()))
    for what, [row] in {**logits, f"{name}-onnx": torch.from_numpy(exported)}.items():
        theirs = dict(zip(model.config.id2label.values(), row.softmax(-1).tolist()))
        assert theirs.keys() == ours["probabilities"].keys()
        worst = max(abs(theirs[each] - ours["probabilities"][each]) for each in theirs)
        if worst > TOLERANCE:
            raise SystemExit(f"check_outputs: {what}: got {theirs}, expected {ours}")
        print(f"{what}: {theirs}, equal to {worst:.1e}")


def compare(name, ours, theirs):
    if ours != theirs:
        raise SystemExit(f"check_outputs: {name}: got {theirs!r}, expected {ours!r}")
    print(f"{name}: {ours!r}")


def check(folder):
    make(folder)
    check_text(folder, "gpt2", "The sun is")
    check_text(folder, "llama", MESSAGE, is_chat=True)
    check_text(folder, "merged", MESSAGE, is_chat=True)
    unmerged = continued(folder, "--adapter lora", MESSAGE, True)
    compare("lora", unmerged, continued(folder, "--model merged", MESSAGE, True))
    check_text(folder, "t5", "the dog sleeps", loader=transformers.AutoModelForSeq2SeqLM)
    check_classes(folder, "bert", "The dog sleeps.")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=pathlib.Path)
    options = parser.parse_args()
    warnings.simplefilter("error")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.add_handler(Refusal(logging.WARNING))
    if options.folder:
        options.folder.mkdir(parents=True)
        check(options.folder)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            check(pathlib.Path(scratch))


if __name__ == "__main__":
    main()
