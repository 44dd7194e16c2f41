"""Files written by the reference, for test/weights/safetensors.test.ts.

    safetensors_mixed.*      every dtype that flora reads, and the numbers as JSON
    safetensors_reference.*  every dtype that flora writes, and the numbers as JSON

Made with Python 3, safetensors 0.8.0 and PyTorch 2.15.0:
    python test/golden/make_safetensors.py
"""

import json
import pathlib

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).parent
generator = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def integers(dtype, *shape):
    limits = torch.iinfo(dtype)
    values = torch.randint(0, 1000, shape, generator=generator).to(dtype)
    values.view(-1)[0], values.view(-1)[1] = limits.min, limits.max
    return values


def save(name, tensors, metadata):
    path = OUT / f"{name}.safetensors"
    save_file(tensors, path, metadata)
    path.chmod(0o644)
    numbers = {
        key: {
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "shape": list(tensor.shape),
            # Strings, for JSON numbers lose digits of int64.
            "values": [str(value) for value in exact(tensor).flatten().tolist()],
        }
        for key, tensor in tensors.items()
    }
    (OUT / f"{name}.json").write_text(json.dumps(numbers, indent=1) + "\n")


def exact(tensor):
    """Floats as the float32 that flora returns for them, bools as 0 and 1."""
    if tensor.is_floating_point():
        return tensor.float().double()
    return tensor.to(torch.uint8) if tensor.dtype == torch.bool else tensor


save(
    "safetensors_mixed",
    {
        "f32": normal(3, 4).float(),
        "f16": normal(2, 5).half(),
        "bf16": normal(7).bfloat16(),
        "f64": normal(2, 2),
        "i64": integers(torch.int64, 3),
        "i32": integers(torch.int32, 3),
        "i16": integers(torch.int16, 3),
        "i8": integers(torch.int8, 3),
        "u32": integers(torch.uint32, 3),
        "u16": integers(torch.uint16, 3),
        "u8": integers(torch.uint8, 3),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(0.1),
        "empty": torch.zeros(2, 0, 3),
    },
    {"format": "pt", "note": 'quoted "text"\n\u00fc'},
)

save(
    "safetensors_reference",
    {
        "h.0.weight": normal(3, 4).float(),
        "h.10.weight": normal(2).float(),
        "h.2.weight": normal(2).float(),
        "10": normal(1).float(),
        "scalar": torch.tensor(0.1),
        "empty": torch.zeros(2, 0, 3),
        'z "quoted"\n': normal(2).float(),
        "\uff5e": normal(1).float(),
        "\U0001f600": normal(1).float(),
        "f64": normal(2).float().double(),
        "i64": integers(torch.int64, 3),
        "i32": integers(torch.int32, 3),
        "u32": integers(torch.uint32, 3),
        "u16": integers(torch.uint16, 3),
        "u8": integers(torch.uint8, 3),
        "bool": torch.tensor([True, False, True]),
    },
    {"format": "pt"},
)
