"""What people read after a merge: what conflicts and how to resolve it, or what is new and what comes next."""

import textwrap

from mlops_maturity.project.repository import answer, git
from mlops_maturity.template.news import News

WIDTH = 110


def report_conflicts(conflicts: list[str]) -> None:
    """Print what conflicts, why, and what to do."""
    width = max(map(len, conflicts))
    states = {line[3:]: line[:2] for line in answer("status", "--porcelain=v1", "-z").split("\0") if line}
    reasons = {"DU": "you deleted it, the template changes it", "UD": "you changed it, the template deletes it"}
    print("\nthe template and you have changed the same lines:")
    for name in conflicts:
        print(f"  {name:{width}s}  {reasons.get(states.get(name, ''), 'both changed it')}")
    print(
        "\n  - edit each file: <<<<<<< begins your lines, ||||||| those before, ======= the template's\n"
        "  - git add each file (or git rm it, if it is to go), then: git cherry-pick --continue && make setup test\n"
        "  - or undo everything: git cherry-pick --abort\n"
    )


def report_merge(message: str, start: str, news: News) -> None:
    """Print what was merged, what is new, and how to look at it.

    Args:
        message: of the commit.
        start: the commit before.
        news: that the merge brought.
    """
    print(f"\n{message}: done, as one commit\n {git('diff', '--shortstat', start, 'HEAD')}")
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
    print("\nnext:")
    print("  - look at what changed: git show --stat; to undo it: git revert HEAD")
    if news.steps:
        print(
            f"  - the library's code of {', '.join(news.steps)} has changed: make run, commit what it leaves, make push"
        )
