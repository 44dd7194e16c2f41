"""Writes data_files/: Parquet files and files of zstd, and in data_files.json what pyarrow and zstandard read from them.

    python make_data_files.py

Made with Python 3.11, pyarrow 26.0.1 and zstandard 0.25.0.
"""

import datetime
import hashlib
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

HERE = Path(__file__).parent
FOLDER = HERE / "data_files"
FOLDER.mkdir(exist_ok=True)
random.seed(5)

WORDS = "ein Hund läuft über die Straße und sieht 👍 a dog runs".split()


def text(n):
    return " ".join(random.choices(WORDS, k=n))


def written(name, table, **options):
    pq.write_table(table, FOLDER / name, **options)
    rows = pq.read_table(FOLDER / name).to_pylist()
    return json.loads(json.dumps(rows, default=lambda value: value.isoformat(timespec="milliseconds") + "Z"))


pairs = pa.table({"source": [text(5) for _ in range(50)], "target": [text(5) for _ in range(50)]})
chats = pa.table(
    {
        "messages": [
            [
                {"role": "user", "content": text(4), "weight": None},
                {"role": "assistant", "content": text(6), "weight": i % 2},
            ]
            for i in range(12)
        ],
        "id": pa.array(range(12), pa.int64()),
    }
)
values = pa.table(
    {
        "text": ["a", None, "", "ä\n\"b\""],
        "label": pa.array([1, 0, None, 2**53 + 2], pa.int64()),
        "small": pa.array([1, 2, 3, 4], pa.int8()),
        "ratio": pa.array([0.5, None, -1.25, 1e300], pa.float64()),
        "flag": [True, False, None, True],
        "tags": [["x", "y"], [], None, [None]],
        "nested": [{"a": {"b": 1}}, None, {"a": None}, {"a": {"b": None}}],
        "when": pa.array([datetime.datetime(2024, 5, 6, 7, 8, 9), None, None, None], pa.timestamp("ms")),
        "kind": pa.array(["u", "v", "u", None]).dictionary_encode(),
    }
)

parquet = {
    # Groups of rows, as datasets writes them.
    "pairs.parquet": written("pairs.parquet", pairs, row_group_size=16),
    "chats.parquet": written("chats.parquet", chats),
    "values.parquet": written("values.parquet", values),
    "version1.parquet": written("version1.parquet", values, version="1.0", data_page_version="1.0", use_dictionary=False),
    "pages2.parquet": written("pages2.parquet", values, data_page_version="2.0", compression="zstd"),
}
for codec in ["none", "gzip", "brotli", "lz4", "zstd"]:
    parquet[f"{codec}.parquet"] = written(f"{codec}.parquet", pairs.slice(0, 10), compression=codec)

rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in pairs.to_pylist())
long = "\n".join(text(12) for _ in range(40_000))


def packed(name, parts, **options):
    data = b"".join(zstandard.ZstdCompressor(**options).compress(part) for part in parts)
    (FOLDER / name).write_bytes(data)
    content = b"".join(parts)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


zstd = {
    "pairs.jsonl.zst": packed("pairs.jsonl.zst", [rows.encode()]),
    "checked.txt.zst": packed("checked.txt.zst", [rows.encode()], write_checksum=True),
    "frames.txt.zst": packed("frames.txt.zst", [line.encode() for line in rows.splitlines(True)], write_checksum=True),
    # Longer than a window and than what is read at a time, and within it a stretch that is a thousandth as long when it is packed.
    "zeros.txt.zst": packed("zeros.txt.zst", [b"0" * 20_000_000, rows.encode()]),
    "empty.txt.zst": packed("empty.txt.zst", [b""]),
}
repeated = (long[:150_000] * 30).encode()
zstd["long.txt.zst"] = packed("long.txt.zst", [repeated], level=19)

(HERE / "data_files.json").write_text(
    json.dumps({"parquet": parquet, "zstd": zstd}, ensure_ascii=False, separators=(",", ":")) + "\n"
)
