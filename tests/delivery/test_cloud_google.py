"""What DVC and `make login` ask of Google's services: no more than the account of CI may do."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ci_access import log_in, of_gitlab, outputs_of, stand_in
from conftest import Bake
from terraforming import Terraform, module
from test_cloud_access import become
from test_storage import Environment, clone, gcs, lend

Ask = tuple[str, str]


class Recorder(BaseHTTPRequestHandler):
    """Passes every request on, and notes it."""

    behind = ""
    asked: list[Ask]

    def pass_on(self) -> None:
        self.asked.append((self.command, self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.behind)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_DELETE = do_GET = do_PATCH = do_POST = do_PUT = pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on this machine; yields the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def permission(ask: Ask, bucket: str) -> str:
    """What Google would want the caller to be allowed for a request; the request itself if it is no usual one."""
    method, path = ask[0], unquote(urlsplit(ask[1]).path)
    objects = f"/storage/v1/b/{bucket}/o"
    if method == "GET" and path == objects:
        return "storage.objects.list"
    if method == "GET" and (path.startswith(f"{objects}/") or path.startswith(f"/download{objects}/")):
        return "storage.objects.get"
    if method == "POST" and path == f"/upload{objects}":
        return "storage.objects.create"
    return f"{method} {path}"


# What roles/storage.objectViewer and roles/storage.objectCreator allow with objects.
ALLOWED = {"storage.objects.create", "storage.objects.get", "storage.objects.list"}


def test_dvc_asks_for_no_more_than_the_account_may_do(bake: Bake, environment: Environment, tmp_path: Path) -> None:
    project = lend(environment("gcp"), bake(cloud="gcp"))
    bucket = "penguin-species-dvc"
    with gcs(bucket) as settings:
        behind = urlsplit(settings["STORAGE_EMULATOR_HOST"]).netloc
        recorder: type[Recorder] = type("Recording", (Recorder,), {"behind": behind, "asked": []})
        with serving(recorder) as address:
            settings["STORAGE_EMULATOR_HOST"] = f"http://{address}"
            project.run("make", "push", check=True, **settings)
            other = clone(project.path, tmp_path / "clone", environment("gcp"))
            other.run("make", "pull", check=True, **settings)
    assert other.text("data/raw/penguins.csv") == project.text("data/raw/penguins.csv")
    assert {permission(ask, bucket) for ask in recorder.asked} == ALLOWED


def test_a_job_of_gitlab_gets_into_the_registry(
    terraform: Callable[[str], Terraform], bake: Bake, environment: Environment, tmp_path: Path
) -> None:
    """Its token becomes one of Google's, that one the account's, and that one the password."""
    made = module("gcp", "2", "gitlab", "docker")
    plan = terraform("gcp").plan(made.write(tmp_path / "module"), *made.variables())
    claims = {
        "iss": "https://git.example",
        "aud": "https://git.example",
        "sub": "project_path:group/part/name:ref_type:branch:ref:main",
    }

    class Google(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = self.exchange(body) if self.path == "/v1/token" else self.account()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def do_GET(self) -> None:
            """What the project is called; the account may not ask for that."""
            self.send_response(403)
            self.end_headers()
            self.wfile.write(b"{}")

        def exchange(self, body: str) -> dict[str, object]:
            asked = {name: value for name, (value,) in parse_qs(body).items()}
            assert asked["audience"] == f"//iam.googleapis.com/{plan.outputs['GCP_WORKLOAD_IDENTITY_PROVIDER']}"
            assert "automation" in become(plan, json.loads(asked["subject_token"]))
            kind = "urn:ietf:params:oauth:token-type:access_token"
            return {
                "access_token": "of the pool",
                "issued_token_type": kind,
                "token_type": "Bearer",
                "expires_in": 3600,
            }

        def account(self) -> dict[str, str]:
            account = plan.outputs["GCP_SERVICE_ACCOUNT"]["automation"]
            assert self.path.endswith(f"/serviceAccounts/{account}:generateAccessToken")
            assert self.headers["Authorization"] == "Bearer of the pool"
            return {"accessToken": "of the account", "expireTime": "2100-01-01T00:00:00Z"}

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    project = bake(cloud="gcp", maturity_level="2", ci_provider="gitlab")
    (tmp_path / "job").mkdir()
    settings = of_gitlab(project, tmp_path / "job", CLOUD_TOKEN=json.dumps(claims), **outputs_of(plan, "automation"))
    with serving(Google) as address:
        account = Path(settings["GOOGLE_APPLICATION_CREDENTIALS"])
        told = account.read_text(encoding="utf-8")
        for host in ("sts", "iamcredentials"):
            told = told.replace(f"https://{host}.googleapis.com/", f"http://{address}/")
        account.write_text(told, encoding="utf-8")
        docker, settings = stand_in(tmp_path / "bin"), settings | {"IMAGE_REPOSITORY": plan.outputs["IMAGE_REPOSITORY"]}
        elsewhere = f"from google.auth import external_account as g; g._CLOUD_RESOURCE_MANAGER = 'http://{address}/'"
        printed = log_in(project, environment("gcp"), docker, first=elsewhere, **settings)
    assert printed == "logged in to europe-west3-docker.pkg.dev as oauth2accesstoken\n"
    assert (docker / "typed").read_text() == "of the account"
