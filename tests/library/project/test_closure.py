"""A step's hash changes with the code that the step can import, and with nothing else."""

from pathlib import Path

import pytest
import yaml

import mlops_maturity
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import closure

pytestmark = pytest.mark.guards("OWN-06")

FILES = {
    "__init__.py": "",
    "pipeline/__init__.py": "",
    "pipeline/steps.py": "STEPS = {\n"
    '    "train": Step("Train.", "small.work.train", reads=()),\n'
    '    "package": Step("Package.", module="small.work.package"),\n'
    "}\n",
    "work/__init__.py": "",
    "work/train.py": "import json\nfrom small.tools import maths\n\n\ndef run():\n    from small.late import value\n",
    "work/package.py": "import small.tools.zips\n",
    "tools/__init__.py": "",
    "tools/maths.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from small.typed import T\n"
    "else:\n    from small.untyped import T\n",
    "tools/zips.py": "",
    "tools/units.toml": "",
    "late.py": "from small.work import train\n",
    "typed.py": "",
    "untyped.py": "",
    "unused.py": "",
}
OF_TRAIN = {
    "__init__.py",
    "late.py",
    "tools/__init__.py",
    "tools/maths.py",
    "tools/units.toml",
    "untyped.py",
    "work/__init__.py",
    "work/train.py",
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A package whose steps share some modules."""
    for path, text in FILES.items():
        (tmp_path / "small" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "small" / path).write_text(text)
    return tmp_path / "small"


def test_files_of_a_module_are_all_that_it_can_import_at_run_time(small: Path) -> None:
    assert closure.files(small, "small.work.train") == OF_TRAIN
    assert closure.files(small, "json") == set()


@pytest.mark.parametrize("path", sorted(FILES))
def test_hash_of_a_step_changes_with_the_files_that_it_runs_alone(path: str, small: Path) -> None:
    before = closure.hashes(small)
    with (small / path).open("a") as file:
        file.write("# Changed.\n")
    after = closure.hashes(small)
    of_package = {"__init__.py", "work/__init__.py", "work/package.py", "tools/__init__.py", "tools/zips.py"}
    # The data beside a module may be read by it.
    of_package.add("tools/units.toml")
    assert {step for step in before if before[step] != after[step]} == {
        step for step, files in {"train": OF_TRAIN, "package": of_package}.items() if path in files
    }


def test_written_hashes_are_yaml_that_reads_each_as_text(small: Path) -> None:
    assert yaml.safe_load(closure.written(small)) == closure.hashes(small)
    assert list(closure.hashes(small)) == ["package", "train"]


def test_steps_of_this_library_are_those_of_its_table() -> None:
    package = Path(str(mlops_maturity.__file__)).parent
    assert closure.steps(package) == {name: step.module for name, step in STEPS.items()}
    of = {name: closure.files(package, step.module) for name, step in STEPS.items()}
    assert "training/train.py" in of["train"]
    assert [name for name, files in of.items() if any(file.startswith("delivery/") for file in files)] == []
