"""Where many models are trained at once: on the cores of this machine, or on a Dask cluster.

One setting decides: the environment variable DASK_SCHEDULER_ADDRESS, which Dask's own tools read, too. It is not in
params.yaml, because it says nothing about the model: the results are the same wherever they were computed.
"""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import joblib

from mlops_maturity.project import answers
from mlops_maturity.project.errors import ProjectError

if TYPE_CHECKING:
    from distributed import Client

ADDRESS = "DASK_SCHEDULER_ADDRESS"
# A scheduler that is there answers in milliseconds; a person who mistyped its address should not wait.
PATIENCE = 5
# What numbers depend on, and what carries them.
PACKAGES = ("dask", "distributed", "joblib", "numpy", "pandas", "pydantic", "scikit-learn", "scipy", "threadpoolctl")
HINT = "start each with `.venv/bin/dask worker {address} --nthreads 1` in a clone of this commit, after `make setup`"


@contextmanager
def workers() -> Iterator[str]:
    """Let joblib run on the cluster, or on this machine if none is named; gives words for people where that is.

    Raises:
        ProjectError: the cluster cannot be reached, has no workers, or its workers are not what this process is.
    """
    address = os.environ.get(ADDRESS)
    if not address:
        with joblib.parallel_config(backend="loky", n_jobs=-1):
            yield f"on this machine, {joblib.cpu_count()} at a time"
        return
    with _connected(address) as client:
        count = _check(client, address)
        with joblib.parallel_config(backend="dask", client=client):
            yield f"on {address}, {count} at a time"


@contextmanager
def _connected(address: str) -> Iterator["Client"]:
    if not re.fullmatch(r"(tcp|tls)://\S+:\d+", address):
        raise ProjectError(f"{ADDRESS}: {address!r} is no address like tcp://host:8786; put it right, or unset it")
    from distributed import Client, KilledWorker  # takes a second to import, which this machine's cores do not need

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except OSError:
        raise ProjectError(
            f"{ADDRESS}: no scheduler answers at {address}; start one with `.venv/bin/dask scheduler`, or unset it to "
            "use this machine"
        ) from None
    try:
        with client:
            yield client
    except CancelledError:
        raise ProjectError(f"{address}: the scheduler went away; nothing was written, so run it again") from None
    except KilledWorker as error:
        raise ProjectError(f"{address}: workers died of a model, likely for want of memory ({error.task})") from None


def _check(client: "Client", address: str) -> int:
    """The number of workers, all of them fit to compute what this process would.

    Raises:
        ProjectError: there is none; or one has other versions, other code, or several threads.
    """
    hint = HINT.format(address=address)
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ProjectError(f"{address} has no workers; {hint}") from None
    for worker, about in client.scheduler_info(n_workers=-1)["workers"].items():
        if about["nthreads"] != 1:
            raise ProjectError(f"{worker} has {about['nthreads']} threads, which would get in each other's way; {hint}")
    versions: Any = client.get_versions(packages=PACKAGES)
    theirs = {worker: told["packages"] for worker, told in versions["workers"].items()}
    _compare(versions["client"]["packages"], theirs, hint)
    # Only now: another Python could not even read the question.
    for package in ("mlops_maturity", answers.load().package):
        question = _code_of(package)
        _compare(question(), client.run(question), hint)
    return len(theirs)


def _compare(ours: dict[str, Any], theirs: dict[str, dict[str, Any]], hint: str) -> None:
    for worker, told in theirs.items():
        for name, value in ours.items():
            if told.get(name) != value:
                raise ProjectError(f"{worker} has {name} {told.get(name)}, this project {value}; {hint}")


def _code_of(package: str) -> Callable[[], dict[str, str | None]]:
    """A function that tells the digest of a package's code, for workers that may not have the package."""

    def digest() -> dict[str, str | None]:
        # A function within a function travels by its code, and so must all that it needs.
        import hashlib
        from importlib.util import find_spec
        from pathlib import Path

        spec = find_spec(package)
        if spec is None or spec.origin is None:
            return {f"code of {package}": None}
        total = hashlib.sha256()
        root = Path(spec.origin).parent
        for path in sorted(root.rglob("*.py")):
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
        return {f"code of {package}": total.hexdigest()[:12]}

    return digest
