"""What a service must have installed for a model is as much as the model holds, and comes out of the project's lock."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_maturity.model import export as exporting
from mlops_maturity.model import foreign, needs
from mlops_maturity.model.export import Exported, as_skops
from mlops_maturity.project.errors import ProjectError

LOCK = """\
numpy==2.0 \\
    --hash=sha256:aa
pandas==3.0 \\
    --hash=sha256:bb
python-dateutil==2.9 \\
    --hash=sha256:cc
unrelated==1.0 \\
    --hash=sha256:dd
"""
MATRIX = np.arange(20, dtype=np.float32).reshape(10, 2)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


def test_needs_of_a_model_are_those_of_its_format_and_lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stored = as_skops(make_pipeline(StandardScaler(), LogisticRegression()).fit(MATRIX, np.arange(10) % 2))
    assert needs.of_model(Exported(b"", "onnx"), "matrix", "shop", own_features=False) == {}
    assert set(needs.of_model(stored, "matrix", "shop", own_features=False)) == {"scikit-learn", "skops"}
    assert set(needs.of_model(stored, "frame", "shop", own_features=False)) == {"pandas", "scikit-learn", "skops"}


def test_needs_of_own_features_are_what_they_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "features.py").write_text("import json\n\nimport numpy\n\nfrom shop.words import known\n")
    (package / "words.py").write_text("import pandas\n\nknown = pandas.DataFrame\n")
    assert set(needs.of_model(Exported(b"", "onnx"), "matrix", "shop", own_features=True)) == {"pandas"}


def test_lock_of_a_model_has_what_is_required_and_no_more(lock: Path) -> None:
    assert needs.lock_of([], lock) == ""
    found = needs.lock_of(["pandas"], lock)
    assert "pandas==3.0" in found
    assert "python-dateutil==2.9" in found
    assert "unrelated" not in found


def test_package_that_the_lock_does_not_have_is_named_with_the_command(lock: Path) -> None:
    with pytest.raises(ProjectError, match=r"needs lightgbm, which .* does not have: `make add PACKAGE=lightgbm`"):
        needs.lock_of(["pandas", "lightgbm"], lock)


def test_package_of_another_system_requires_nothing(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(needs, "requires", absent)
    assert needs.lock_of(["pandas"], lock).startswith("pandas==3.0")


def test_export_without_the_converters_of_other_libraries_registers_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registered: list[object] = []
    monkeypatch.setattr(foreign, "find_spec", lambda _: None)
    monkeypatch.setattr(foreign, "import_module", registered.append)
    estimator = LogisticRegression().fit(MATRIX, np.arange(10) % 2)
    assert exporting.export(estimator, "matrix", 2).format == "onnx"
    assert registered == []
