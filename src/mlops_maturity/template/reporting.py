"""What people read after a merge: what conflicts and how to resolve it, or what is new and what comes next."""

import textwrap
from collections.abc import Sequence

from mlops_maturity.project.repository import answer, git
from mlops_maturity.template.news import News

WIDTH = 110


def report_conflicts(conflicts: list[str], news: News, then: Sequence[str]) -> None:
    """Print what conflicts, why, and what to do; and what is new once that is done.

    Args:
        conflicts: the files.
        news: that the merge brings.
        then: what comes after it.
    """
    width = max(map(len, conflicts))
    states = {line[3:]: line[:2] for line in answer("status", "--porcelain=v1", "-z").split("\0") if line}
    reasons = {"DU": "you deleted it, the template changes it", "UD": "you changed it, the template deletes it"}
    _report_news(news)
    print("\nthe template and you have changed the same lines:")
    for name in conflicts:
        print(f"  {name:{width}s}  {reasons.get(states.get(name, ''), 'both changed it')}")
    _report_steps(
        "\nnext:",
        [
            "edit each file: <<<<<<< begins your lines, ||||||| those before, ======= the template's",
            "git add each file (or git rm it, if it is to go), then: git cherry-pick --continue && make setup test",
            "or undo everything: git cherry-pick --abort",
        ],
    )
    _report_steps("\nand then:", [*_of_library(news), *then])
    print()


def report_merge(message: str, start: str, news: News, then: Sequence[str]) -> None:
    """Print what was merged, what is new, and what comes next.

    Args:
        message: of the commit.
        start: the commit before.
        news: that the merge brought.
        then: what comes after it.
    """
    print(f"\n{message}: done, as one commit\n {git('diff', '--shortstat', start, 'HEAD')}")
    _report_news(news)
    look = "look at what changed: git show --stat; to undo it: git revert HEAD"
    _report_steps("\nnext:", [look, *_of_library(news), *then])


def _report_news(news: News) -> None:
    for title, rows in (
        ("new targets of make", news.targets),
        ("for a person to set; the pages in docs/ say more", news.settings),
    ):
        if rows:
            print(f"\n{title}:")
            longest = max(map(len, rows))
            for name, text in rows.items():
                indent = " " * (longest + 4)
                print(textwrap.fill(f"  {name:{longest}s}  {text}", WIDTH, subsequent_indent=indent))


def _of_library(news: News) -> list[str]:
    """What the new library makes of the pipeline."""
    if not news.steps:
        return []
    return [f"the library's code of {', '.join(news.steps)} has changed: make run, commit what it leaves, make push"]


def _report_steps(title: str, steps: Sequence[str]) -> None:
    if steps:
        print(title)
        for step in steps:
            print(f"  - {step}")
