"""One hash for each step of the pipeline, of the modules of this package that it can import.

A stage of dvc.yaml depends on the hash of its step, so that it runs again when its code has changed, and not when
another part of the package has. Standard library only: the template's hook loads this file by its path.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

STEPS = "pipeline/steps.py"
HEADING = "# A hash of the library's code that each step of the pipeline runs: dvc.yaml depends on it."


def hashes(package: Path) -> dict[str, str]:
    """The hash of each step's code, by the name of the step.

    Args:
        package: the folder of the package's source.
    """
    known: dict[str, set[str]] = {}
    digests = {}
    for step, module in sorted(steps(package).items()):
        content = hashlib.sha256()
        for path in sorted(_closure(package, module, known)):
            content.update(f"{path}\0".encode() + (package / path).read_bytes() + b"\0")
        digests[step] = content.hexdigest()[:16]
    return digests


def written(package: Path) -> str:
    """The content of vendor/steps.yaml."""
    lines = [f'{step}: "{digest}"\n' for step, digest in hashes(package).items()]
    return f"{HEADING}\n" + "".join(lines)


def steps(package: Path) -> dict[str, str]:
    """The module of each step, as the table of steps names it."""
    tree = ast.parse((package / STEPS).read_bytes())
    (table,) = (node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "STEPS")  # type: ignore[attr-defined]
    return {key.value: _module(step) for key, step in zip(table.keys, table.values, strict=True)}  # type: ignore[attr-defined]


def files(package: Path, module: str) -> set[str]:
    """The files of a module and of all modules of the package that it imports, relative to the package."""
    return _closure(package, module, {})


def others(package: Path, module: str) -> set[str]:
    """What a module, and all modules of the package that it imports, import from elsewhere."""
    paths = [path for path in files(package, module) if path.endswith(".py")]
    names = {name for path in paths for name in _names(ast.parse((package / path).read_bytes()))}
    return {name for name in names if name.partition(".")[0] != package.name}


def _module(step: ast.Call) -> str:
    named = [keyword.value for keyword in step.keywords if keyword.arg == "module"]
    value = ast.literal_eval((named or step.args[1:2])[0])
    return str(value)


def _closure(package: Path, module: str, known: dict[str, set[str]]) -> set[str]:
    """Files by way of the imports that are read once and kept in `known`."""
    found: set[str] = set()
    waiting = _paths(package, module)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            if path not in known:
                known[path] = _imported(package, path)
            waiting |= known[path] - found
    return found


def _imported(package: Path, path: str) -> set[str]:
    """The files that a file imports, and the data beside it, which its module may read."""
    if not path.endswith(".py"):
        return set()
    folder = (package / path).parent
    data = {file.relative_to(package).as_posix() for file in folder.glob("*.toml")}
    names = _names(ast.parse((package / path).read_bytes()))
    return data.union(*(_paths(package, name) for name in names))


def _names(tree: ast.AST) -> Iterator[str]:
    """What is imported anywhere in a module, but for what only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from _names(ast.Module(node.orelse, []))
        elif not isinstance(node, ast.expr):
            yield from _names(node)


def _paths(package: Path, name: str) -> set[str]:
    """The files that an imported name stands for: a module, or something in it, and the packages around it."""
    top, *parts = name.split(".")
    if top != package.name:
        return set()
    found = {"__init__.py"}
    for depth in range(1, len(parts) + 1):
        place = "/".join(parts[:depth])
        found |= {path for path in (f"{place}.py", f"{place}/__init__.py") if (package / path).is_file()}
    return found
