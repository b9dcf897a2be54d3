"""Terraform, its providers' schemas and a linter of policies, for the modules that projects are emitted with."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pytest
from conftest import PROJECT_FOLDER, TEMPLATE, clean_environment, run
from filelock import FileLock
from provider_schemas import Schema, schemas

from hooks.layout import emitted

OWN = Path(__file__).parent / "cloud"
PROVIDERS = {"aws": "aws", "gcp": "google"}
# What else decides what a module is like.
OF_A_MODULE = ("maturity_level", "ci_provider", "deploy_target")
SETTINGS = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))["_jinja2_env_vars"]
# What a person answers to a module's variables: for a cloud, for a provider of CI.
ANSWERED = {
    "aws": {"region": "eu-central-1"},
    "gcp": {"project": "some-project", "region": "europe-west3"},
    "github": {"repository": "owner/name"},
    "gitlab": {"gitlab_url": "https://git.example", "repository": "group/part/name"},
    "jenkins": {"jenkins_url": "https://ci.example"},
}


@dataclass(frozen=True)
class Module:
    """A module as it is emitted for a cloud, a level, a provider of CI and a target: its files, by name."""

    answers: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    @property
    def cloud(self) -> str:
        return self.answers[0]

    @property
    def text(self) -> dict[str, str]:
        return dict(self.files)

    def write(self, folder: Path, *, plant: tuple[str, str] | None = None) -> Path:
        """Write the files, with one text in the place of another if a defect is to be planted."""
        folder.mkdir(parents=True)
        text = self.text
        if plant:
            sound, defect = plant
            name = next(name for name in text if sound in text[name])
            text[name] = text[name].replace(sound, defect, 1)
        for name, content in text.items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    def variables(self, **more: str) -> list[str]:
        """What is answered to the variables that it has, as arguments of Terraform."""
        declared = re.findall(r'^variable "(\w+)"', self.text["variables.tf"], re.M)
        answered = {name: value for answer in self.answers for name, value in ANSWERED.get(answer, {}).items()}
        return [f"-var={name}={value}" for name, value in (answered | more).items() if name in declared]


def module(cloud: str, *answers: str, slug: str = "penguin-species") -> Module:
    """The module of a cloud, a level, a provider of CI and a target."""
    texts = render(f"infrastructure/{cloud}/", cloud, *answers, slug=slug)
    return Module((cloud, *answers), tuple((Path(path).name, text) for path, text in texts.items()))


def render(begin: str, cloud: str, *answers: str, slug: str = "penguin-species") -> dict[str, str]:
    """What a project has for a cloud, a level, a provider of CI and a target, as cookiecutter renders it.

    Args:
        begin: of the paths that are meant.
        cloud: that is answered.
        answers: beside it, in the order of OF_A_MODULE.
        slug: of the project.
    """
    context = dict(zip(OF_A_MODULE, answers, strict=True)) | {"cloud": cloud, "project_slug": slug}
    context |= {"dataset": "sample", "__package_name": slug.replace("-", "_")}
    paths = sorted(path for path in emitted(context) if path.startswith(begin))
    language = jinja2.Environment(**SETTINGS, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)  # noqa: S701
    texts = {path: (PROJECT_FOLDER / path).read_text(encoding="utf-8") for path in paths}
    return {path: language.from_string(text).render(cookiecutter=context) for path, text in texts.items()}


@dataclass(frozen=True)
class Plan:
    """What Terraform would make, as it tells it."""

    told: Mapping[str, Any]

    @property
    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in self.told["planned_values"]["outputs"].items()}

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The values of the resources of a kind."""
        resources = self.told["planned_values"]["root_module"]["resources"]
        return [resource["values"] for resource in resources if resource["type"] == kind]

    def one(self, kind: str) -> dict[str, Any]:
        """The values of the only resource of a kind."""
        (values,) = self.all(kind)
        return values

    def at(self, kind: str, key: str) -> dict[str, Any]:
        """The values of the resource of a kind that has this key of `for_each`."""
        resources = self.told["planned_values"]["root_module"]["resources"]
        (values,) = [one["values"] for one in resources if (one["type"], one.get("index")) == (kind, key)]
        return dict(values)

    def kinds(self) -> set[str]:
        return {resource["type"] for resource in self.told["planned_values"]["root_module"]["resources"]}


class Terraform:
    """Terraform with one provider, which makes nothing but knows its schema."""

    def __init__(self, python: Path, reattach: str = "") -> None:
        self.python = python
        self._environment = clean_environment(
            TF_REATTACH_PROVIDERS=reattach, CHECKPOINT_DISABLE="1", TF_IN_AUTOMATION="1"
        )

    def __call__(self, folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), str(OWN / "terraform.py"), *arguments]
        return run(command, folder, check=check, environment=self._environment)

    def plan(self, folder: Path, *variables: str) -> Plan:
        """Have Terraform plan a module that is written in a folder."""
        self(folder, "plan", "-input=false", "-out=plan", *variables)
        return Plan(json.loads(self(folder, "show", "-json", "plan").stdout))


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment of the tools' own; beside it, in `bindings`, what tells the providers' schemas."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "cloud-tools"
    python = folder / "bin" / "python"
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            uv = str(Path(sys.executable).with_name("uv"))
            run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], TEMPLATE)
            locked = ["--quiet", "--require-hashes"]
            run([uv, "pip", "sync", *locked, "--python", str(python), str(OWN / "requirements.lock")], TEMPLATE)
            fetch = [sys.executable, "-m", "pip", "download", *locked, "--no-deps", "--only-binary=:all:"]
            run([*fetch, f"--dest={folder}/bindings", f"--requirement={OWN / 'bindings.lock'}"], TEMPLATE)
            (folder / "ready").touch()
    return python


@pytest.fixture(scope="session")
def bindings(tools: Path) -> Callable[[str], Path]:
    """The bindings of a cloud's provider."""

    def wheel(cloud: str) -> Path:
        (path,) = (tools.parents[1] / "bindings").glob(f"cdktn_provider_{PROVIDERS[cloud]}-*.whl")
        return path

    return wheel


@pytest.fixture(scope="session")
def terraform(
    tools: Path, bindings: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Terraform]]:
    """Terraform for a cloud."""
    started: dict[str, Terraform] = {}
    with ExitStack() as running:

        def known(cloud: str) -> Terraform:
            if cloud not in started:
                folder = tmp_path_factory.mktemp(cloud)
                (folder / "schemas.json").write_text(json.dumps(_schemas(cloud, bindings(cloud))), encoding="utf-8")
                reattach = running.enter_context(_provider(tools, PROVIDERS[cloud], folder))
                started[cloud] = Terraform(tools, reattach)
            return started[cloud]

        yield known


def _schemas(cloud: str, wheel: Path) -> Schema:
    text = "".join(
        path.read_text(encoding="utf-8") for path in (PROJECT_FOLDER / "infrastructure" / cloud).glob("*.tf")
    )
    return schemas(wheel, PROVIDERS[cloud], sorted(set(re.findall(r'^resource "(\w+)"', text, re.M))))


@contextmanager
def _provider(python: Path, name: str, folder: Path) -> Iterator[str]:
    """Serve a provider; yields how Terraform reaches it."""
    command = [python, OWN / "provider.py", folder / "schemas.json", f"registry.terraform.io/hashicorp/{name}"]
    with subprocess.Popen(
        [*map(str, command), str(folder / "socket")],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()
