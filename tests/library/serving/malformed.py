"""Requests that nobody means well with."""

import json
import random
from typing import Any

ODD: list[Any] = [
    "",
    "é",
    "\ud800",
    "null",
    None,
    True,
    False,
    0,
    -1,
    1e308,
    -0.0,
    10**30,
    [],
    {},
    [[]],
    {"a": {}},
    "x" * 11_000,
]
ODD_BYTES = [b"", b"\xff\xfe", b"\x00", b"[" * 5_000, b'{"records": [', b"NaN", b"1e999", b'"\\ud800"', b"9" * 5_000]


def malformed(generator: random.Random, good: dict[str, Any]) -> bytes:
    """A request that is wrong in one of many ways (and now and then by chance in none)."""
    name = generator.choice(list(good))
    records: Any = [good | {name: generator.choice(ODD)}]
    body: Any = {"records": records}
    match generator.randrange(6):
        case 0:
            return generator.choice(ODD_BYTES)
        case 1:
            content = json.dumps({"records": [good]}).encode()
            return content[: generator.randrange(len(content))]
        case 2:
            changed = bytearray(json.dumps({"records": [good]}).encode())
            changed[generator.randrange(len(changed))] = generator.randrange(256)
            return bytes(changed)
        case 3:
            body = generator.choice(ODD)
        case 4:
            body = {"records": generator.choice(ODD)}
        case _:
            pass
    return json.dumps(body).encode()
