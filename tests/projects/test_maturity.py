"""A project tells where it stands by the tests that passed, and by nothing else.

The suites of a new project are really run, once; what a report says is then changed, or the project, and the project
is asked again. What new projects of each level are said to be, tests/projects/test_first_try.py sees.
"""

import ast
import itertools
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import SAMPLE_SLUG, TEMPLATE, Bake, Project, bake_into, run
from filelock import FileLock
from planting import replace
from standing import DEMANDS, facts, points, states

from hooks.answers import CHOICES
from tools import maturity

MARKERS = ("requirement", "ml_test_score")
LEVELS, PROVIDERS = CHOICES["maturity_level"], CHOICES["ci_provider"]
REPORT = Path("reports/tests.xml")


def marked(project: Project) -> dict[str, set[Path]]:
    """The suites of a project, by what the markers in them say."""
    found: dict[str, set[Path]] = {}
    for path in (project.path / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MARKERS:
                (name, *_) = (argument.value for argument in node.args if isinstance(argument, ast.Constant))
                found.setdefault(str(name), set()).add(path.relative_to(project.path))
    return found


def combinations() -> Iterator[dict[str, str]]:
    """Each level and provider with each place to deploy to, and with each cloud."""
    for level, provider in itertools.product(LEVELS, PROVIDERS):
        for cloud, target in (("none", "docker"), ("aws", "kubernetes"), ("gcp", "docker")):
            yield {"maturity_level": level, "ci_provider": provider, "cloud": cloud, "deploy_target": target}


@pytest.mark.speed("test")
@pytest.mark.parametrize("answers", list(combinations()), ids=lambda answers: " ".join(answers.values()))
def test_rows_and_markers_say_the_same(answers: Mapping[str, str], tmp_path: Path) -> None:
    found = marked(bake_into(tmp_path, **answers))
    level = int(answers["maturity_level"])
    owed = [row for row in DEMANDS.rows() if row.scope.covers(answers, level)]
    assert {name for name in found if " " not in name} == {row.id for row in owed}
    told = {row.id: set(row.files(answers, level)) for row in (*owed, *DEMANDS.scores())}
    assert {name: files for name, files in told.items() if files} == found


@pytest.mark.speed("test")
def test_score_has_the_tests_of_the_rubric() -> None:
    sections = ("Data", "Model", "Infra", "Monitor")
    names = [score.id for score in DEMANDS.scores()]
    assert names == [f"{section} {number}" for section in sections for number in range(1, 8)]
    for score in DEMANDS.scores():
        assert len(score.usual) == len(LEVELS)
        assert score.why or max(score.usual) == 1.0, f"{score.id}: why it gives no full point is not said"


@pytest.mark.speed("test")
def test_documentation_tells_of_each_point() -> None:
    page = (TEMPLATE / "docs" / "maturity.md").read_text()
    for score in DEMANDS.scores():
        points = " | ".join(f"{number:.1f}" for number in score.usual)
        suites = ", ".join(dict.fromkeys(f"`{suite.name}`" for suite in score.suites)).replace("<ci_", "<")
        assert f"| {score.id} | {score.text} | {points} | {suites} | {score.why} |" in page, score.id


@pytest.mark.speed("test")
def test_every_row_that_can_be_looked_for_has_traces() -> None:
    import tomllib

    rows = {row.id for row in DEMANDS.rows() if row.scope.until == max(DEMANDS.LEVELS)}
    assert set(tomllib.loads(maturity.TRACES.read_text())) == rows


# What a project says of itself


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, environment: Callable[..., Path]) -> Path:
    """A new project of level 0 whose suites were really run, once for all processes; not to be changed."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "measured"
    with FileLock(f"{folder}.lock"):
        if not (folder / SAMPLE_SLUG / REPORT).exists():
            shutil.rmtree(folder, ignore_errors=True)
            suites = ("--numprocesses", "2", "--dist", "loadfile", f"--junitxml={REPORT}")
            bake_into(folder).python(environment("none"), "-m", "pytest", *suites)
    return folder / SAMPLE_SLUG


@pytest.fixture
def project(measured: Path, tmp_path: Path) -> Project:
    """The same, to be changed."""
    return Project(shutil.copytree(measured, tmp_path / measured.name, symlinks=True))


def asked(project: Project, python: Path, report: Path = REPORT) -> tuple[int, str]:
    """What `make maturity REPORT=...` says."""
    done = project.step(python, "maturity", "--report", str(report), check=False)
    return done.returncode, done.stdout + done.stderr


def test_page_goes_to_the_summary_of_ci(project: Project, project_python: Path) -> None:
    summary = project.path / "summary.md"
    command = (str(project_python), "-m", project.package, "maturity")
    project.run(*command, GITHUB_STEP_SUMMARY=str(summary), PYTHONPATH=str(project.path / "src"))
    assert summary.read_text().strip() == project.text("reports/maturity.md").strip()
    assert "## Maturity" in summary.read_text()


@pytest.mark.speed("test")
def test_badge_that_is_emitted_is_the_one_of_what_was_not_measured() -> None:
    emitted = maturity.PACKAGE.parent.parent / "docs" / "maturity.svg"
    assert emitted.read_text() == maturity.emitted("badge").picture()


# What a project loses: of a report that was written, or of the project


def changed(project: Project, of: str, tag: str) -> None:
    """Let tests of a row, or of a test of the score, have failed or been skipped."""
    file = project.path / REPORT
    tree = ElementTree.parse(file)  # noqa: S314
    for case in tree.iter("testcase"):
        if any(entry.attrib["value"].partition(":")[0] == of for entry in case.iter("property")):
            ElementTree.SubElement(case, tag, message="for a reason")
    tree.write(file)


@pytest.mark.guards("T-12")
@pytest.mark.parametrize(("tag", "state"), [("failure", "fails"), ("error", "fails"), ("skipped", "not exercised")])
def test_what_did_not_pass_takes_rows_and_points_away(
    tag: str, state: str, project: Project, project_python: Path
) -> None:
    changed(project, "CI-04", tag)
    code, said = asked(project, project_python)
    assert code == (1 if state == "fails" else 0), said
    assert states(project)["CI-04"] == state
    assert "for a reason" in said
    assert points(project)["Monitor 5"] == 0.0
    assert facts(project)["ml_test_score"]["sections"]["Monitor"] == 1.0


@pytest.mark.guards("T-12")
def test_suite_that_is_gone_fails(project: Project, project_python: Path) -> None:
    (project.path / "tests/unit/test_split.py").unlink()
    file = project.path / REPORT
    tree = ElementTree.parse(file)  # noqa: S314
    for suite in tree.iter("testsuite"):
        for case in [case for case in suite if case.get("classname") == "tests.unit.test_split"]:
            suite.remove(case)
    tree.write(file)
    code, said = asked(project, project_python)
    assert (code, states(project)["0-SPLIT"]) == (1, "fails"), said
    assert "tests/unit/test_split.py: the suite is gone" in said
    assert "level 0, 1 row fails" in project.text("docs/maturity.svg")


def test_suite_without_its_tests_fails_and_one_that_was_left_out_is_not_exercised(
    project: Project, project_python: Path
) -> None:
    split, schema = project.path / "tests/unit/test_split.py", project.path / "tests/unit/test_schema.py"
    split.write_text('"""Nothing is left."""\n')
    done = project.python(project_python, "-m", "pytest", "tests/unit", f"--ignore={schema}", f"--junitxml={REPORT}")
    assert done.returncode == 0
    code, said = asked(project, project_python)
    assert code == 1
    assert "tests/unit/test_split.py: it has no test for this any more" in said
    assert states(project)["CI-08"] == "not exercised"
    assert "tests/unit/test_schema.py: none of its tests for this was run" in said


OPENED = [
    ("beats_trivial: 0.5", "beats_trivial: -9.0", "0-BASE", "fails", "Model 5"),
    ("beats_simple: 0.0", "beats_simple: -0.5", "0-BASE", "not exercised", "Model 5"),
    ("overall: 0.02", "overall: 1000", "1-GATE", "fails", "Infra 4"),
    ("slices: [island, sex]", "slices: []", "1-GATE", "not exercised", "Model 6"),
    ("targets: {accuracy: 0.9}", "targets: {}", "1-GATE", "not exercised", ""),
]


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case[1], marks=pytest.mark.speed("deep") if case in OPENED[2:] else []) for case in OPENED],
)
def test_gate_that_was_opened_is_seen(case: tuple[str, ...], bake: Bake, environment: Callable[..., Path]) -> None:
    closed, opened, row, state, score = case
    project, python = bake(maturity_level="1"), environment("none", "1")
    replace("params.yaml", closed, opened)(project)
    project.python(python, "-m", "pytest", "tests/model", f"--junitxml={REPORT}", check=False)
    asked(project, python)
    assert states(project)[row] == state
    assert not score or points(project)[score] == 0.0


def test_data_that_were_swapped_are_seen(project: Project, project_python: Path) -> None:
    raw = project.path / "data/raw/penguins.csv"
    header, *rows = raw.read_text().splitlines()
    raw.unlink()
    raw.write_text("\n".join([header, *(row.replace("Biscoe", "Elsewhere") for row in rows)]) + "\n")
    project.python(project_python, "-m", "pytest", "tests/data", f"--junitxml={REPORT}", check=False)
    code, said = asked(project, project_python)
    assert (code, states(project)["CI-08"], points(project)["Data 1"]) == (1, "fails", 0.0), said


# What is refused


def test_report_that_is_missing_or_none_or_old_is_refused_in_a_line(project: Project, project_python: Path) -> None:
    project.path.joinpath("reports/odd.xml").write_text("<html></html>")
    project.path.joinpath("reports/half.xml").write_text("<testsuites>")
    for name, says in (
        ("no.xml", "reports/no.xml is missing"),
        ("odd.xml", "reports/odd.xml is no report of tests"),
        ("half.xml", "reports/half.xml cannot be read"),
    ):
        code, said = asked(project, project_python, Path("reports", name))
        assert code == 1
        assert re.fullmatch(f"maturity: {says}.*\n", said), said
    (project.path / "tests/unit/test_split.py").touch()
    code, said = asked(project, project_python)
    assert code == 1
    assert re.fullmatch("maturity: reports/tests.xml is older than tests/unit/test_split.py; .*\n", said), said


@pytest.mark.parametrize("record", [None, "{}", "no JSON", '{"answers": {"maturity_level": "7"}}'])
def test_project_that_does_not_say_its_level_is_refused(
    record: str | None, project: Project, project_python: Path
) -> None:
    file = project.path / ".template.json"
    file.unlink() if record is None else file.write_text(record)
    code, said = asked(project, project_python)
    assert code == 1
    assert re.fullmatch(r"maturity: \.template\.json .* which level this is.*\n", said), said


# Repositories that this template did not make


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A repository of somebody else."""
    folder = tmp_path / "foreign"
    (folder / "tests").mkdir(parents=True)
    (folder / "train.py").write_text("from sklearn.model_selection import train_test_split\n")
    (folder / "tests/test_features.py").write_text("def test_one():\n    assert True\n")
    (folder / "not_in_git.dvc").write_text("")
    (folder / "broken link.py").symlink_to("nowhere")
    (folder / "Größe.ipynb").write_text("{}")
    run(["git", "init", "--quiet"], folder)
    run(["git", "add", "train.py", "tests", "broken link.py", "Größe.ipynb"], folder)
    return folder


def looked(*arguments: str) -> tuple[int, str]:
    done = run([sys.executable, "-m", "tools.maturity", *arguments], TEMPLATE, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.speed("test")
def test_foreign_repository_is_told_what_was_found_and_that_nothing_is_shown(foreign: Path) -> None:
    code, said = looked(str(foreign))
    assert code == 0, said
    assert "by tests: 0 fails, 0 not exercised, 0 holds" in said
    assert "ML Test Score 0.0: Data 0.0, Model 0.0, Infra 0.0, Monitor 0.0" in said
    parts = dict(re.findall(r"^  (\S+) +\S.*\n +(.*)$", said, re.MULTILINE))
    assert parts["0-SPLIT"] == "to look at: train.py"
    assert parts["0-PROC"] == "to look at: Größe.ipynb, train.py"
    assert parts["CI-01"] == "to look at: tests/test_features.py"
    assert parts["0-DATA"] == "nothing found", "what is not in git was found"
    assert "holds:" not in said


@pytest.mark.speed("test")
def test_tests_of_a_foreign_repository_that_passed_count(foreign: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    case = (
        '<testcase classname="tests.test_features" name="test_one"><properties>'
        '<property name="requirement" value="CI-01"/><property name="ml_test_score" value="Data 7: 1.0"/>'
        "</properties>{}</testcase>"
    )
    report.write_text(f"<testsuites><testsuite>{case.format('')}</testsuite></testsuites>")
    _, said = looked(str(foreign), "--report", str(report))
    assert "holds: tests/test_features.py (1 passed)" in said
    assert "ML Test Score 0.0: Data 1.0" in said
    report.write_text(f"<testsuites><testsuite>{case.format('<failure/>')}</testsuite></testsuites>")
    _, said = looked(str(foreign), "--report", str(report))
    assert "fails: tests/test_features.py" in said
    assert "Data 0.0" in said


@pytest.mark.speed("test")
def test_what_is_no_foreign_repository_is_refused_in_a_line(sample: Project, foreign: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run(["git", "init", "--quiet"], empty)
    for arguments, says in (
        ([""], "say which repository"),
        ([str(tmp_path / "nowhere")], "is no folder"),
        ([str(tmp_path)], "is no git repository"),
        ([str(empty)], "git knows no file there"),
        ([str(sample.path)], "is a project of this template: run `make maturity` there"),
        ([str(foreign), "--report", "nothing.xml"], "nothing.xml is missing"),
    ):
        code, said = looked(*arguments)
        assert code == 1
        assert says in said
        assert said.count("\n") == 1, said
