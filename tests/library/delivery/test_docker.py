"""Deployment to a machine with Docker: a new release starts beside the old one, and takes its place or does not."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from library.delivery.conftest import Stage
from mlops_maturity.delivery import docker
from mlops_maturity.delivery.docker import Machine, place_of
from mlops_maturity.delivery.release import Release
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("1-CD", "CD-10")


RELEASE = Release("0123456789ab", "service:0123456789ab", f"sha256:{64 * '1'}", "code", "model", "commit")
# Blue serves; the proxy tells so, and finds both ready.
DOCKER = """
case "$*" in
  *"show servers state"*)
    echo "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight"
    echo "3 colours 1 blue 10.0.0.2 2 0 100"
    echo "3 colours 2 green - 0 32 100" ;;
  *"show stat"*) printf 'colours,blue,0,UP,1\\ncolours,green,0,UP,1\\n' ;;
  *-blue*"ps --quiet") echo container ;;
esac
"""


@pytest.fixture
def notes(model: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001 - it makes the folder
    """What docker is told, on this machine."""
    monkeypatch.setenv("DEPLOY_HOST", "local")
    return stage("docker", DOCKER)


@pytest.fixture
def machine(notes: Path) -> Iterator[Machine]:  # noqa: ARG001 - docker must be there
    with place_of("production", 8000) as place:
        assert place is not None
        yield place


def told(notes: Path, *wanted: str) -> list[str]:
    """Which of some parts of commands docker was told, in order."""
    lines = notes.read_text().splitlines()
    return [part for line in lines for part in wanted if part in line]


@pytest.mark.usefixtures("model")
def test_place_without_a_host_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPLOY_HOST", raising=False)
    with place_of("production", 8000) as place:
        assert place is None


def test_start_beside_a_release_that_serves_sends_the_new_one_no_requests(machine: Machine, notes: Path) -> None:
    machine.start(RELEASE)
    done = told(notes, "green weight 0", "-green --file deploy/service.yaml up", "weight 100", "blue --file down")
    assert done == ["green weight 0", "-green --file deploy/service.yaml up"]
    with machine.reach(started=True) as new, machine.reach() as users:
        assert (new.url, new.headers) == ("http://127.0.0.1:8000", {"x-colour": "green"})
        assert users.headers == {}


def test_switch_sends_all_requests_to_the_new_release_before_settle_ends_the_old_one(
    machine: Machine, notes: Path
) -> None:
    machine.start(RELEASE)
    machine.switch()
    machine.settle()
    order = ["green weight 100", "blue weight 0", "-blue --file deploy/service.yaml down"]
    assert told(notes, *order) == order


@pytest.mark.parametrize("switched", [True, False])
def test_back_after_a_start_lets_the_old_release_serve_and_ends_the_new_one(
    switched: bool, machine: Machine, notes: Path
) -> None:
    machine.start(RELEASE)
    if switched:
        machine.switch()
    notes.write_text("")
    machine.back()
    order = ["blue weight 100", "green weight 0", "-green --file deploy/service.yaml down"]
    assert told(notes, *order, "-blue --file deploy/service.yaml down") == order


def test_start_that_fails_reports_the_reason(
    machine: Machine, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage("docker", f'case "$*" in *service.yaml*up*) echo why >&2; exit 1 ;; esac\n{DOCKER}')
    with pytest.raises(ProjectError, match="did not start at local"):
        machine.start(RELEASE)
    assert capsys.readouterr().out == "why\n"


def test_switch_to_a_release_that_is_not_ready_fails_and_sends_it_no_requests(
    machine: Machine, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = stage("docker", DOCKER.replace("green,0,UP", "green,0,DOWN"))
    monkeypatch.setattr(docker, "SECONDS_TO_START", 0.1)
    machine.start(RELEASE)
    with pytest.raises(ProjectError, match="does not find the new release ready"):
        machine.switch()
    assert told(notes, "weight 100", "blue weight 0") == []


@pytest.mark.usefixtures("model")
def test_start_on_another_machine_brings_the_image_there_first(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = 'case "$*" in "image inspect"*) exit 1 ;; *up*) exit 1 ;; esac'
    notes = stage("docker", f'echo "at $DOCKER_HOST" >> "{{notes}}"\n{missing}\n{DOCKER}')
    monkeypatch.setenv("DEPLOY_HOST", "me@there")
    with pytest.raises(ProjectError, match="the proxy did not start at me@there"):
        start("production")
    moved = told(notes, "save service:0123456789ab", "load --quiet", "service.yaml up")
    assert sorted(moved) == ["load --quiet", "save service:0123456789ab"]


@pytest.mark.usefixtures("model")
def test_start_with_settings_of_the_service_writes_a_file_that_is_deleted_afterwards(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DEPLOY_HOST", "local")
    monkeypatch.setenv("SERVICE_SETTINGS", "PREDICTION_LOG=postgresql://there")
    show = 'cat "$SERVICE_ENV"; echo; echo "$SERVICE_ENV"; exit 1'
    stage("docker", f'case "$*" in *service.yaml*up*) {show} ;; esac\n{DOCKER}')
    with pytest.raises(ProjectError, match="did not start"):
        start("production")
    content, file = capsys.readouterr().out.splitlines()
    assert content == "PREDICTION_LOG=postgresql://there"
    assert not Path(file).exists()


def start(environment: str) -> None:
    """Start the release where DEPLOY_HOST says."""
    with place_of(environment, 8000) as place:
        assert place is not None
        place.start(RELEASE)


def test_try_out_runs_a_command_without_rights_beside_the_log(machine: Machine, notes: Path) -> None:
    Path("deploy/service.env").write_text("PREDICTION_LOG=sqlite:////var/lib/predictions/log.sqlite\n")
    done = machine.try_out(RELEASE, ["check-infra", "--model", "/service/model.zip"])
    assert done.returncode == 0
    (run,) = (line for line in notes.read_text().splitlines() if line.startswith("run "))
    assert run.startswith("run --rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges ")
    beside = "--network penguin-species-production --volume penguin-species-production-predictions:/var/lib/predictions"
    assert f"{beside} --env-file deploy/service.env {RELEASE.image} " in run
    assert run.endswith("python -m mlops_maturity check-infra --model /service/model.zip")


def test_stop_ends_both_colours_and_the_proxy_and_keeps_the_log(machine: Machine, notes: Path) -> None:
    machine.stop()
    ends = ["-blue --file deploy/service.yaml down", "-green --file deploy/service.yaml down"]
    assert told(notes, *ends, "--file deploy/compose.yaml down") == [*ends, "--file deploy/compose.yaml down"]
    assert "--volumes" not in notes.read_text()


def test_stop_whose_proxy_does_not_end_fails(machine: Machine, stage: Stage) -> None:
    stage("docker", 'case "$*" in *compose.yaml*down) exit 1 ;; esac')
    with pytest.raises(ProjectError, match="the proxy at local did not end"):
        machine.stop()


def test_start_of_a_release_of_a_registry_pulls_it_by_its_digest(machine: Machine, stage: Stage) -> None:
    missing = 'case "$*" in "image inspect"*) exit 1 ;; esac'
    notes = stage("docker", f"{missing}\n{DOCKER}")
    shared = replace(RELEASE, image=f"registry.example/service@{RELEASE.digest}")
    machine.start(shared)
    assert told(notes, f"pull --quiet {shared.image}", "save ") == [f"pull --quiet {shared.image}"]
    stage("docker", f'{missing}\ncase "$1" in pull) exit 1 ;; esac\n{DOCKER}')
    with pytest.raises(ProjectError, match=r"service@sha256:1+ could not be pulled to local"):
        machine.start(shared)


@pytest.mark.usefixtures("model")
def test_start_of_an_image_that_cannot_be_brought_fails(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage("docker", 'case "$*" in "image inspect"*|load*) exit 1 ;; esac')
    monkeypatch.setenv("DEPLOY_HOST", "me@there")
    with pytest.raises(ProjectError, match="service:0123456789ab could not be brought to me@there"):
        start("production")


def test_start_whose_proxy_does_not_answer_fails(
    machine: Machine, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage("docker", "")
    monkeypatch.setattr(docker, "SECONDS_TO_START", 0)
    with pytest.raises(ProjectError, match="the proxy does not answer at local; `docker logs` says why"):
        machine.start(RELEASE)


@pytest.mark.usefixtures("model")
def test_another_machine_with_podman_here_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_HOST", "me@there")
    notes = stage("podman", "")
    monkeypatch.setenv("PATH", str(notes.parent))
    with pytest.raises(ProjectError, match="only docker can deploy to another machine; install it"):
        start("production")


@pytest.mark.usefixtures("model")
def test_reach_of_another_machine_opens_a_tunnel_to_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage("docker", DOCKER)
    listen = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"
    (Path("bin") / "listen.py").write_text(listen)
    notes = stage("ssh", f'port="${{5#127.0.0.1:}}"; exec {sys.executable} bin/listen.py "${{port%%:*}}"')
    monkeypatch.setenv("DEPLOY_HOST", "me@there")
    monkeypatch.setenv("PORT", "8123")
    with place_of("staging", 8001) as place:
        assert place is not None
        with place.reach() as address:
            port = address.url.rpartition(":")[2]
    forwarded = f"-N -o ExitOnForwardFailure=yes -L 127.0.0.1:{port}:127.0.0.1:8123 me@there\n"
    assert notes.read_text() == forwarded
