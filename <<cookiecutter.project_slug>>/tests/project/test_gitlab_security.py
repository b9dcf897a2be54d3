"""The pipelines of GitLab end, take turns, and run on what is known; what others rely on has owners."""

import re
<% if cookiecutter.maturity_level != "0" %>
import tomllib
<% endif %>
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / ".gitlab-ci.yml", *sorted((ROOT / ".gitlab").glob("*.yml"))]


class Loader(yaml.SafeLoader):
    """YAML with `!reference`, GitLab's own tag, which is of no interest here."""


Loader.add_constructor("!reference", lambda *_: "")
PIPELINE: dict[str, Any] = {}
for file in FILES:
    PIPELINE |= yaml.load(file.read_text(encoding="utf-8"), Loader)  # noqa: S506 - it is the safe one
JOBS = {name: job for name, job in PIPELINE.items() if isinstance(job, dict) and "script" in job}


def said(job: dict[str, Any], key: str) -> object:
    """What a job says, or what it extends."""
    if key in job:
        return job[key]
    parents = job.get("extends", [])
    some = (said(PIPELINE[name], key) for name in ([parents] if isinstance(parents, str) else parents))
    return next((value for value in some if value), None)


@pytest.mark.requirement("SEC-02")
def test_images_of_jobs_have_an_exact_version() -> None:
    for path in FILES:
        for image in re.findall(r"^ +(?:image|- name): +(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            exact = re.search(r":v?\d+\.\d+\.\d+|@sha256:", image)
            assert exact, f"{path.name}: {image} is another image tomorrow"


@pytest.mark.requirement("SEC-03")
def test_jobs_end_and_take_turns() -> None:
    for name, job in JOBS.items():
        assert said(job, "timeout"), f"{name} may run for hours"
        assert said(job, "resource_group") or said(job, "interruptible"), f"{name} may run beside itself"


@pytest.mark.requirement("SEC-05")
def test_what_others_rely_on_has_owners() -> None:
    lines = [line.split() for line in (ROOT / ".gitlab" / "CODEOWNERS").read_text().splitlines()]
    owned = {path for path, *owners in filter(None, lines) if owners and path != "#"}
    wanted = {"/.gitlab/", "/.gitlab-ci.yml", "/data/schema.yaml", "/params.yaml", "/requirements.lock"}
<% if cookiecutter.maturity_level != "0" %>
    wanted |= {"/dvc.yaml", "/deploy/"}
<% endif %>
    assert wanted <= owned, f"nobody is asked about {sorted(wanted - owned)}"
<% if cookiecutter.maturity_level != "0" %>


@pytest.mark.requirement("SEC-05")
@pytest.mark.ml_test_score("Monitor 1", 0.5)
def test_newer_packages_are_tried_and_proposed_each_week() -> None:
    times = tomllib.loads((ROOT / ".gitlab" / "schedules.toml").read_text())
    asked = times.get("dependencies", "")
    assert re.fullmatch(r"\d+ \d+ \* \* \d", asked), "nothing looks for newer packages each week"
    verbs = ("setup", "lock", "setup", "run", "test", "propose", "pull-request")
    assert PIPELINE["update"]["script"] == [f"make {verb}" for verb in verbs]
<% endif %>
