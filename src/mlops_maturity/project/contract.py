"""The four modules that are the team's own: data.py, features.py, model.py and metrics.py of the project's package.

Each has one plain function. What goes wrong inside of one is reported with its file and line.
"""

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from inspect import getsourcefile
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError, meant

SOURCE = Path("src")
FUNCTIONS = {"data": "load", "features": "features", "model": "build", "metrics": "metrics"}
# How each is called.
CALLS = {
    "load": "load()",
    "features": "features(columns)",
    "build": "build(task, settings, inputs)",
    "metrics": "metrics(target, predicted)",
}


class Own:
    """A function of the team's, which names itself when something is wrong with it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.where = f"{_shown(Path(getsourcefile(function) or '?'))}:{_line_of(function)}"

    def __call__(self, *arguments: Any) -> Any:
        """Call the function.

        Raises:
            ProjectError: it raises; the text names the file, the line and the reason.
        """
        try:
            return self.function(*arguments)
        except ProjectError:
            raise
        except Exception as error:
            known = next((set(given) for given in arguments if isinstance(given, Mapping)), set())
            hint = f"; {meant(error.args[0], sorted(known, key=str))}" if known and isinstance(error, KeyError) else ""
            name = self.function.__name__
            if isinstance(error, TypeError) and not self._frames(error) and name in CALLS:
                hint = f"; it is called as {CALLS[name]}"
            raise ProjectError(f"{self._line(error)}: {name}() raised {_told(error)}{hint}") from error

    def refuse(self, problem: str) -> ProjectError:
        """The error to raise where it returns something that cannot be used: `raise own.refuse(...)`."""
        return ProjectError(f"{self.where}: {self.function.__name__}() {problem}")

    def _frames(self, error: Exception) -> list[traceback.FrameSummary]:
        """The lines of the team's own code that were under way, the innermost last."""
        file = getsourcefile(self.function)
        folder = Path(file).parent if file else None
        return [frame for frame in traceback.extract_tb(error.__traceback__) if folder in Path(frame.filename).parents]

    def _line(self, error: Exception) -> str:
        """The innermost line of the team's own code."""
        frames = self._frames(error)
        return f"{_shown(Path(frames[-1].filename))}:{frames[-1].lineno}" if frames else self.where


def own(module: str, package: str = "", root: Path | None = None) -> Own:
    """A function of the project.

    Args:
        module: data, features, model or metrics.
        package: of the project; by default, the one of .template.json.
        root: the root folder of another checkout of the project, whose code is to be used beside this one's.

    Raises:
        ProjectError: the module is missing, cannot be imported, or does not have its function.
    """
    name = f"{package or answers.load().package}.{module}"
    with _importing(root, name.partition(".")[0]):
        found = _imported(name)
    function = getattr(found, FUNCTIONS[module], None)
    if not callable(function):
        raise ProjectError(f"{_shown(Path(str(found.__file__)))}: the function {FUNCTIONS[module]}() is missing")
    return Own(function)


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        path = SOURCE / f"{name.replace('.', '/')}.py"
        if error.name and name.startswith(error.name):
            raise ProjectError(f"{path} is missing; restore it with `git restore {path}`") from None
        package, _, part = str(error.name).rpartition(".")
        if found := getattr(sys.modules.get(package), "__path__", None):
            known = [module.name for module in iter_modules(found)]
            raise ProjectError(f"{path}: {package} has no module {part!r}; {meant(part, known)}") from None
        package = str(error.name).partition(".")[0]
        raise ProjectError(
            f"{path}: the module {package!r} is not installed; `make add PACKAGE={package}` adds its "
            "package; what features.py needs is added to `dependencies` in pyproject.toml, then `make lock setup`"
        ) from None
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        if isinstance(error, SyntaxError):
            raise ProjectError(f"{_shown(Path(str(error.filename)))}:{error.lineno}: {error.msg}") from None
        raise ProjectError(f"{_shown(Path(where.filename))}:{where.lineno}: {_told(error)}") from error


@contextmanager
def _importing(root: Path | None, package: str) -> Iterator[None]:
    """Find the project's package in src/, whether it is installed or not.

    With a root, that checkout's package is imported, and this one's comes back afterwards.
    """
    path = str(((root or Path()) / SOURCE).resolve())
    if root is None:
        _prefer(path, package)
        yield
        return
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == package}
    sys.path.insert(0, path)
    try:
        yield
    finally:
        sys.path.remove(path)
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]
        sys.modules.update(kept)


def _prefer(path: str, package: str) -> None:
    """Let the package of the folder at hand come before one of the same name that is installed, or was imported."""
    if not (Path(path) / package).is_dir():
        return
    if path in sys.path:
        sys.path.remove(path)
    sys.path.insert(0, path)
    known = getattr(sys.modules.get(package), "__file__", None)
    if known and not Path(known).is_relative_to(path):
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


def _line_of(function: Callable[..., Any]) -> int:
    code = getattr(function, "__code__", None)
    return code.co_firstlineno if code else 1


def _shown(path: Path) -> Path:
    here = Path.cwd().resolve()
    return path.resolve().relative_to(here) if here in path.resolve().parents else path


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
