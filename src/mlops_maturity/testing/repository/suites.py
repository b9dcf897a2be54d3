"""One command runs every test, by hand as in CI, and nothing leaves some of them out."""

import re
import tomllib

from mlops_maturity.testing.repository.check import Problems, Repository, check

FEWER = re.compile(r"(?<!\S)(-k|-m(?! pytest\b)|--ignore\S*|--deselect\S*|--collect-only|--co|tests/\S+)(?!\S)")
LEFT_OUT = re.compile(r"^(?:pytestmark = .*mark\.(?:skip|xfail)|collect_ignore)", re.MULTILINE)
# What CI asks a team to have tests of its own for.
WANTED = ("CI-01", "CI-02", "CI-03a", "CI-03b", "CI-04", "CI-05", "CI-06", "CI-08")


@check("0-TEST")
def one_command_runs_every_test(repository: Repository) -> Problems:
    """`make test` runs what lies in tests/, all of it."""
    recipe = repository.targets.get("test", "")
    options = tomllib.loads(repository.text("pyproject.toml")).get("tool", {}).get("pytest", {}).get("ini_options", {})
    if "-m pytest" not in recipe:
        yield "Makefile: `make test` runs no tests"
    if options.get("testpaths") != ["tests"]:
        yield 'pyproject.toml: pytest must look in tests/: testpaths = ["tests"]'
    for option in FEWER.findall(recipe) + FEWER.findall(" ".join(options.get("addopts", []))):
        yield f"`make test` leaves tests out, by {option}"


@check("0-TEST")
def each_requirement_on_the_teams_code_has_a_test(repository: Repository) -> Problems:
    """Features, model, convergence, numerics, artefacts, integration, validity."""
    texts = [repository.text(path) for path in repository.files("tests/**/test_*.py")]
    for requirement in WANTED:
        if not any(f'requirement("{requirement}")' in text and "def test_" in text for text in texts):
            yield f'no test is for {requirement}: mark it by @pytest.mark.requirement("{requirement}")'


@check("0-TEST")
def no_file_of_tests_is_skipped_as_a_whole(repository: Repository) -> Problems:
    """A test that does not run is no pass."""
    for path in repository.files("tests/**/*.py"):
        if LEFT_OUT.search(repository.text(path)):
            yield f"{path} skips all of its tests"
