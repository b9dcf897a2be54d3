"""The tables say, for each requirement and each test of the score, what shows that it is met."""

import tomllib
from pathlib import Path

import pytest

from library.maturity.conftest import ANSWERS, LEVELS, answers
from mlops_maturity.commands import table
from mlops_maturity.maturity import catalogue
from mlops_maturity.maturity.elsewhere import TRACES
from mlops_maturity.maturity.evidence import KINDS
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project.errors import ProjectError

pytestmark = pytest.mark.guards("T-12")

ENTRIES = (*catalogue.rows(), *catalogue.scores())
CHOICES = [
    answers(level, ci_provider=provider, cloud=cloud, deploy_target=target)
    for level in LEVELS
    for provider in ("github", "gitlab", "jenkins")
    for cloud in ("none", "aws", "gcp")
    for target in ("docker", "kubernetes")
]


def test_rows_are_the_requirements_of_projects() -> None:
    path = Path(__file__).resolve().parents[2] / "requirements.toml"
    known = tomllib.loads(path.read_text(encoding="utf-8"))
    of_projects = [*known["level-0"], *known["level-1"], *known["level-2"], *known["documents-and-security"]]
    assert sorted(row.id for row in catalogue.rows()) == sorted(of_projects)


def test_every_row_is_shown_by_tests_or_records_in_each_project_that_owes_it() -> None:
    for choice in CHOICES:
        level = int(choice["maturity_level"])
        for row in catalogue.rows():
            assert not row.scope.covers(choice, level) or row.owed(choice, level), (row.id, choice)


def test_levels_are_cumulative() -> None:
    for row in catalogue.rows():
        assert row.scope.until == 2 or row.id in ("0-CI", "0-NOT"), row.id


def test_evidence_names_known_records_and_commands_of_the_level() -> None:
    for entry in ENTRIES:
        for proof in entry.proofs:
            assert not proof.kind or proof.kind in KINDS, entry.id
            if proof.provided.startswith("mlops-maturity "):
                name = proof.provided.split()[1]
                assert name in STEPS or any(
                    name in table(level) and level in table(level)[name].levels
                    for level in range(proof.scope.since, proof.scope.until + 1)
                ), (entry.id, name)


def test_every_kind_of_record_proves_something() -> None:
    used = {proof.kind for entry in ENTRIES for proof in entry.proofs if proof.kind}
    assert used == set(KINDS)


def test_score_has_the_tests_of_the_rubric() -> None:
    sections = ("Data", "Model", "Infra", "Monitor")
    names = [score.id for score in catalogue.scores()]
    assert names == [f"{section} {number}" for section in sections for number in range(1, 8)]
    for score in catalogue.scores():
        assert bool(score.why) == (score.points < 1.0), f"{score.id}: say why it gives no full point"


def test_documentation_names_the_points_of_a_new_project_and_the_most() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "maturity.md").read_text(encoding="utf-8")
    for score in catalogue.scores():
        points = " | ".join(f"{score.usual(ANSWERS, level):.1f}" for level in range(3))
        assert f"| {score.id} | {score.title} | {points} | {score.points:.1f} |" in page, score.id
    for level in range(3):
        weakest = min(
            sum(score.usual(ANSWERS, level) for score in catalogue.scores() if score.section == section)
            for section in ("Data", "Model", "Infra", "Monitor")
        )
        assert f"| level {level} | {weakest:.1f} |" in page


@pytest.mark.parametrize("level", [0, 1, 2])
def test_what_was_never_used_gives_half_a_point_at_most(level: int) -> None:
    for score in catalogue.scores():
        if any(proof.kind for proof in score.owed(ANSWERS, level)):
            assert score.usual(ANSWERS, level) <= catalogue.UNUSED
        assert score.usual(ANSWERS, level) <= min(score.points, catalogue.MOST[level])


def test_every_row_that_can_be_looked_for_elsewhere_has_traces() -> None:
    rows = {row.id for row in catalogue.rows() if row.scope.until == 2}
    assert set(tomllib.loads(TRACES.read_text())) == rows


@pytest.mark.parametrize("record", [None, "{}", "no JSON", '{"answers": {"maturity_level": "7"}}'])
def test_project_that_does_not_say_its_level_is_refused(record: str | None, tmp_path: Path) -> None:
    if record is not None:
        (tmp_path / ".template.json").write_text(record)
    with pytest.raises(ProjectError, match=r"^\.template\.json (is missing|does not say the project's level): restore"):
        catalogue.answers_of(tmp_path)
