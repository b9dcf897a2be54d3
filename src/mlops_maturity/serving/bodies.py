"""Reading the bodies of requests before anything else is done for them."""

from fastapi import HTTPException
from starlette.types import Message, Receive

from mlops_maturity.serving.service import MOST_BYTES
from mlops_maturity.serving.together import BUSY, RETRY

# Of all bodies of which a part is there and a part is not.
MOST_BYTES_IN_PARTS = 64_000_000
# Whoever is refused with a part of the body unsent would else have the answer to the next request to read it with.
LAST = {"Connection": "close"}


class GoneError(Exception):
    """The client is gone, or the server has ended the connection, before the body was there."""


class Bodies:
    """The bodies that are on their way."""

    def __init__(self) -> None:
        """Begin with none."""
        self._in_parts = 0

    async def read_on(self, first: bytes, receive: Receive) -> bytes:
        """The whole body of a request whose first part is there.

        Raises:
            HTTPException: it is too large, or there is no room for it now.
            GoneError: the rest did not come.
        """
        parts, size = [first], len(first)
        self._in_parts += size
        try:
            while True:
                if size > MOST_BYTES:
                    raise HTTPException(413, f"more than {MOST_BYTES:,} bytes")
                if self._in_parts > MOST_BYTES_IN_PARTS:
                    raise HTTPException(503, BUSY, RETRY | LAST)
                message = await receive()
                parts.append(part_of(message))
                size += len(parts[-1])
                self._in_parts += len(parts[-1])
                if not message.get("more_body") and size <= MOST_BYTES:
                    return b"".join(parts)
        finally:
            self._in_parts -= size


def part_of(message: Message) -> bytes:
    """What a message has of a body.

    Raises:
        GoneError: nothing more will come.
    """
    if message["type"] == "http.disconnect":
        raise GoneError
    body: bytes = message.get("body", b"")
    return body


def replay(body: bytes, receive: Receive) -> Receive:
    """What tells the framework of a body that was read before."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(messages, None) or await receive()

    return again
