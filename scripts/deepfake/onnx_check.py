"""Look into an ONNX file, and refuse it where it could do more than compute, before any library reads it.

ONNX Runtime checks the operators but runs loops, functions and files that it finds beside the model. The
package onnx would show them too, but it reads the whole file into memory (for 340 MB of weights 0.8 s and
660 MB, here 1 ms and nothing), and the package for submissions would have to install it.

A file is one message of Protocol Buffers: a sequence of fields, each with a number, a wire type and a value,
which may be a message itself (https://protobuf.dev/programming-guides/encoding/). The numbers are those of
onnx.proto (https://onnx.ai/onnx/repo-docs/IR.html); only the fields named here are looked at.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deepfake.errors import ModelError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
MAX_BYTES = 2**31 - 1  # of a message of Protocol Buffers
MAX_FIELDS = 5_000_000  # read in all; a file of nothing but tiny fields would take hours
DOMAINS = ("", "ai.onnx")  # of ONNX's own operators

# Field number -> name of each kind of message.
MODEL = {7: "graph", 8: "operator set", 14: "metadata", 20: "training graph", 25: "function"}
GRAPH = {1: "node", 5: "tensor", 15: "sparse tensor"}
NODE = {4: "operator", 5: "attribute", 7: "domain"}
ATTRIBUTE = {
    5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse tensor", 23: "sparse tensor",
}  # fmt: skip
EXTERNAL_DATA, DATA_LOCATION = 13, 14  # of a tensor


@dataclass
class Contents:
    """What a model is made of: the names of its operators, and its metadata."""

    operators: set[str] = field(default_factory=set)
    metadata: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The reason why a file is refused."""


def check_onnx(path: Path) -> Contents:
    """Return what the model in the file `path` is made of.

    Raises ModelError if the file is no ONNX model, or holds what no model of convert.py has: weights in
    other files, operators of other domains, functions, operators that run graphs (loops), sparse tensors.
    """
    size = path.stat().st_size
    if not 0 < size <= MAX_BYTES:
        raise ModelError(f"{path} has {size} bytes; a model in ONNX has 1 to {MAX_BYTES}")
    with open(path, "rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return _read_model(_Reader(), memoryview(content))
    except (Refused, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is no ONNX model that can be used: {error}") from None


def _read_model(reader: "_Reader", model: memoryview) -> Contents:
    contents, graphs = Contents(), 0
    for name, value in reader.submessages(model, MODEL):
        if name == "graph":
            graphs += 1
            _read_graph(reader, value, contents)
        elif name == "metadata":
            key, text = reader.text(value, 1), reader.text(value, 2)
            if key in contents.metadata:
                raise Refused(f"its metadata has {key!r} twice")
            contents.metadata[key] = text
        elif name != "operator set":
            raise Refused(f"it holds a {name}, which is not run")
        elif (domain := reader.text(value, 1)) not in DOMAINS:
            raise Refused(f"it needs operators of {domain!r}, which are not run")
    if graphs != 1:
        raise Refused(f"it has {graphs} graphs")
    return contents


def _read_graph(reader: "_Reader", graph: memoryview, contents: Contents) -> None:
    for name, value in reader.submessages(graph, GRAPH):
        if name == "node":
            _read_node(reader, value, contents)
        else:
            _check_tensor(reader, value, name)


def _read_node(reader: "_Reader", node: memoryview, contents: Contents) -> None:
    for name, value in reader.submessages(node, NODE):
        if name == "operator":
            contents.operators.add(str(value, "utf-8"))
        elif name == "attribute":
            for kind, held in reader.submessages(value, ATTRIBUTE):
                if kind == "graph":
                    raise Refused("an operator holds a graph, which is not run")
                _check_tensor(reader, held, kind)
        elif (domain := str(value, "utf-8")) not in DOMAINS:
            raise Refused(f"it has an operator of {domain!r}, which is not run")


def _check_tensor(reader: "_Reader", tensor: memoryview, kind: str) -> None:
    if kind == "sparse tensor":
        raise Refused("it holds a sparse tensor, which is not read")
    for number, wire_type, value in reader.fields(tensor):
        if number == EXTERNAL_DATA or (number == DATA_LOCATION and (wire_type != VARINT or value)):
            raise Refused("its weights lie in another file, which is not read")


class _Reader:
    """Reads the fields of messages, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def submessages(self, message: memoryview, names: dict[int, str]) -> Iterator[tuple[str, memoryview]]:
        """Yield the name and the bytes of each field that is named and holds bytes."""
        for number, wire_type, value in self.fields(message):
            if wire_type == BYTES and number in names:
                yield names[number], value

    def text(self, message: memoryview, number: int) -> str:
        """Return the text of a field; "" if it is absent, and the last one where it is there twice."""
        texts = [
            value for found, wire_type, value in self.fields(message) if (found, wire_type) == (number, BYTES)
        ]
        return str(texts[-1], "utf-8") if texts else ""

    def fields(self, message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
        """Yield number, wire type and value (a number or bytes) of each field."""
        position = 0
        while position < len(message):
            self.count += 1
            if self.count > MAX_FIELDS:
                raise Refused(f"it has more than {MAX_FIELDS} fields")
            tag, position = _varint(message, position)
            wire_type, value = tag & 7, 0
            if wire_type == VARINT:
                value, position = _varint(message, position)
            elif wire_type in (FIXED64, FIXED32, BYTES):
                length = 8 if wire_type == FIXED64 else 4
                if wire_type == BYTES:
                    length, position = _varint(message, position)
                value, position = message[position : position + length], position + length
            else:
                raise Refused(f"it has a field of wire type {wire_type}")
            if position > len(message):
                raise Refused("it is cut off")
            yield tag >> 3, wire_type, value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return the number that begins at `position`, 7 bits a byte, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise Refused("it is cut off")
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise Refused("it has a number of more than 64 bits")
