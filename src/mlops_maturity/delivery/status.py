"""What is where: each environment with its release, and the last things that were done there."""

from mlops_maturity.delivery import records
from mlops_maturity.delivery.environments import environments

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
    return found


def run() -> None:
    """Print what serves in each environment, and what was done there last."""
    records.fetch()
    for environment in environments():
        known = records.history(environment)
        served = records.serving(known)
        if not served:
            print(f"{environment}: nothing was deployed yet")
            continue
        release = served[-1]
        print(f"{environment}: {release.key}, model {release.model}, commit {release.commit[:12]}, {release.digest}")
        for record in known[: -LAST - 1 : -1]:
            print(f"  {' | '.join(records.told(record))}")
