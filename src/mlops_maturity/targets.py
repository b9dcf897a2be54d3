"""What to say of a name that is no command, or no target of make: the level that has it, or the one that was meant."""

from pathlib import Path

from mlops_maturity.commands import commands
from mlops_maturity.pipeline.running import StepError
from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import answers
from mlops_maturity.project.errors import meant
from mlops_maturity.template.news import TARGET

LEVELS = (0, 1, 2)
# Targets that are no commands of the library, by the only level that has them.
OTHERS = {"dashboard": 2}


def explain(name: str) -> None:
    """Refuse what make has no rule for: the Makefile's last resort.

    Raises:
        StepError: always; the text says what is missing and what to do.
    """
    raise StepError(f"make {name}: {_problem(name, answers.load().level)}; `make help` lists the targets")


def _problem(name: str, level: int) -> str:
    if "." in name or "/" in name:
        return f"the file {name} is missing; `git restore {name}` brings it back if it was committed"
    if name in STEPS or name in commands(level):
        return f"make has no target {name!r}; run `.venv/bin/mlops-maturity {name}`"
    targets = [target for target, _ in TARGET.findall(Path("Makefile").read_text(encoding="utf-8"))]
    return of_another_level(name, level) or f"there is no such target; {meant(name, targets).removesuffix('?')}"


def of_another_level(name: str, level: int) -> str:
    """Which levels have a command that this one has not, and how to get there; nothing if none has it."""
    having = [other for other in LEVELS if name in commands(other) or other == OTHERS.get(name)]
    if not having or level in having:
        return ""
    told = f"{name!r} is a command of level {' and '.join(map(str, having))}, and this project is at level {level}"
    return f"{told}; `make level-up LEVEL={having[0]}` raises it" if level < having[0] else told
