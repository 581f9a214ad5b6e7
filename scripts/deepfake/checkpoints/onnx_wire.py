"""What an ONNX file holds, read from its bytes before any library trusts them.

The layout is that of onnx.proto, in the wire format of Protocol Buffers: fields of a number, a kind and a
value. Only those that matter are looked into; https://onnx.ai/onnx/repo-docs/IR.html describes them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deepfake.networks.errors import WeightsDontFit

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FIELDS = 5_000_000  # read in all; a file of nothing but tiny fields would take hours
OWN_DOMAINS = ("", "ai.onnx")

# numbers of the fields, by message
MODEL = {"graph": 7, "opset": 8, "metadata": 14, "training": 20, "function": 25}
GRAPH = {"node": 1, "initializer": 5, "sparse": 15}
NODE = {"op": 4, "attribute": 5, "domain": 7}
ATTRIBUTE = {"tensor": 5, "graph": 6, "tensors": 10, "graphs": 11, "sparse": 22, "sparses": 23}
TENSOR = {"external": 13, "location": 14}


@dataclass
class Contents:
    """What a model is made of: the names of its operations, and its metadata."""

    operations: set[str] = field(default_factory=set)
    metadata: dict[str, str] = field(default_factory=dict)


class Damaged(ValueError):
    """Bytes that are no message."""


class _Reader:
    """Gives the fields of messages, and counts them."""

    def __init__(self) -> None:
        self.seen = 0

    def fields(self, data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
        """Number, kind and value of each field: a number, or the bytes. Damaged where they end too soon."""
        place = 0
        while place < len(data):
            self.seen += 1
            if self.seen > MOST_FIELDS:
                raise Damaged(f"it has more than {MOST_FIELDS} fields")
            tag, place = _varint(data, place)
            kind, value = tag & 7, 0
            if kind == VARINT:
                value, place = _varint(data, place)
            elif kind in (FIXED64, FIXED32, BYTES):
                length = 8 if kind == FIXED64 else 4
                if kind == BYTES:
                    length, place = _varint(data, place)
                value, place = data[place : place + length], place + length
            else:
                raise Damaged(f"it has a field of kind {kind}")
            if place > len(data):
                raise Damaged("it is cut off")
            yield tag >> 3, kind, value

    def inside(self, data: memoryview, numbers: dict[str, int]) -> Iterator[tuple[str, memoryview]]:
        """The fields among `numbers` that hold bytes, by name."""
        names = {number: name for name, number in numbers.items()}
        for number, kind, value in self.fields(data):
            if kind == BYTES and number in names:
                yield names[number], value


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise Damaged("it is cut off")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise Damaged("it has a number of more than 64 bits")


def read_contents(data: memoryview, path: str | Path) -> Contents:
    """What the model in `data`, the bytes of the file `path`, is made of.

    WeightsDontFit where they are no ONNX model, and for what a model of ours never has: weights in other
    files, operations of others, functions, graphs inside of operations (loops), sparse tensors.
    """
    reader, found = _Reader(), Contents()
    graphs = 0
    try:
        for name, value in reader.inside(data, MODEL):
            if name == "graph":
                graphs += 1
                _graph(reader, value, found)
            elif name == "metadata":
                key, text = _pair(reader, value)
                if key in found.metadata:
                    raise Damaged(f"its metadata has {key!r} twice")
                found.metadata[key] = text
            elif name in ("training", "function"):
                raise Damaged(f"it holds a {name}, which is not run")
            elif (domain := _texts(reader, value, 1)) not in OWN_DOMAINS:
                raise Damaged(f"it needs operations of {domain!r}, which are not run")
        if graphs != 1:
            raise Damaged(f"it has {graphs} graphs")
    except (Damaged, UnicodeDecodeError) as error:
        raise WeightsDontFit(f"{path} is no ONNX model that can be used: {error}") from None
    return found


def _graph(reader: _Reader, data: memoryview, found: Contents) -> None:
    for name, value in reader.inside(data, GRAPH):
        if name == "initializer":
            _tensor(reader, value)
        elif name == "sparse":
            raise Damaged("it holds a sparse tensor, which is not read")
        else:
            _node(reader, value, found)


def _node(reader: _Reader, data: memoryview, found: Contents) -> None:
    for name, value in reader.inside(data, NODE):
        if name == "op":
            found.operations.add(str(value, "utf-8"))
        elif name == "domain":
            if (domain := str(value, "utf-8")) not in OWN_DOMAINS:
                raise Damaged(f"it has an operation of {domain!r}, which is not run")
        else:
            _attribute(reader, value)


def _attribute(reader: _Reader, data: memoryview) -> None:
    for name, value in reader.inside(data, ATTRIBUTE):
        if name not in ("tensor", "tensors"):
            raise Damaged(f"an operation holds a {name.rstrip('s')}, which is not run")
        _tensor(reader, value)


def _tensor(reader: _Reader, data: memoryview) -> None:
    for number, kind, value in reader.fields(data):
        if number == TENSOR["external"] or (number == TENSOR["location"] and (kind != VARINT or value)):
            raise Damaged("its weights lie in another file, which is not read")


def _pair(reader: _Reader, data: memoryview) -> tuple[str, str]:
    return _texts(reader, data, 1), _texts(reader, data, 2)


def _texts(reader: _Reader, data: memoryview, number: int) -> str:
    """The text of the field `number`; the last one counts, as everywhere in this format."""
    texts = [value for name, kind, value in reader.fields(data) if name == number and kind == BYTES]
    return str(texts[-1], "utf-8") if texts else ""
