"""A release is not deployed where packages, memory, CPUs or accelerator are missing that its model needs."""

import os
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlops_maturity.delivery.checks import infra, inside, machine
from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.artefact import Artefact
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.params import Infrastructure, Params

pytestmark = pytest.mark.guards("CD-01")

MODEST = Infrastructure(memory_mb=1, cpus=0.01, accelerator="none")
# The newer kind of control groups and the older one, in a container and around one.
GROUPS = {
    "container": ("0::/", {"memory.max": "268435456", "cpu.max": "50000 100000"}),
    "machine": ("0::/a/b", {"memory.max": "max", "a/memory.max": "268435456", "a/b/cpu.max": "5000 10000"}),
    "older": (
        "4:memory:/docker/1\n3:cpu,cpuacct:/docker/1",
        {"memory/memory.limit_in_bytes": "268435456", "cpu/cpu.cfs_quota_us": "500", "cpu/cpu.cfs_period_us": "1000"},
    ),
}
NO_LIMITS = {"memory.max": "max", "cpu.max": "max 100000", "cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "1"}


def with_version(model: Path, to: Path, package: str, number: str) -> Path:
    """The same model as if it had been made with another version of a package."""
    artefact = artefacts.read(model, made_by="make package")
    versions = {**artefact.manifest["package_versions"], package: number}
    artefacts.write(Artefact(artefact.model, {**artefact.manifest, "package_versions": versions}), to)
    return to


def root_with(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_check_infra_where_all_is_there_reports_it(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    infra.run(model, MODEST.model_dump_json())
    said = capsys.readouterr().out
    assert f"package numpy: {version('numpy')}" in said
    for what in ("memory: ", "CPUs: ", "accelerator: "):
        assert f"PASS {what}" in said


VERSIONS = {"0.1": False, "{now}.9999": False, "9999.0": False, "{now}": True}


@pytest.mark.parametrize(("number", "holds"), VERSIONS.items())
def test_check_infra_with_a_wrong_version_names_the_package(
    model: Path, tmp_path: Path, number: str, *, holds: bool
) -> None:
    """Older ones than the model was made with, and those of another series."""
    wanted = number.format(now=version("numpy"))
    other = with_version(model, tmp_path / "other.zip", "numpy", wanted)
    found = {comparison.what: comparison for comparison in infra.packages(other)}["package numpy"]
    assert (found.holds, found.found) == (holds, version("numpy"))
    if not holds:
        with pytest.raises(ProjectError, match=rf"package numpy: {found.found} \(required: {wanted} or a later"):
            infra.run(other, MODEST.model_dump_json())


def test_check_infra_without_a_package_names_it(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra, "_installed", lambda _: "")
    with pytest.raises(ProjectError, match=r"package numpy: none \(required: "):
        infra.run(model, MODEST.model_dump_json())


@pytest.mark.parametrize(
    ("need", "says"),
    [
        ({"memory_mb": 1e9}, r"memory: [\d,]+ MB \(required: at least 1,000,000,000 MB"),
        ({"cpus": 1e6}, r"CPUs: [\d.]+ \(required: at least 1e\+06"),
        ({"accelerator": "rocm"}, r"accelerator: none \(required: rocm"),
        ({"accelerator": "cuda"}, r"accelerator: none \(required: cuda"),
    ],
)
def test_check_infra_without_the_hardware_names_it(
    model: Path, need: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "accelerators", list)
    with pytest.raises(ProjectError, match=says):
        infra.run(model, MODEST.model_copy(update=need).model_dump_json())


def test_accelerators_need_a_device_and_a_build_that_can_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_for = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: built_for)
    assert machine.accelerators(tmp_path) == []
    root_with(tmp_path, {"dev/nvidiactl": "", "dev/kfd": ""})
    assert machine.accelerators(tmp_path) == []
    root_with(tmp_path, {"dev/nvidia0": ""})
    assert machine.accelerators(tmp_path) == ["cuda"]


@pytest.mark.parametrize("kind", GROUPS)
def test_memory_and_cpus_of_a_container_are_its_limits(kind: str, tmp_path: Path) -> None:
    groups, files = GROUPS[kind]
    facts = {"proc/meminfo": "MemTotal: 9000000 kB\nMemAvailable: 4000000 kB\n", "proc/self/cgroup": f"{groups}\n"}
    root = root_with(tmp_path, facts | {f"sys/fs/cgroup/{name}": text for name, text in files.items()})
    assert machine.memory_mb(root) == pytest.approx(268.435456)
    assert machine.cpus(root) == 0.5


def test_memory_and_cpus_without_limits_are_those_of_the_machine(tmp_path: Path) -> None:
    facts = {"proc/meminfo": "MemAvailable: 4000000 kB\n", "proc/self/cgroup": "3:cpu:/\n0::/\n"}
    root = root_with(tmp_path, facts | {f"sys/fs/cgroup/{name}": text for name, text in NO_LIMITS.items()})
    assert machine.memory_mb(root) == 4096
    assert machine.cpus(root) == len(os.sched_getaffinity(0))


def test_memory_where_the_system_does_not_tell_is_all_there_is(tmp_path: Path) -> None:
    assert machine.memory_mb(tmp_path) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


def test_installed_version_of_an_unknown_package_is_none() -> None:
    assert infra._installed("no-such-package-anywhere") == ""


def test_hold_of_a_trial_asks_where_the_release_will_run(
    trial: Any, params: Params, capsys: pytest.CaptureFixture[str]
) -> None:
    infra.hold(trial)
    said = capsys.readouterr().out
    assert "memory: " in said
    assert f"required: at least {params.infrastructure.memory_mb:,.0f} MB" in said


def test_try_out_of_a_release_that_misses_something_fails(trial: Any) -> None:
    needs = MODEST.model_copy(update={"memory_mb": 1e9})
    with pytest.raises(ProjectError, match=r"check-infra in staging: this is no place for .*: memory: "):
        inside.try_out(trial, "check-infra", needs)


def test_try_out_of_a_release_that_ends_without_a_word_fails(trial: Any) -> None:
    trial.place = SimpleNamespace(try_out=lambda *_: SimpleNamespace(stdout="Killed\n", stderr="", returncode=137))
    with pytest.raises(ProjectError, match="check-infra in staging: it ended without a word"):
        inside.try_out(trial, "check-infra", MODEST)
