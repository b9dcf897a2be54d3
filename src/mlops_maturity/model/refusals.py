"""What the file of a model may not have, since whoever can write to the DVC remote could have put it there."""

import io
import zipfile
from collections.abc import Iterator

# A zip file of a model hardly shrinks by more than this, beside some thousands of categories.
MOST_TIMES = 100
FREE_BYTES = 20_000_000

# Where tensors are in ONNX' messages: the fields of each that lead to another. https://onnx.ai/onnx/repo-docs/IR.html
PARTS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}
# The key of the entry that says in which file, or where in memory, the numbers of a tensor are.
LOCATION = b"location"


def require_moderate(model: bytes) -> None:
    """Refuse a zip file that would become far larger than it is.

    Args:
        model: stored with skops.

    Raises:
        ValueError: it would.
        zipfile.BadZipFile: it is none.
    """
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > most_bytes(len(model)):
        raise ValueError(f"it would have {total:,} bytes")


def most_bytes(stored: int) -> int:
    """How many bytes may become of those that are stored."""
    return stored * MOST_TIMES + FREE_BYTES


def require_self_contained(model: bytes) -> None:
    """Refuse a model in ONNX that has numbers in another file: it would read any file of the machine.

    Raises:
        ValueError: it has.
    """
    # Most have no such word, and need not be taken apart.
    if LOCATION in model and "external" in _kinds(model, "model"):
        raise ValueError("it has data outside of its own file")


def _kinds(message: bytes, kind: str) -> Iterator[str]:
    """The kinds of all messages in a message."""
    from google.protobuf.empty_pb2 import Empty
    from google.protobuf.unknown_fields import UnknownFieldSet

    yield kind
    if kind not in PARTS:
        return
    for field in UnknownFieldSet(Empty.FromString(message)):
        if (part := PARTS[kind].get(field.field_number)) and isinstance(field.data, bytes):
            yield from _kinds(field.data, part)
