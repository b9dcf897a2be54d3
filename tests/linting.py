"""The tools that hold emitted files to what reads them, each run once for files that are the same."""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conftest import TEMPLATE, Project, run

TOOLS = Path(sys.executable).parent


@dataclass(frozen=True)
class Linter:
    """A tool that looks at some files of a project.

    Attributes:
        command: with its options.
        files: patterns of what it looks at.
        whole: it is given the folder of the first pattern, and not each file.
    """

    command: tuple[str, ...]
    files: tuple[str, ...]
    whole: bool = False


LINTERS = (
    Linter(("check-jsonschema", "--builtin-schema", "vendor.github-workflows"), (".github/workflows/*.yml",)),
    Linter(("check-jsonschema", "--builtin-schema", "vendor.github-actions"), (".github/actions/*/action.yml",)),
    Linter(("check-jsonschema", "--builtin-schema", "vendor.dependabot"), (".github/dependabot.yml",)),
    Linter(
        ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
        (".gitlab-ci.yml", ".gitlab/*.yml"),
    ),
    Linter(("actionlint",), (".github/workflows/*.yml",)),
    Linter(("zizmor", "--offline"), (".github/**/*.yml",), whole=True),
)


def lint(project: Project, seen: set[str]) -> Iterator[str]:
    """Run every linter that a project has files for, on what it has not seen.

    Args:
        project: whose files are looked at.
        seen: digests of what was looked at before; what is looked at now is added.

    Yields:
        What was run.
    """
    for linter in LINTERS:
        paths = [path for pattern in linter.files for path in sorted(project.path.glob(pattern))]
        content = b"\0".join(
            b"\0".join((str(path.relative_to(project.path)).encode(), path.read_bytes())) for path in paths
        )
        digest = hashlib.sha256(repr(linter).encode() + content).hexdigest()
        if not paths or digest in seen:
            continue
        seen.add(digest)
        given = [str(project.path / linter.files[0].split("/")[0])] if linter.whole else list(map(str, paths))
        run([str(TOOLS / linter.command[0]), *linter.command[1:], *given], TEMPLATE)
        yield linter.command[0]
