"""GitLab's interface to a project: in a job the project of that job, by hand the one that `origin` names."""

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.repository import answer

ORIGIN = re.compile(
    r"(?:(?P<scheme>https?|ssh)://)?(?:[^@/]+@)?(?P<host>[^/:]+)(?P<port>:\d+)?[:/]+(?P<path>.+?)(?:\.git)?/?"
)
SECONDS = 30


class RefusalError(ProjectError):
    """GitLab refuses something.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, text: str) -> None:
        """Say what."""
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Project:
    """A project of GitLab, with somebody's right to ask.

    Attributes:
        page: of the project, for people.
        address: of its interface.
        token: that says who asks.
    """

    page: str
    address: str
    token: str = field(repr=False)

    def ask(self, method: str, path: str = "", body: object = None, **query: object) -> Any:
        """What GitLab answers.

        Args:
            method: of HTTP.
            path: under the project.
            body: sent as JSON.
            query: what the address ends with.

        Raises:
            ProjectError: GitLab refuses (`RefusalError`), or cannot be reached.
        """
        url = "/".join(filter(None, (self.address, path))) + (f"?{urlencode(query)}" if query else "")
        headers = {"PRIVATE-TOKEN": self.token, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        try:
            request = Request(url, data, headers, method=method)  # noqa: S310 - it was seen to be HTTP
            with urlopen(request, timeout=SECONDS) as response:  # noqa: S310
                return json.loads(response.read() or b"null")
        except HTTPError as error:
            what, why = f"{method} {path or 'of the project'}", _why(error.read())
            raise RefusalError(error.code, f"GitLab refuses {what}: {error.code} {why}") from None
        except (URLError, TimeoutError) as error:
            raise ProjectError(f"GitLab cannot be reached at {self.address}: {error}") from None

    def listed(self, path: str, **query: object) -> list[dict[str, Any]]:
        """All that GitLab has there."""
        found: list[dict[str, Any]] = []
        while True:
            page: list[dict[str, Any]] = self.ask("GET", path, per_page=100, page=len(found) // 100 + 1, **query)
            found += page
            if len(page) < 100:
                return found


def here(token: str) -> Project:
    """The project at hand.

    Args:
        token: the variable that holds the token.

    Raises:
        ProjectError: there is no such variable, or nothing says which project it is.
    """
    value = os.environ.get(token)
    if not value:
        raise ProjectError(f"{token} is not set; docs/gitlab.md says what it is")
    if "CI_API_V4_URL" in os.environ:
        page, interface, number = (os.environ[f"CI_{name}"] for name in ("PROJECT_URL", "API_V4_URL", "PROJECT_ID"))
        return Project(page, f"{interface}/projects/{number}", value)
    origin = ORIGIN.fullmatch(answer("remote", "get-url", "origin"))
    if origin is None:
        raise ProjectError("no remote repository `origin` says which project this is; `git remote add origin` does")
    # The port of SSH is not that of the pages.
    port = origin["port"] or "" if (origin["scheme"] or "").startswith("http") else ""
    scheme = "http" if origin["scheme"] == "http" else "https"
    server = os.environ.get("GITLAB_URL", f"{scheme}://{origin['host']}{port}").rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise ProjectError(f"GITLAB_URL is {server}, which is no address of a web server; https://gitlab.com is one")
    return Project(f"{server}/{origin['path']}", f"{server}/api/v4/projects/{quote(origin['path'], safe='')}", value)


def _why(answered: bytes) -> str:
    try:
        told = parsed(answered)
    except ValueError:
        return "no reason given"
    reason = told.get("message") or told.get("error") or told if isinstance(told, dict) else told
    return reason if isinstance(reason, str) else json.dumps(reason)
