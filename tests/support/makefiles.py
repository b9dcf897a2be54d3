"""What a Makefile takes, and which of it a text names: targets, and variables behind them."""

import re
from dataclasses import dataclass

ASSIGNED = re.compile(r"^(?:export )?([A-Z_]+) [:?]?= (.*(?:\\\n.*)*)", re.MULTILINE)
RULE = re.compile(r"^([a-z-]+(?: [a-z-]+)*):(?!=).*((?:\n(?:\t.*|  .*))*)", re.MULTILINE)
EXPANDED = re.compile(r"\$\(([A-Z_]+)\)")
READ = re.compile(r"\$\$\{?([A-Z_]+)|\$\(([A-Z_]+)\)")
# A span of code may go on in the next line; in a block, each line is a command.
CODE = re.compile(r"```.*?```|^ {4}[^\n]*$|`[^`]+`", re.MULTILINE | re.DOTALL)
VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s`"';]+)"""
CALL = re.compile(rf"\bmake((?: +(?:[a-z][a-z-]*\b|[A-Z_]+={VALUE}))+)")


@dataclass(frozen=True)
class Makefile:
    """Targets, with the variables that each reads.

    Attributes:
        reads: of each target, the variables that its recipe reads.
    """

    reads: dict[str, frozenset[str]]

    @classmethod
    def of(cls, text: str) -> "Makefile":
        """Read a Makefile that is rendered."""
        assigned = dict(ASSIGNED.findall(text))
        shared = {name for name in assigned if re.search(rf"^(?:export )?{name} \?=", text, re.MULTILINE)}
        reads: dict[str, frozenset[str]] = {}
        for names, recipe in RULE.findall(text):
            found = recipe
            while (more := EXPANDED.sub(lambda match: assigned.get(match[1], f"$${match[1]}"), found)) != found:
                found = more
            read = frozenset(one or other for one, other in READ.findall(found))
            for name in names.split():
                reads[name] = reads.get(name, frozenset(shared)) | read
        return cls(reads)

    def __or__(self, other: "Makefile") -> "Makefile":
        """What either of both takes."""
        names = {*self.reads, *other.reads}
        return Makefile(
            {name: self.reads.get(name, frozenset()) | other.reads.get(name, frozenset()) for name in names}
        )

    def unknown(self, text: str, environment: frozenset[str] = frozenset()) -> list[str]:
        """The calls of `make` in the code of a text that name a target or a variable that is not there.

        Args:
            text: Markdown.
            environment: variables that what is called reads for itself.
        """
        found = [code.splitlines() if code[0] == " " or code[:3] == "```" else [code] for code in CODE.findall(text)]
        calls = [call for lines in found for line in lines for call in CALL.findall(" ".join(line.split()))]
        return sorted({call.strip() for call in calls if not self._takes(call, environment)})

    def _takes(self, call: str, environment: frozenset[str]) -> bool:
        variables = set(re.findall(r" ([A-Z_]+)=", call))
        targets = re.findall(r"(?<= )[a-z][a-z-]*\b", re.sub(rf"[A-Z_]+={VALUE}", "", call))
        read = frozenset[str]().union(*(self.reads.get(target, frozenset()) for target in targets))
        return set(targets) <= set(self.reads) and variables <= read | environment
