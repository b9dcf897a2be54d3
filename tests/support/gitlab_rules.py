"""GitLab's conditions, `$BRANCH == "main" && $EVENT =~ /^(a|b)$/`, as far as the emitted pipelines have them."""

import re
from collections.abc import Callable, Mapping

TOKEN = re.compile(
    r"""\s*(?: \$(?P<name>\w+) | "(?P<text>[^"]*)" | /(?P<pattern>[^/]+)/ | (?P<sign>==|!=|=~|!~|&&|\|\||[()]) )\s*""",
    re.VERBOSE,
)
COMPARE: dict[str, Callable[[str, str], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "=~": lambda left, right: bool(re.search(right, left)),
    "!~": lambda left, right: not re.search(right, left),
}


def holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Whether a condition is met.

    Args:
        condition: as it stands in a rule.
        variables: what the pipeline knows; one that is not there is empty.

    Raises:
        ValueError: GitLab would not understand the condition.
    """
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(condition):
        token = TOKEN.match(condition, at)
        if token is None or token.lastgroup is None:
            raise ValueError(f"{condition!r} cannot be read from {condition[at:]!r} on")
        tokens.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    result = _either(tokens, variables)
    if tokens:
        raise ValueError(f"{condition!r} does not end before {tokens[0][1]!r}")
    return result


def _either(tokens: list[tuple[str, str]], variables: Mapping[str, str]) -> bool:
    result = _both(tokens, variables)
    while _next_is(tokens, "||"):
        # Both sides are read, whatever the first one is.
        result = _both(tokens, variables) or result
    return result


def _both(tokens: list[tuple[str, str]], variables: Mapping[str, str]) -> bool:
    result = _single(tokens, variables)
    while _next_is(tokens, "&&"):
        result = _single(tokens, variables) and result
    return result


def _single(tokens: list[tuple[str, str]], variables: Mapping[str, str]) -> bool:
    if _next_is(tokens, "("):
        result = _either(tokens, variables)
        if not _next_is(tokens, ")"):
            raise ValueError("a bracket is not closed")
        return result
    left = _value(tokens, variables)
    for sign, compare in COMPARE.items():
        if _next_is(tokens, sign):
            return compare(left, _value(tokens, variables))
    return bool(left)


def _value(tokens: list[tuple[str, str]], variables: Mapping[str, str]) -> str:
    kind, text = tokens.pop(0) if tokens else ("sign", "nothing")
    if kind == "sign":
        raise ValueError(f"{text!r} stands where a value is wanted")
    return variables.get(text, "") if kind == "name" else text


def _next_is(tokens: list[tuple[str, str]], sign: str) -> bool:
    if tokens[:1] != [("sign", sign)]:
        return False
    del tokens[0]
    return True
