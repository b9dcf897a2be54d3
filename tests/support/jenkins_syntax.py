"""What is wrong in a Jenkins file: an unknown directive, step or argument, by the list of those that are in use.

Jenkins finds such a mistake when a build meets it. The list, tests/support/jenkins/syntax.toml, says what there is.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SYNTAX: dict[str, Any] = tomllib.loads(Path(__file__).with_name("jenkins").joinpath("syntax.toml").read_text())
Node = Mapping[str, Any]
Nodes = list[Node]


def mistakes(name: str, tree: Node, functions: frozenset[str]) -> Iterator[str]:
    """What is wrong in a file, each with its line.

    Args:
        name: of the file.
        tree: what stands in it.
        functions: of files that it may load.
    """
    if "error" in tree:
        yield f"{name}: {tree['error']}"
        return
    steps = Steps(functions | frozenset(tree["methods"]))
    if name.endswith(".groovy"):
        for body in tree["methods"].values():
            yield from (f"{name}:{what}" for what in steps.inside(body))
        return
    pipelines = [node for node in tree["statements"] if node.get("call") == "pipeline"]
    if len(pipelines) != 1 or len(tree["statements"]) != 1 or set(tree["methods"]) - {"main", "run"}:
        yield f"{name}: a declarative pipeline is one block `pipeline` and nothing else"
        return
    yield from (f"{name}:{what}" for what in Directives(steps).block("pipeline", pipelines[0]))


class Directives:
    """The declarative part: blocks in which only directives of a kind may stand, each once."""

    def __init__(self, steps: "Steps") -> None:
        self._steps = steps
        self._inside: dict[str, Callable[[str, Node], Iterator[str]]] = {
            "agent": self._agent,
            "environment": self._environment,
            "input": lambda _, node: self.block("input", node),
            "options": lambda where, node: self._listed(SYNTAX["options"][where], node),
            "parameters": lambda _, node: self._listed(SYNTAX["parameters"], node),
            "post": lambda _, node: self.block("post", node),
            "stages": self._stages,
            "steps": lambda _, node: steps.plain(node["body"]),
            "triggers": lambda _, node: self._listed(SYNTAX["triggers"], node),
            "when": lambda _, node: self._listed(SYNTAX["when"], node),
        }

    def block(self, kind: str, node: Node) -> Iterator[str]:
        """What is wrong in a pipeline, a stage, an input or a post."""
        known = SYNTAX["directives"][kind]
        body: Nodes = node.get("body") or []
        names = [str(inner.get("call", inner.get("set", inner.get("code")))) for inner in body]
        allowed = {*known.get("must", ()), *known["may"]}
        yield from (
            f"{inner['line']}: {kind} has no {name}"
            for name, inner in zip(names, body, strict=True)
            if name not in allowed
        )
        yield from (f"{node['line']}: {kind} lacks {name}" for name in known.get("must", ()) if name not in names)
        yield from (f"{node['line']}: {kind} has {name} twice" for name in sorted(set(names)) if names.count(name) > 1)
        if (one_of := known.get("one_of")) and sum(name in one_of for name in names) != 1:
            yield f"{node['line']}: {kind} needs exactly one of {', '.join(one_of)}"
        for name, inner in zip(names, body, strict=True):
            if name not in allowed:
                continue
            if kind == "post":
                yield from self._steps.plain(inner["body"])
            elif name in self._inside:
                yield from self._inside[name](kind, inner)

    def _stages(self, _: str, node: Node) -> Iterator[str]:
        if not node["body"]:
            yield f"{node['line']}: no stage"
        for inner in node["body"]:
            if inner.get("call") != "stage" or len(inner["args"]) != 1:
                yield f"{inner['line']}: stages consists of stages, each with a name"
            else:
                yield from self.block("stage", inner)

    def _agent(self, _: str, node: Node) -> Iterator[str]:
        if node["args"]:
            if node["args"][0].get("code") not in ("any", "none"):
                yield f"{node['line']}: no such agent"
        else:
            yield from (
                f"{inner['line']}: no such agent" for inner in node["body"] if inner.get("call") not in SYNTAX["agents"]
            )

    def _environment(self, _: str, node: Node) -> Iterator[str]:
        for inner in node["body"]:
            value = inner.get("value")
            if "set" not in inner:
                yield f"{inner['line']}: environment consists of NAME = 'value'"
            elif not isinstance(value, str) and not (
                isinstance(value, Mapping) and str(value.get("code")).startswith('"')
            ):
                yield f"{inner['line']}: the value of {inner['set']} must be a text"

    def _listed(self, known: Mapping[str, Mapping[str, Any]], node: Node) -> Iterator[str]:
        if not node["body"]:
            yield f"{node['line']}: {node['call']} is empty"
        for inner in node["body"]:
            name = inner.get("call")
            if name not in known:
                yield f"{inner['line']}: {node['call']} has no {name}"
                continue
            yield from arguments(known[name], inner)
            if known[name].get("body"):
                yield from self._listed(known, inner)
            yield from self._steps.values(inner)


class Steps:
    """Steps, and the Groovy around them in scripts."""

    def __init__(self, functions: frozenset[str]) -> None:
        self._functions = functions

    def plain(self, body: Nodes) -> Iterator[str]:
        """What is wrong where only steps may stand."""
        for node in body:
            if "call" not in node or "on" in node:
                yield f"{node['line']}: only steps may stand here; put it into `script`"
            else:
                yield from self._call(node)

    def inside(self, body: Nodes) -> Iterator[str]:
        """What is wrong in Groovy with steps."""
        for node in body:
            if "call" in node:
                yield from self._call(node)
            elif "if" in node:
                yield from self.inside([*node["then"], *node["else"]])
            else:
                yield from self.values(node)

    def values(self, node: Node) -> Iterator[str]:
        """What is wrong in calls inside of values."""
        for value in (*node.get("args", ()), *node.get("named", {}).values(), node.get("value"), node.get("on")):
            yield from self._value(value)
        for call in node.get("calls", ()):
            yield from self._value(call)

    def _value(self, value: object) -> Iterator[str]:
        if isinstance(value, list):
            for item in value:
                yield from self._value(item)
        elif isinstance(value, Mapping) and "call" in value:
            name = value["call"]
            if "on" not in value and name in SYNTAX["values"]:
                yield from arguments(SYNTAX["values"][name], value)
                yield from self.values(value)
            else:
                yield from self._call(value)
        elif isinstance(value, Mapping):
            for item in value.get("calls", value.values() if "code" not in value else ()):
                yield from self._value(item)

    def _call(self, node: Node) -> Iterator[str]:
        name = node["call"]
        if "on" in node:
            if name not in SYNTAX["methods"]["names"] and name not in self._functions:
                yield f"{node['line']}: no such method: {name}"
            yield from self.inside(node.get("body") or [])
        elif name in SYNTAX["steps"]:
            yield from arguments(SYNTAX["steps"][name], node)
            yield from self.inside(node.get("body") or [])
        elif name not in self._functions and name != "steps":
            yield f"{node['line']}: no such step: {name}"
        yield from self.values(node)


def arguments(known: Mapping[str, Any], node: Node) -> Iterator[str]:
    """What is wrong in the arguments of a call."""
    where, name = node["line"], node["call"]
    named = {argument.rstrip("!"): argument.endswith("!") for argument in known.get("named", ())}
    given = node["named"]
    yield from (f"{where}: {name} has no argument {argument}" for argument in given if argument not in named)
    yield from (
        f"{where}: {name} lacks {argument}" for argument, must in named.items() if must and argument not in given
    )
    if len(node["args"]) != known.get("args", 0):
        yield f"{where}: {name} takes {known.get('args', 0)} arguments without a name"
    if bool(node.get("body")) != bool(known.get("body")):
        yield f"{where}: {name} {'needs a block' if known.get('body') else 'takes no block'}"


def unknown_jobs(calls: Sequence[Node], around: str = "") -> Iterator[str]:
    """What a Job DSL file asks for that its plug-in does not know there."""
    known = SYNTAX["jobs"]["inside"].get(around, ()) if around else SYNTAX["jobs"]["may"]
    for call in calls:
        if call["call"] not in known:
            yield f"{around or 'jobs.groovy'} has no {call['call']}"
        yield from unknown_jobs(call.get("body") or [], call["call"])
