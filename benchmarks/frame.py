"""How fast is a model on a frame of named columns served, beside FastAPI with the same pipeline on a DataFrame?

And how long does a service of each lane take from its start to its first answer?
"""

import statistics
import sys
import tempfile
from pathlib import Path

from reporting import clean_environment, generate, measure, publish, spread
from serving import CONNECTIONS, OURS, PIPELINE, SERVERS, Load, of_project, running

SECONDS, ROUNDS = 4.0, 3
ALONE, TOGETHER, COLD = 1.0, 5.0, 4.0
MODEL = '''"""The model that is trained: boosted trees on named columns."""

from typing import Any

from mlops_maturity.training import Inputs
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def build(task: str, settings: dict[str, Any], inputs: Inputs) -> BaseEstimator:
    """An estimator that is not fitted yet."""
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = make_column_transformer((encoder, inputs.frame.categories), remainder="passthrough")
    trees = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, min_samples_leaf=10, random_state=7)
    return make_pipeline(columns, trees)
'''


def main() -> None:
    """Serve both lanes and the plain application in turn, for one client and for many."""
    loads: dict[tuple[str, int], list[Load]] = {}
    starts: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = clean_environment(folder)
        projects = {}
        for lane in ("matrix", "frame"):
            (folder / lane).mkdir()
            generate(folder / lane, environment, "maturity_level=1")
            projects[lane] = folder / lane / "penguin-species"
            if lane == "frame":
                (projects[lane] / "src" / "penguin_species" / "model.py").write_text(MODEL)
            measure(["make", "run", f"PYTHON={sys.executable}"], projects[lane], environment)
        for _ in range(ROUNDS):
            for lane, project in projects.items():
                python = project / ".venv" / "bin" / "python"
                there = environment | {"PYTHONPATH": f"{project / 'src'}:{SERVERS}"}
                servers = {server.name: server for server in of_project(python)}
                for server in (OURS, PIPELINE) if lane == "frame" else (OURS,):
                    label = f"{server}, {lane}" if server == OURS else server
                    with running(servers[server], project, there) as found:
                        starts.setdefault(label, []).append(found.seconds_to_start)
                        found.load(1)
                        for connections in (1, CONNECTIONS):
                            loads.setdefault((label, connections), []).append(found.load(SECONDS, connections))
                    print(f"{label}: from start to answer {starts[label][-1]:.1f} s", flush=True)
    rate = {key: statistics.median(load.rate for load in each) for key, each in loads.items()}
    ours = f"{OURS}, frame"
    goals = [
        ("times the plain application for one client", rate[ours, 1] / rate[PIPELINE, 1], ALONE),
        (f"times it for {CONNECTIONS}", rate[ours, CONNECTIONS] / rate[PIPELINE, CONNECTIONS], TOGETHER),
    ]
    cold = max(statistics.median(starts[label]) for label in starts if label != PIPELINE)
    publish(
        "frame",
        [
            "one process on one core",
            "one client: requests/s",
            f"{CONNECTIONS} clients: requests/s",
            "to its first answer, s",
        ],
        [
            [
                label,
                *(spread([load.rate for load in loads[label, connections]], 0) for connections in (1, CONNECTIONS)),
                spread(starts[label]),
            ]
            for label in starts
        ],
        f"One record a request, by wrk on another core; median and range of {ROUNDS} times {SECONDS:g} s in turn. The "
        "plain application trains its pipeline when it starts.",
        "Goals: "
        + "; ".join(
            f"{goal:g} {what}: {value:.1f}, {'reached' if value >= goal else 'missed'}" for what, value, goal in goals
        )
        + f"; a start in less than {COLD:g} s: {cold:.1f}, {'reached' if cold < COLD else 'missed'}.",
    )


if __name__ == "__main__":
    main()
