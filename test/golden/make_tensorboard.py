"""Writes tensorboard.json: events and the records that TensorBoard's own writer makes of them, in hexadecimal digits.

Usage: python make_tensorboard.py
Made with Python 3.11, tensorboard 2.21.0, protobuf 7.36.2. The events are those of test/runs/trackers/event-file.test.ts.
"""

import io
import json
import platform
from importlib.metadata import version
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.record_writer import RecordWriter

TEXT = "**answer**\n\n    Der Hund schläft. 😀"


def scalars(**values):
    return Summary(value=[Summary.Value(tag=tag.replace("__", "/"), simple_value=value) for tag, value in values.items()])


def text(tag, content):
    tensor = TensorProto(
        dtype=DT_STRING,
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        string_val=[content.encode()],
    )
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=metadata)])


EVENTS = {
    "version": Event(wall_time=1767312000.5, file_version="brain.Event:2"),
    "restart": Event(wall_time=1767312001.25, step=41, session_log=SessionLog(status=SessionLog.START)),
    "scalars": Event(
        wall_time=1767312002.125,
        step=300,
        summary=scalars(train__loss=2.345, train__learning_rate=1e-5, eval__loss=float("inf")),
    ),
    "text": Event(wall_time=1767312003, step=3_000_000_000, summary=text("eval/samples", TEXT)),
}


def record(event):
    target = io.BytesIO()
    target.close = lambda: None
    RecordWriter(target).write(event.SerializeToString(deterministic=True))
    return target.getvalue().hex()


golden = {
    "versions": {
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorboard", "protobuf")},
    },
    "text": TEXT,
    "records": {name: record(event) for name, event in EVENTS.items()},
}
Path(__file__).with_name("tensorboard.json").write_text(json.dumps(golden, indent=2, ensure_ascii=False) + "\n")
