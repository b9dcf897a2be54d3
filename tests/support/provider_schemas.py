"""What a Terraform provider knows of its resources, read from its published Python bindings.

The providers themselves are programs that none of the package registries has. Their bindings are generated from the
schemas that the programs tell, so they name each argument, whether it is required, its type, and what is computed.
"""

import ast
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

# What Terraform itself takes in every resource.
META = {"connection", "count", "depends_on", "for_each", "lifecycle", "provider", "provisioners"}
BLOCK = re.compile(r":param (\w+): \1 block\.")
TYPES = (
    (r"Sequence\[str\]", ["list", "string"]),
    (r"Mapping\[str, str\]", ["map", "string"]),
    (r"\bbool\b", "bool"),
    (r"\bNumber\b", "number"),
    (r"\bstr\b", "string"),
)


def provider_version(bindings: Path) -> str:
    """The version of the provider that bindings are of."""
    with zipfile.ZipFile(bindings) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        found = re.search(r"registry\.terraform\.io/providers/hashicorp/\w+/([0-9.]+)/docs", wheel.read(name).decode())
    assert found, "the bindings do not tell their provider's version"
    return found[1]


def schemas(bindings: Path, provider: str, resources: Iterable[str]) -> Schema:
    """The schemas of a provider's configuration and of some of its resources; a resource that it lacks is left out."""
    with zipfile.ZipFile(bindings) as wheel:
        package = next(name.partition("/")[0] for name in wheel.namelist() if not name.split("/")[0].endswith("info"))

        def module(name: str) -> ast.Module | None:
            path = f"{package}/{name}/__init__.py"
            return ast.parse(wheel.read(path)) if path in wheel.namelist() else None

        found = {resource: module(resource.removeprefix(f"{provider}_")) for resource in resources}
        own = module("provider")
    assert own, "the bindings have no provider"
    return {
        "provider": _resource(own),
        "resources": {resource: _resource(tree) for resource, tree in found.items() if tree},
    }


def _resource(module: ast.Module) -> Schema:
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"}
    resource = next(iter(classes.values()))
    schema = _block(classes[f"{resource.name}Config"], classes)
    for name, kind in _computed(resource):
        schema["attributes"].setdefault(name, {"type": kind, "required": False, "optional": False})
    return schema


def _block(config: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> Schema:
    """The arguments that a class of the bindings takes: attributes, and blocks with arguments of their own."""
    taken = next(node for node in config.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    blocks = set(BLOCK.findall(ast.get_docstring(taken) or ""))
    schema: Schema = {"attributes": {}, "blocks": {}}
    for argument, default in zip(taken.args.kwonlyargs, taken.args.kw_defaults, strict=True):
        if argument.arg in META or argument.annotation is None:
            continue
        kind = ast.unparse(argument.annotation)
        inner = [name for name in re.findall(r"\w+", kind) if name in classes]
        if argument.arg in blocks and inner:
            many = "Sequence" in kind
            schema["blocks"][argument.arg] = {"many": many, "block": _block(classes[inner[0]], classes)}
        else:
            required = default is None
            schema["attributes"][argument.arg] = {"type": _type(kind), "required": required, "optional": not required}
    return schema


def _computed(resource: ast.ClassDef) -> Iterable[tuple[str, Any]]:
    """What a resource tells once it is there."""
    for node in resource.body:
        if isinstance(node, ast.FunctionDef) and node.returns and not node.name.endswith("_input"):
            told = {ast.unparse(decorator) for decorator in node.decorator_list}
            kind = _type(ast.unparse(node.returns))
            if "builtins.property" in told and kind != "dynamic":
                yield node.name, kind


def _type(annotation: str) -> Any:
    """The type in Terraform of a type in the bindings; what is nested deeper is left open."""
    plain = re.sub(r"\b(typing|builtins|jsii)\.", "", annotation)
    return next((kind for pattern, kind in TYPES if re.search(pattern, plain)), "dynamic")
