"""What one client may take of the server: so much time and so many bytes, from the first byte on.

A connection is either the server's to work on, or it is its client's turn: to send a whole request, or to take an
answer. A turn is limited in time, and so is what the server keeps in memory meanwhile. Limits on the body of a request
are the application's, because only there it is known what a body is for; what is beside it (the head, the frames of
chunks, trailers) is limited here.
"""

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

SECONDS_OF_A_TURN = 10
MOST_CONNECTIONS = 10_000
# Connections whose client leaves more than 64 kB of answers unread.
MOST_UNREAD = 256
MOST_HEADERS = 100
MOST_BYTES_BESIDE = 32_768
# Connections that are ended before anything else is done: thousands may run out of time in one moment.
MOST_AT_ONCE = 20
# Of a body that was refused already, so many are read, in order that its client reads the answer and not an error.
MOST_BYTES_OF_A_BODY = 10_000_000
# Requests that a client sent before it had an answer to the first.
MOST_AHEAD = 32
TOO_LARGE = (431, "The head of the request is too large.")


class Turns:
    """The connections whose client is to act, the one that began to wait first before the others."""

    def __init__(self, most: int) -> None:
        """Begin with none; with more than `most`, the one that waits longest is ended."""
        self._most = most
        self._ends: dict[Connection, float] = {}

    def begin(self, connection: "Connection") -> None:
        """A client's turn begins, or begins again."""
        self._ends.pop(connection, None)
        self._ends[connection] = time.monotonic() + SECONDS_OF_A_TURN
        if len(self._ends) > self._most:
            self._end_first()

    def goes_on(self, connection: "Connection") -> bool:
        """Whether it is a client's turn."""
        return connection in self._ends

    def end(self, connection: "Connection") -> None:
        """The client has done what it was to do, or is gone."""
        self._ends.pop(connection, None)

    def expire(self) -> bool:
        """End connections whose client's time is over, and return whether there are more of them."""
        now = time.monotonic()
        for _ in range(MOST_AT_ONCE):
            if not self._ends or next(iter(self._ends.values())) >= now:
                return False
            self._end_first()
        return True

    def _end_first(self) -> None:
        connection = next(iter(self._ends))
        del self._ends[connection]
        connection.expire()


class State(ServerState):
    """What the connections of a server share.

    Attributes:
        requests: the connections that are to send a request, or to take the rest of an answer.
        answers: the connections that leave so much of an answer unread that the next one waits.
        is_ending: whether each answer is the last one of its connection.
    """

    def __init__(self, most_connections: int = MOST_CONNECTIONS) -> None:
        """Begin with no connection."""
        super().__init__()
        self.requests = Turns(most_connections)
        self.answers = Turns(MOST_UNREAD)
        self.is_ending = False

    async def expire(self) -> None:
        """End the connections whose client's time is over; between some of them and others, requests are answered."""
        while self.requests.expire() | self.answers.expire():
            await asyncio.sleep(0)

    def end(self) -> None:
        """Close each connection with its next answer."""
        self.is_ending = True
        for connection in self.connections:
            if isinstance(connection, Connection) and connection.cycle is not None:
                connection.cycle.keep_alive = False


class Connection(HttpToolsProtocol):
    """A connection of uvicorn's, with limits."""

    server_state: State

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        """Begin to wait for the first request."""
        super().__init__(*arguments, **settings)
        # Bytes of the request that is coming: all of them, and those of its body.
        self._size = self._body_size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The client is to send its first request."""
        super().connection_made(transport)
        self.server_state.requests.begin(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody waits for the client any more."""
        super().connection_lost(exc)
        self.server_state.requests.end(self)
        self.server_state.answers.end(self)

    def data_received(self, data: bytes) -> None:
        """Count what comes of a request; its first byte begins the time in which it is to be complete."""
        first = not self._size
        self._size += len(data)
        super().data_received(data)
        if not self._size:
            return
        # Part of a next request may have come with the end of the one before.
        if first or not self.server_state.requests.goes_on(self):
            self.server_state.requests.begin(self)
        if self._body_size > MOST_BYTES_OF_A_BODY:
            self.transport.abort()
        elif self._is_too_large and not self.transport.is_closing():
            self._refuse(*TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request, of which not every byte may have been counted."""
        super().on_message_begin()
        self._size += 1

    def on_headers_complete(self) -> None:
        """Begin to answer, or put it behind the requests before it, if there are not too many."""
        if len(self.headers) > MOST_HEADERS or len(self.pipeline) >= MOST_AHEAD:
            raise ValueError
        super().on_headers_complete()
        if self.server_state.is_ending:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Count it, too."""
        self._body_size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete: it is the server's turn."""
        super().on_message_complete()
        self._size = self._body_size = 0
        self.server_state.requests.end(self)

    def on_response_complete(self) -> None:
        """The client is to take the answer, or to send the next request."""
        self.server_state.requests.begin(self)
        super().on_response_complete()

    @property
    def _is_too_large(self) -> bool:
        return self._size - self._body_size > MOST_BYTES_BESIDE or len(self.headers or ()) > MOST_HEADERS

    def pause_writing(self) -> None:
        """The client is to read."""
        super().pause_writing()
        self.server_state.answers.begin(self)

    def resume_writing(self) -> None:
        """The client has read."""
        super().resume_writing()
        self.server_state.answers.end(self)

    def expire(self) -> None:
        """End the connection, with a word to a client of whose request something came."""
        if self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()
        elif self._size and (self.cycle is None or self.cycle.response_complete or not self.cycle.response_started):
            self._refuse(408, "The request did not come in time.")
        elif self.cycle is None or self.cycle.response_complete:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser refuses, be it by a limit of this class."""
        self._refuse(*TOO_LARGE) if self._is_too_large else self._refuse(400, msg)

    def _refuse(self, status: int, reason: str) -> None:
        head = [STATUS_LINE[status], b"content-type: text/plain; charset=utf-8\r\n", b"connection: close\r\n"]
        self.transport.write(b"".join([*head, b"content-length: %d\r\n\r\n" % len(reason), reason.encode()]))
        self.transport.close()
