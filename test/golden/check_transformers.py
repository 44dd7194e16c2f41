"""Loads model directories with transformers and says what it read.

    python test/golden/check_transformers.py DIRECTORY... [--golden FILE]

A DIRECTORY may also be a JSON file of directories, {directory: {file: base64}}. Whatever is not
quite right is an error: a warning, a key that is missing, unexpected or of another shape. Prints
one line a directory; FILE receives the dtype and the SHA-256 of the bytes of each parameter. Needs
torch, transformers; the golden was made with Python 3, PyTorch 2.15.0 and transformers 5.23.0:

    npx vitest run test/weights/save-model.test.ts -u
    cd test/golden && python check_transformers.py saved_models.json --golden transformers.json
"""

import argparse
import base64
import hashlib
import json
import logging
import os
import pathlib
import tempfile
import warnings

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers


class Refusal(logging.Handler):
    def emit(self, record):
        raise SystemExit(f"check_transformers: {record.getMessage()}")


def digest(parameter):
    return hashlib.sha256(parameter.detach().contiguous().view(torch.uint8).numpy()).hexdigest()


def load(directory):
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        directory, output_loading_info=True
    )
    problems = {what: sorted(map(str, names)) for what, names in info.items() if names}
    if problems:
        raise SystemExit(f"check_transformers: {directory}: {problems}")
    tokens = model.generate(torch.tensor([[1, 2, 3]]), max_new_tokens=2, do_sample=False)
    assert tokens.shape == (1, 5)
    return {
        "dtype": str(model.dtype).removeprefix("torch."),
        "parameters": {name: digest(each) for name, each in model.named_parameters()},
    }


def directories(path, scratch):
    """The directory of that path, or those in a JSON file, with their names."""
    if path.is_dir():
        return {str(path): path}
    found = {}
    for name, files in json.loads(path.read_text()).items():
        found[name] = scratch / str(len(found))
        found[name].mkdir()
        for file, content in files.items():
            (found[name] / file).write_bytes(base64.b64decode(content))
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directories", nargs="+", type=pathlib.Path)
    parser.add_argument("--golden", type=pathlib.Path)
    options = parser.parse_args()
    warnings.simplefilter("error")
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.add_handler(Refusal(logging.WARNING))

    loaded = {}
    for path in options.directories:
        with tempfile.TemporaryDirectory() as scratch:
            for name, directory in directories(path, pathlib.Path(scratch)).items():
                loaded[name] = load(directory)
                count = len(loaded[name]["parameters"])
                print(f"{name}: {count} parameters in {loaded[name]['dtype']}")
    if options.golden:
        versions = {each.__name__: each.__version__ for each in (torch, transformers)}
        golden = {"versions": versions, "loaded": loaded}
        options.golden.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
