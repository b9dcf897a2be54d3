"""Groovy as nested statements: enough of it to look at pipelines of Jenkins, which nothing else can read offline."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Comments, texts, what opens, closes or ends something, and anything else.
PART = re.compile(
    r"//[^\n]*|/\*.*?\*/|'''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\""
    r"|[\[\](){};\n]|[^\[\](){};\n'\"/]+|/",
    re.DOTALL,
)


@dataclass(frozen=True)
class Statement:
    """A line of Groovy as far as its block, and what is in that."""

    head: str
    inner: tuple["Statement", ...] = ()

    def all(self) -> Iterator["Statement"]:
        """What is in it, in order, at any depth."""
        for each in self.inner:
            yield each
            yield from each.all()

    def block(self, *heads: str) -> "Statement":
        """The block of this name in it, or of the names one in the other; an empty one if there is none."""
        found = self
        for head in heads:
            found = next((each for each in found.inner if each.head == head), Statement(head))
        return found

    @property
    def heads(self) -> list[str]:
        """The lines in it, at any depth."""
        return [each.head for each in self.all()]

    @property
    def commands(self) -> list[str]:
        """What it runs in a shell, in order."""
        return [head[4:-1] for head in self.heads if head.startswith("sh '")]

    def having(self, start: str) -> list[str]:
        """The lines in it that begin so."""
        return [head for head in self.heads if head.startswith(start)]


def read(text: str) -> Statement:
    """A Groovy file."""
    parts = (part for part in PART.findall(text) if not part.startswith(("//", "/*")))
    return Statement("", tuple(_statements(parts)))


def without_comments(text: str) -> str:
    """A file as it is but for its comments to the end of a line."""
    return re.sub(r"(?<!:)//.*", "", text)


def _statements(parts: Iterator[str]) -> Iterator[Statement]:
    """The statements up to the end of the block that they are in."""
    head, depth = "", 0
    for part in parts:
        depth += (part in "([") - (part in ")]")
        if part == "{":
            yield Statement(" ".join(head.split()), tuple(_statements(parts)))
            head = ""
        elif part in "};\n" and depth == 0:
            if head.strip():
                yield Statement(" ".join(head.split()))
            head = ""
            if part == "}":
                return
        else:
            head += part
