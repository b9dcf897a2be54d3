"""A folder that says which CI system its project has."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Project = Callable[..., Path]


@pytest.fixture
def project_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The current folder becomes the root of a project whose CI provider is the one that is named."""

    def made(provider: str, deploy_target: str = "docker", cloud: str = "none") -> Path:
        answers = {
            "project_slug": "sample",
            "maturity_level": "2",
            "ci_provider": provider,
            "cloud": cloud,
            "deploy_target": deploy_target,
        }
        (tmp_path / ".template.json").write_text(json.dumps({"answers": answers}))
        monkeypatch.chdir(tmp_path)
        return tmp_path

    return made
