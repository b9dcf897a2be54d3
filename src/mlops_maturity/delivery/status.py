"""What is where: each environment with its release, and the last things that were done there."""

import json
from dataclasses import asdict
from typing import Any

from mlops_maturity.delivery import records
from mlops_maturity.delivery.environments import environments
from mlops_maturity.delivery.records import Record

LAST = 5


def served(model: str) -> dict[str, dict[str, str]]:
    """Where a model serves now: in which release, of which bytes, since when.

    Args:
        model: what its manifest calls its version.
    """
    records.fetch()
    found = {}
    for environment in environments():
        known = records.history(environment)
        last = records.serving(known)[-1:]
        if last and last[0].model == model:
            release, since = last[0], f"{records.since(known):%Y-%m-%d %H:%M}Z"
            found[environment] = {"release": release.key, "digest": release.digest, "since": since}
            if unfinished := records.unfinished(known):
                found[environment]["not known"] = records.told_unfinished(environment, unfinished)
    return found


def run(as_json: bool = False) -> None:
    """Print what serves in each environment, and what was done there last; as JSON, all that was done there."""
    records.fetch()
    if as_json:
        print(json.dumps({environment: _facts(environment) for environment in environments()}, indent=2))
        return
    for environment in environments():
        known = records.history(environment)
        print(f"{environment}: {_told(environment, known)}")
        for record in known[: -LAST - 1 : -1]:
            print(f"  {' | '.join(records.told(record))}")


def _told(environment: str, known: list[Record]) -> str:
    if unfinished := records.unfinished(known):
        return f"NOT KNOWN: {records.told_unfinished(environment, unfinished)}"
    if not (served := records.serving(known)):
        return "nothing was deployed yet"
    release = served[-1]
    return f"{release.key}, model {release.model}, commit {release.commit[:12]}, {release.digest}"


def _facts(environment: str) -> dict[str, Any]:
    known = records.history(environment)
    served = records.serving(known)
    return {
        "serves": asdict(served[-1]) if served and not records.unfinished(known) else None,
        "records": [asdict(record) | {"at": record.at.isoformat()} for record in known],
    }
