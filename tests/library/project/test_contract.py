"""The four modules of a project are found, and what is wrong in one of them is named with its file and line."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.features import Features
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.pipeline import ingest
from mlops_maturity.project import params as settings
from mlops_maturity.project.contract import own
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.paths import MODEL, SIMPLE, TRAIN, VALIDATION
from mlops_maturity.training import evaluate, train

pytestmark = pytest.mark.guards("OWN-03")

PACKAGE = "penguin_species"


def write(module: str, text: str) -> None:
    """Put another text in the place of a module of the project at hand."""
    Path(f"src/{PACKAGE}/{module}.py").write_text(text)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def here(project: Path, trained_workspace: Path) -> Path:
    """A copy of the sample project with the sets of a run."""
    for path in (TRAIN, VALIDATION):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_bytes((trained_workspace / path).read_bytes())
    return project


FEATURES = {
    "raises": (
        "def features(columns):\n    return {'a': columns['bill']}\n",
        "features.py:2: features() raised KeyError: 'bill'; there is ",
    ),
    "misspells a column": (
        "def features(columns):\n    return {'a': columns['yaer']}\n",
        "features.py:2: features() raised KeyError: 'yaer'; did you mean 'year'?",
    ),
    "returns no mapping": (
        "def features(columns):\n    return [1]\n",
        "features.py:1: features() returned list; it must return a mapping",
    ),
    "returns too few values": (
        "def features(columns):\n    return {'a': columns['year'][:3]}\n",
        "returned 'a' of shape (3,)",
    ),
    "returns words": (
        "def features(columns):\n    return {'a': columns['sex']}\n",
        "returned 'a' of type object; numbers are needed",
    ),
    "returns a name that is no text": (
        "def features(columns):\n    return {1: columns['year']}\n",
        "returned the name 1; names must be str",
    ),
    "returns a name that is taken": (
        "def features(columns):\n    return {'year': columns['year'] + 1}\n",
        "returned 'year', which is a column already",
    ),
    "changes its columns": (
        "def features(columns):\n    columns['year'][0] = 3\n    return {'a': columns['year'] * 1}\n",
        "read-only",
    ),
    "depends on the other rows": (
        "def features(columns):\n    return {'a': columns['year'] - columns['year'].mean()}\n",
        "gives 'a' another value for a row alone",
    ),
    "depends on the order of the rows": (
        "import numpy as np\ndef features(columns):\n    return {'a': np.arange(len(columns['year']))}\n",
        "gives 'a' another value for a row alone",
    ),
    "asks for the target": (
        "def features(columns):\n    return {'a': columns['species'] == 'Adelie'}\n",
        "raised KeyError: 'species'",
    ),
    "has no function": ("FEATURES = 1\n", "the function features() is missing"),
    "cannot be imported": ("import nothing_of_this_name\n", "'nothing_of_this_name' is not installed"),
    "imports a part that there is not": (
        "from sklearn.ensembl import RandomForestClassifier\n",
        "sklearn has no module 'ensembl'; did you mean 'ensemble'?",
    ),
    "takes other arguments": (
        "def features():\n    return {}\n",
        "takes 0 positional arguments but 1 was given; it is called as features(columns)",
    ),
    "is no Python": ("def features(:\n", "features.py:1: "),
}


@pytest.mark.parametrize(("text", "says"), FEATURES.values(), ids=FEATURES)
def test_features_that_cannot_be_used_are_refused_by_line(text: str, says: str, here: Path) -> None:
    write("features", text)
    with pytest.raises(ProjectError) as refused:
        train.run()
    assert says in str(refused.value)
    assert "features.py" in str(refused.value)
    assert not (here / MODEL).exists()
    assert not (here / SIMPLE).exists()


MODELS = {
    "raises": (
        "def build(task, settings, inputs):\n    return settings['depth']\n",
        "model.py:2: build() raised KeyError",
    ),
    "returns no estimator": ("def build(task, settings, inputs):\n    return 3\n", "returned int, which has no fit()"),
    "returns one without probabilities": (
        "from sklearn.linear_model import RidgeClassifier\n\n\ndef build(task, settings, inputs):\n"
        "    return RidgeClassifier()\n",
        "model.py:4: build() returned RidgeClassifier, which has no predict_proba()",
    ),
    "returns one that cannot be fitted": (
        "from sklearn.linear_model import LogisticRegression\n\n\ndef build(task, settings, inputs):\n"
        "    return LogisticRegression()\n",
        "model.py: LogisticRegression cannot be fitted: ValueError: Input X contains NaN",
    ),
}


@pytest.mark.parametrize(("text", "says"), MODELS.values(), ids=MODELS)
def test_model_that_cannot_be_used_is_refused_by_line(text: str, says: str, here: Path) -> None:
    write("model", text)
    with pytest.raises(ProjectError) as refused:
        train.run()
    assert says in str(refused.value)
    assert not (here / MODEL).exists()


DATA = {
    "raises": ("def load():\n    return open('nothing.csv')\n", "data.py:2: load() raised FileNotFoundError"),
    "returns no table": ("def load():\n    return [1]\n", "returned list; it must return a pandas.DataFrame"),
    "returns nothing": ("import pandas\ndef load():\n    return pandas.DataFrame()\n", "without rows or columns"),
    "returns a column twice": (
        "import pandas\ndef load():\n    return pandas.DataFrame([[1, 2]], columns=['a', 'a'])\n",
        "returned the column 'a' twice",
    ),
    "returns a column without a name": (
        "import pandas\ndef load():\n    return pandas.DataFrame([[1, 2]])\n",
        "returned a column named 0; names must be str",
    ),
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("text", "says"), DATA.values(), ids=DATA)
def test_data_that_cannot_be_used_are_refused_by_line(text: str, says: str) -> None:
    write("data", text)
    with pytest.raises(ProjectError) as refused:
        ingest.load_data()
    assert "data.py" in str(refused.value)
    assert says in str(refused.value)


METRICS = {
    "raises": (
        "def metrics(target, predicted):\n    return {'a': 1 / 0}\n",
        "metrics.py:2: metrics() raised ZeroDivision",
    ),
    "returns no mapping": (
        "def metrics(target, predicted):\n    return 1.0\n",
        "returned float; it must return a mapping",
    ),
    "returns NaN": ("def metrics(target, predicted):\n    return {'a': float('nan')}\n", "returned 'a': nan"),
    "returns words": ("def metrics(target, predicted):\n    return {'a': 'good'}\n", "returned 'a': 'good'"),
    "returns an array": (
        "def metrics(target, predicted):\n    return {'a': target == target}\n",
        "returned 'a': an array of shape (69,); each score must be a finite number",
    ),
    "returns a known name": (
        "def metrics(target, predicted):\n    return {'accuracy': 1}\n",
        "the library measures already",
    ),
}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("text", "says"), METRICS.values(), ids=METRICS)
def test_metrics_that_cannot_be_used_are_refused_by_line(
    text: str, says: str, predictor: Predictor, trained_workspace: Path
) -> None:
    rows = pd.read_parquet(trained_workspace / VALIDATION)
    predicted = predictor.of_frame(rows)
    write("metrics", text)
    with pytest.raises(ProjectError) as refused:
        evaluate.scored(predictor, rows, predicted)
    assert "metrics.py" in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.usefixtures("project")
def test_model_asked_with_other_features_than_it_learned_from_is_refused(trained_workspace: Path) -> None:
    write("features", "def features(columns):\n    return {'bill_ratio': columns['bill_depth_mm'] * 2}\n")
    predictor = Predictor.load(trained_workspace / "models" / "model.zip")
    rows = pd.read_parquet(trained_workspace / TRAIN)
    with pytest.raises(ProjectError, match="computes other values of 'bill_ratio' than when this model was trained"):
        predictor.of_frame(rows)


@pytest.mark.usefixtures("project")
def test_model_asked_with_the_features_of_another_checkout_answers_as_it_did(trained_workspace: Path) -> None:
    rows = pd.read_parquet(trained_workspace / TRAIN)
    write("features", "def features(columns):\n    return {}\n")
    changed = own("features").function
    past = Predictor.load(trained_workspace / "models" / "model.zip", trained_workspace)
    assert np.isfinite(past.of_frame(rows)).all()
    assert own("features").function is changed, "the package at hand did not come back"


@pytest.mark.usefixtures("here")
def test_features_of_categories_and_times_are_computed_alike_for_tables_and_records() -> None:
    write(
        "features",
        "import numpy as np\n\n\ndef features(columns):\n"
        "    known = columns['sex'] != None  # noqa: E711\n"
        "    return {'is_male': columns['sex'] == 'male', 'known': known, 'heavy': columns['body_mass_g'] > 4000}\n",
    )
    schema, params = schemas.load(), settings.load()
    features = Features.of(schema, params)
    rows = pd.read_parquet(TRAIN)
    table = features.of_frame(rows)
    assert set(features.derived) == {"heavy", "is_male", "known"}
    records = features.of_records(train.records_of(features, rows))
    np.testing.assert_array_equal(table, records)
    assert set(np.unique(table[:, features.names.index("is_male")])) == {0, 1}
