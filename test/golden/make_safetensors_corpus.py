"""What the reference says of the files of test/weights/corpus.ts, for safetensors-header.test.ts.

    safetensors_corpus.json     the files in base64, written by the test (npx vitest run -u ...)
    safetensors_verdicts.json   for each file null if the reference opens it, else its error

Made with Python 3 and safetensors 0.8.0:
    python test/golden/make_safetensors_corpus.py
"""

import base64
import json
import pathlib
import tempfile

import safetensors

FOLDER = pathlib.Path(__file__).parent


def from_file(content):
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
        file.write(content)
        file.flush()
        with safetensors.safe_open(file.name, "numpy"):
            pass


def from_memory(content):
    safetensors.deserialize(content)


def verdict(read, content):
    """The error of `read`, None if there is none."""
    try:
        read(content)
    except safetensors.SafetensorError as error:
        return str(error)


corpus = json.loads((FOLDER / "safetensors_corpus.json").read_text())
verdicts = {}
for rule, encoded in corpus.items():
    content = base64.b64decode(encoded)
    error, other = verdict(from_file, content), verdict(from_memory, content)
    if (error is None) != (other is None):
        raise SystemExit(f"{rule}: from a file {error}, from memory {other}")
    verdicts[rule] = error
golden = {"safetensors": safetensors.__version__, "verdicts": verdicts}
(FOLDER / "safetensors_verdicts.json").write_text(json.dumps(golden, indent=1) + "\n")
