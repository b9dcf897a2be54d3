"""What a team adds to pyproject.toml is merged with what a raised level or another answer changes there."""

import sys
from pathlib import Path

import pytest
from conftest import run
from rendering import rendered

OTHER_ANSWERS = [
    ({"maturity_level": "0"}, {"maturity_level": "1"}),
    ({"maturity_level": "1"}, {"maturity_level": "2"}),
    ({"cloud": "none"}, {"cloud": "aws"}),
]


@pytest.mark.parametrize("package", ["lightgbm", "xgboost"])
@pytest.mark.parametrize(("before", "after"), OTHER_ANSWERS)
def test_added_package_other_answers_merges_without_conflict(
    before: dict[str, str], after: dict[str, str], package: str, tmp_path: Path
) -> None:
    for name, answers in (("own", before), ("base", before), ("raised", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(rendered(answers)["pyproject.toml"])
    uv = Path(sys.executable).with_name("uv")
    # As `make add` does, and below the line for what features need in the service.
    run([str(uv), "add", "--quiet", "--frozen", "--optional", "train", package], tmp_path / "own")
    own = tmp_path / "own" / "pyproject.toml"
    marked = "  # below this line, what your own features need\n"
    own.write_text(own.read_text().replace(marked, f'{marked}  "pandas",\n'))
    merged = run(
        ["git", "merge-file", "--stdout", *(f"{name}/pyproject.toml" for name in ("own", "base", "raised"))], tmp_path
    ).stdout
    assert f'train = [\n    "{package}",\n]\n' in merged
    assert f'{marked}  "pandas",\n' in merged
    assert (
        merged.replace(f'train = [\n    "{package}",\n]', "train = []").replace('  "pandas",\n', "")
        == rendered(after)["pyproject.toml"]
    )
