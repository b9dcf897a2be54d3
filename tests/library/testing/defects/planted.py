"""What a defect is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_maturity.testing.repository.check import CHECKS


@dataclass(frozen=True)
class Defect:
    """One text in the place of another in a file of a project, and what its checks then say.

    Attributes:
        name: what is wrong.
        path: of the file.
        old: the text; an empty one stands for the whole file.
        new: what takes its place; None deletes the file.
        says: a part of the message of each check that must fail, by the name of the check; no other check may.
        answers: of the project, beside level 2, GitHub, no cloud, Docker.
    """

    name: str
    path: str
    old: str
    new: str | None
    says: Mapping[str, str]
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> list[str]:
        """The rows of the requirements that it breaks."""
        return sorted({row for check in CHECKS if check.name in self.says for row in check.requirements})


def wrong(name: str, path: str, old: str, new: str | None, says: Mapping[str, str], **answers: str) -> Defect:
    known = {"level": "maturity_level", "ci": "ci_provider", "target": "deploy_target"}
    return Defect(name, path, old, new, says, {known.get(key, key): value for key, value in answers.items()})
