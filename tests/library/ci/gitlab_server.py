"""A server on this machine that stands for GitLab's interface to one project and records what it is sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "a-token-of-the-project"  # noqa: S105 - of nobody
PROJECT = "/api/v4/projects/7"


class GitLab:
    """What the project has, and what it was asked to change.

    Attributes:
        url: of the server.
        lists: what there is several of, by path.
        project: its own settings.
        sent: each change, as method, path and body.
        refuses: paths where nothing may be changed, with the status of the answer.
    """

    def __init__(self) -> None:
        """Begin with a project that has a branch main."""
        self.url = ""
        self.lists: dict[str, list[dict[str, Any]]] = {"repository/branches": [{"name": "main"}]}
        self.project: dict[str, Any] = {}
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.refuses: dict[str, int] = {}

    def body(self, method: str, path: str) -> dict[str, Any]:
        """What was sent there; fails if nothing or several things were."""
        (found,) = [body for how, where, body in self.sent if (how, where) == (method, path)]
        return found

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, object]:
        """What GitLab would answer: a status and a body."""
        if method != "GET":
            self.sent.append((method, path, body))
            if path in self.refuses:
                return self.refuses[path], {"message": "not in this plan"}
        if path == "":
            self.project |= body
            return 200, self.project
        if path not in self.lists and (found := self._item(path)):
            if method == "DELETE":
                self.lists[path.rsplit("/", 1)[0]].remove(found)
            found |= _told(body)
            return 200, found
        if method == "GET":
            known = self.lists.get(path)
            pages = slice((int(query.get("page", ["1"])[0]) - 1) * 100, int(query.get("page", ["1"])[0]) * 100)
            single = known is None and "/" in path and not path.endswith("variables")
            return (404, {"message": "404 Not Found"}) if single else (200, (known or [])[pages])
        return 201, self._add(path, body)

    def _item(self, path: str) -> dict[str, Any] | None:
        parent, _, name = path.rpartition("/")
        named = [each for each in self.lists.get(parent, ()) if name in (str(each.get("id")), each.get("name"))]
        return named[0] if named else None

    def _add(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        number = len(self.lists.get(path, ())) + 1
        made = _told(body) | {"id": number, "iid": number, "web_url": f"{self.url}/{path}/{number}"}
        if "branch" in body:
            made["name"] = body["branch"]
        self.lists.setdefault(path, []).append(made)
        if owner := self._item(path.removesuffix("/variables")):
            owner.setdefault("variables", []).append(made)
        return made


def _told(body: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as GitLab tells it."""
    levels = {f"{name}s": [{"access_level": value}] for name, value in body.items() if name.endswith("_access_level")}
    return body | levels


@contextmanager
def serving() -> Iterator[GitLab]:
    """GitLab, while the block lasts."""
    gitlab = GitLab()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            address = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            path = unquote(address.path.removeprefix(PROJECT).strip("/"))
            status, answer = 401, object()
            if self.headers["PRIVATE-TOKEN"] == TOKEN and address.path.startswith(PROJECT):
                status, answer = gitlab.answer(self.command, path, parse_qs(address.query), body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer if status != 401 else {"message": "401 Unauthorized"}).encode())

        def log_message(self, *_: object) -> None:
            pass

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    gitlab.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield gitlab
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
