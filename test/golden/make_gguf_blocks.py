"""Writes gguf/blocks.gguf and gguf/blocks.json: tensors of every type that is read, and the numbers in them.

Made with Python 3.11, gguf 0.19.0, numpy 2.4.6:
    python test/golden/make_gguf_blocks.py

Each tensor is [2, 256] of random bytes, but for scales of float16, which are finite; those of F32 are whole numbers and halves.
blocks.json has what `gguf.quants.dequantize` makes of them, as float32 in base64, and of "values", 8 rows of 32 numbers, the bytes that
`gguf.quants.quantize` makes in Q8_0. The metadata has an entry of every type of value.
"""

import base64
import json
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

HERE = Path(__file__).parent / "gguf"
TYPES = "F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K".split()
# Where blocks have scales of float16.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}

rng = np.random.default_rng(7)
base64_of = lambda array: base64.b64encode(array.tobytes()).decode()


def stored(name):
    """[2, bytes of 256 numbers]"""
    numbers = rng.normal(size=(2, 256)).astype(np.float32)
    if name == "F32":
        return (np.round(numbers * 8) / 2).astype(np.float32).view(np.uint8)
    if name in ("F16", "BF16"):
        return gguf.quants.quantize(numbers, T[name]).view(np.uint8)
    elements, size = gguf.GGML_QUANT_SIZES[T[name]]
    blocks = rng.integers(0, 256, size=(2, 256 // elements, size), dtype=np.uint8)
    for at in SCALES[name]:
        scales = rng.normal(size=(2, 256 // elements, 1)).astype(np.float16)
        scales[0, 0] = np.float16(6e-8)  # the smallest
        blocks[:, :, at : at + 2] = scales.view(np.uint8)
    return blocks.reshape(2, -1)


writer = gguf.GGUFWriter(HERE / "blocks.gguf", "none")
writer.add_uint8("a.uint8", 200)
writer.add_int8("a.int8", -100)
writer.add_uint16("a.uint16", 60000)
writer.add_int16("a.int16", -30000)
writer.add_uint32("a.uint32", 4_000_000_000)
writer.add_int32("a.int32", -2_000_000_000)
writer.add_uint64("a.uint64", 2**40)
writer.add_int64("a.int64", -(2**40))
writer.add_float32("a.float32", 1e-5)
writer.add_float64("a.float64", 0.1)
writer.add_bool("a.bool", True)
writer.add_string("a.string", "größer \U0001f600")
writer.add_array("an.array", ["a", "", "ab"])
writer.add_array("another.array", [1, -2, 3])
golden = {}
for name in TYPES:
    data = stored(name)
    writer.add_tensor(name, data, raw_dtype=T[name])
    golden[name] = base64_of(gguf.quants.dequantize(data, T[name]).astype(np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

values = (rng.normal(size=(8, 32)) * 2.0 ** rng.integers(-12, 12, size=(8, 1))).astype(np.float32)
values[1] = 0
values[2, :4] = [127, 0.5, -0.5, 1.5]
values[2, 4:] = 2.5
reference = {
    "gguf": "0.19.0",
    "numpy": np.__version__,
    "dequantized": golden,
    "values": base64_of(values),
    "q8_0": base64_of(gguf.quants.quantize(values, T.Q8_0)),
}
(HERE / "blocks.json").write_text(json.dumps(reference, indent=1) + "\n")
