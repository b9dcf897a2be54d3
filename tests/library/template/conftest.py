"""A small template with two versions, and a project that came from it: what a rendering is made of is files to copy."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_maturity.template.origin import Origin
from mlops_maturity.template.versions import Template

PYPROJECT = """[project]
name = "sample"
dependencies = ["mlops-maturity=={version}"]

[project.optional-dependencies]
dev = [
  "pytest",
]

[tool.uv.sources]
mlops-maturity = {{ path = "vendor/mlops_maturity-{version}-py3-none-any.whl" }}
"""
MAKEFILE = """PORT ?= 8000

setup: ## Make the environment
\t@{setup}

lock: ## Resolve the lock
\t@{lock}

run: ## Run the steps
\t@true
"""
LOCK = "echo 'resolved==1' >> requirements.lock"
README = "# Sample\n\nFirst.\n\nSecond.\n\nThird.\n"
SETUP = "# Setup\n\n| what | where |\n| --- | --- |\n| a token | the settings |\n"
MORE_SETUP = "| a reviewer * | the environments |\n"
STEPS = '# Hashes.\ningest: "a"\ntrain: "{train}"\n'
ANSWERS = {
    "project_slug": "sample",
    "maturity_level": "0",
    "ci_provider": "github",
    "cloud": "none",
    "deploy_target": "docker",
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def files_of(level: int, version: str, train: str, *, fixed: str = "") -> dict[str, str]:
    """What a version of the template generates at a level."""
    target = "\nwatch: ## Watch it: make watch [LOG=URL]\n\t@true\n" if level == 2 else ""
    files = {
        ".gitignore": "/reports/\n" + ("/models/\n" if level else ""),
        "Makefile": MAKEFILE.format(setup="touch ready", lock=LOCK) + target,
        "README.md": README.replace("Third", f"Third, level {level}{fixed}"),
        "docs/setup.md": SETUP + (MORE_SETUP if level == 2 else ""),
        "pyproject.toml": PYPROJECT.format(version=version),
        "requirements.lock": f"level-{level}==1\n",
        f"vendor/mlops_maturity-{version}-py3-none-any.whl": f"wheel {version}",
        "vendor/requirements.lock": f"vendor/mlops_maturity-{version}-py3-none-any.whl\n",
    }
    if level:
        files |= {"dvc.yaml": "stages: {}\n", "vendor/steps.yaml": STEPS.format(train=train)}
    return files


class SmallTemplate:
    """A template as a repository with the tags v1 and v2; for each level it has a folder with what it generates."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def made(cls, path: Path) -> "SmallTemplate":
        """Write and commit both versions."""
        path.mkdir()
        git(path, "init", "--quiet", "--initial-branch=main")
        for tag, version, train, fixed in (("v1", "1.0+ca", "b", ""), ("v2", "2.0+cb", "c", ", fixed")):
            for level in range(3):
                folder = path / f"level-{level}"
                shutil.rmtree(folder, ignore_errors=True)
                write(folder, files_of(level, version, train, fixed=fixed))
            write(path, {"cookiecutter.json": "{}\n"})
            git(path, "add", "--all", "--force")
            git(path, "commit", "--quiet", "--message", tag)
            git(path, "tag", tag)
        return cls(path)

    def generated(self, to: Path, tag: str = "v1", **answers: str) -> "Team":
        """A new project in somebody's hands."""
        template = Template(str(self.path), to / "temporary")
        rendering = render(template, template.commit(tag), ANSWERS | answers, to.name)
        project = to / "sample"
        rendering.rename(project)
        shutil.rmtree(to / "temporary")
        git(project, "init", "--quiet", "--initial-branch=main")
        team = Team(project)
        team.commit("Start from the template")
        return team


class Team:
    """A project in somebody's hands."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str) -> str:
        return git(self.path, *arguments)

    def commit(self, message: str = "Work", **files: str) -> None:
        write(self.path, files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def edit(self, name: str, old: str, new: str) -> None:
        """Change a file and commit it."""
        text = (self.path / name).read_text()
        assert old in text
        (self.path / name).write_text(text.replace(old, new, 1))
        self.commit()

    def text(self, name: str) -> str:
        return (self.path / name).read_text()

    def files(self) -> dict[str, str]:
        """Everything that the team's commit has."""
        assert self.git("status", "--porcelain") == ""
        return {name: self.text(name) for name in self.git("ls-files").splitlines()}


def render(template: Template, commit: str | None, answers: Mapping[str, str], name: str) -> Path:
    """What takes the place of cookiecutter: it copies the files of the level, and adds those of the answers."""
    if answers["cloud"] == "azure":
        from mlops_maturity.project.errors import ProjectError

        raise ProjectError("cloud: 'azure' is not allowed; answer none or aws or gcp")
    project = template._folder / name
    shutil.copytree(template._at(commit) / f"level-{answers['maturity_level']}", project)
    write(project, {f"ci/{answers['ci_provider']}.yml": "jobs: {}\n", ".dvc/config": f"remote = {answers['cloud']}\n"})
    Origin(dict(answers), commit, None).write(project / ".template.json")
    return project


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        introduce(patch)
        return SmallTemplate.made(tmp_path_factory.mktemp("original") / "template").path


@pytest.fixture
def template(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTemplate:
    """A copy of the template; its renderings are copies of its folders, and git knows who commits."""
    introduce(monkeypatch)
    monkeypatch.setattr(Template, "render", render)
    return SmallTemplate(shutil.copytree(original, tmp_path / "template"))


@pytest.fixture
def team(template: SmallTemplate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A project of level 0 as the current folder, at v1 of the template, whose path its clone knows."""
    (tmp_path / "team").mkdir()
    made = template.generated(tmp_path / "team")
    made.git("config", "mlops-maturity.template", str(template.path))
    monkeypatch.chdir(made.path)
    return made


def introduce(patch: pytest.MonkeyPatch) -> None:
    """Tell git who commits, and nothing else of this machine."""
    for role in ("AUTHOR", "COMMITTER"):
        patch.setenv(f"GIT_{role}_NAME", "test")
        patch.setenv(f"GIT_{role}_EMAIL", "test@example.invalid")
    patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
