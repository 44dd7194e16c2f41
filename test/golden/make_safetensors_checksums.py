"""safetensors_reference.safetensors with the checksums that flora adds, for test/weights/safetensors.test.ts.

Made with Python 3.11.7 and its zlib:
    python test/golden/make_safetensors_checksums.py
"""

import json
import pathlib
import struct
import zlib

OUT = pathlib.Path(__file__).parent
reference = (OUT / "safetensors_reference.safetensors").read_bytes()
(length,) = struct.unpack("<Q", reference[:8])
header, data = json.loads(reference[8 : 8 + length]), reference[8 + length :]
metadata = header["__metadata__"]


def digits(content):
    return f"{zlib.crc32(content):08x}"


def written(sum_of_header):
    sums = {"crc32": sum_of_tensors, "crc32.header": sum_of_header}
    header["__metadata__"] = dict(sorted({**metadata, **sums}.items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


tensors = [info for name, info in header.items() if name != "__metadata__"]
sum_of_tensors = "".join(digits(data[slice(*info["data_offsets"])]) for info in tensors)
signed = written(digits(written("0" * 8)))
(OUT / "safetensors_checksums.safetensors").write_bytes(signed + data)
