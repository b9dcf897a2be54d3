"""The names inside of an ONNX model, the same for the same model.

Some converters number nodes and values through the whole life of a process, so a model that is the second to be
converted has other names, and other bytes, than if it were the first.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any


def rename(model: Any) -> None:
    """Number nodes and values in their order; the inputs and outputs of the model keep their names."""
    kept = {each.name: each.name for each in (*model.graph.input, *model.graph.output)}
    _rename_graph(model.graph, kept, count(), set(kept))


def _rename_graph(graph: Any, outer: Mapping[str, str], numbers: Iterator[int], taken: set[str]) -> None:
    names = dict(outer)

    def named(old: str) -> str:
        if old and old not in names:  # an optional input that is left out has no name
            names[old] = next(new for number in numbers if (new := f"value_{number}") not in taken)
        return names.get(old, old)

    for each in (*graph.input, *graph.initializer):
        each.name = named(each.name)
    for node in graph.node:
        node.name = f"{node.op_type}_{next(numbers)}"
        node.input[:] = [named(name) for name in node.input]
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                _rename_graph(inner, names, numbers, taken)
        node.output[:] = [named(name) for name in node.output]
    for each in (*graph.output, *graph.value_info):
        each.name = named(each.name)
