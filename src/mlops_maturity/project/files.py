"""Reading files with a word for people where they are wrong, and writing them so that nobody meets half of one."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mlops_maturity.project.errors import ProjectError, meant
from mlops_maturity.project.foreign import parsed

# pydantic would look for plugins in every package that is installed.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")

# The same in C where it is there, ten times as fast.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Model = TypeVar("Model", bound=BaseModel)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; it takes the place of `path` when the block ends well, and vanishes otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file at once."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(path: Path, content: object) -> None:
    """Write JSON that is the same for the same content: sorted, indented, floats to six digits."""
    text = json.dumps(_rounded(content), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: Path, made_by: str, kind: type = dict) -> Any:
    """Read the JSON that an earlier step wrote.

    Args:
        path: of the file.
        made_by: the command that makes it.
        kind: what it holds.

    Raises:
        ProjectError: the file is not there, or damaged; the text names the command that makes it.
    """
    try:
        content = parsed(existing(path, made_by).read_bytes())
        if not isinstance(content, kind):
            raise ValueError(f"it holds no {kind.__name__}")
    except ValueError as error:
        raise ProjectError(f"{path} is damaged ({error}); run `{made_by}` again") from None
    return content


def read_yaml(path: Path, model: type[Model], if_missing: str) -> Model:
    """Read a YAML file that people edit into its checked form.

    Raises:
        ProjectError: it is missing (`if_missing` says what to do), is not YAML, or a value in it is not allowed.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - one of the safe ones
    except FileNotFoundError:
        raise ProjectError(f"{path} is missing; {if_missing}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = " ".join(str(error).split()).replace('in "<unicode string>",', "in")
        raise ProjectError(f"{path} is not valid YAML: {told}") from None
    return validated(path, content, model)


def validated(path: Path, content: object, model: type[Model]) -> Model:
    """The checked form of what a file has, or is to have.

    Raises:
        ProjectError: a value is not allowed; the text names its place.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        # A key that is misspelt says more than the one that is missing for it.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        where = ".".join(_written(first, content))
        raise ProjectError(f"{path}: {f'{where}: ' if where else ''}{_told(first, model)}") from None


def _written(error: ErrorDetails, content: object) -> Iterator[str]:
    """The keys that lead to a value in the file, without the names that pydantic has for the forms of a value."""
    for part in error["loc"]:
        if isinstance(content, dict) and (part in content or error["type"] == "missing"):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int):
            content = content[part]
        else:
            continue
        yield str(part)


def _told(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong with a value; of a key that is not known, the one that was meant."""
    if error["type"] != "extra_forbidden":
        return error["msg"]
    models = [model]
    for part in error["loc"][:-1]:
        fields = [one.model_fields[part].annotation for one in models if part in one.model_fields]
        models = [found for field in fields for found in _models(field)] or models
    return f"there is no such setting; {meant(error['loc'][-1], (name for one in models for name in one.model_fields))}"


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names, such as one in a union or among the values of a dict."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]


def existing(path: Path, made_by: str) -> Path:
    """Return the path if it is there.

    Raises:
        ProjectError: it is not; the text names the command that makes it.
    """
    if not path.exists():
        raise ProjectError(f"{path} is missing; run `{made_by}` first")
    return path


def _rounded(content: object) -> object:
    if isinstance(content, dict):
        return {str(key): _rounded(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_rounded(value) for value in content]
    return float(f"{content:.6g}") if isinstance(content, float) else content
