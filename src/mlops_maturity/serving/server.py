"""Running the prediction service on this machine."""

import asyncio
import ctypes
import os
import resource
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.connections import MOST_CONNECTIONS, Connection, State
from mlops_maturity.serving.service import create_app

# Of each, the requests that are under way and the log; with the time to drain, Kubernetes waits for 30 in all.
SECONDS_TO_END = 10
# New requests come for so long after SIGTERM: until whoever sends them knows.
SECONDS_TO_DRAIN = 3
# Connections that are being made when new ones are refused are made in this time.
SECONDS_OF_A_HANDSHAKE = 0.1
BACKLOG = 2048
# Files that are no connections: of the log, of libraries.
OTHER_FILES = 128
# Of Linux; Python has no name for it.
SO_ATTACH_FILTER = 26
FILES = resource.RLIMIT_NOFILE


def run(model: Path, host: str, port: int) -> None:
    """Answer with a packaged model until the process is told to end.

    Raises:
        ProjectError: the model is missing or damaged, or the address is not to be had.
    """
    app = create_app(opened(model))
    Server(app).run(sockets=[listen(host, port)])


class Server(uvicorn.Server):
    """Runs an application, holds its clients to limits, and ends without a request that gets no answer."""

    server_state: State

    def __init__(self, app: Any) -> None:
        """Prepare to run an ASGI application."""
        super().__init__(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                # What a proxy takes off the paths before requests come here; the page /docs must know it.
                root_path=os.environ.get("ROOT_PATH", ""),
                log_level="warning",
                access_log=False,
                # Nobody asks where a client is, or what answers it: each would cost a little of every request.
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=SECONDS_TO_END,
            )
        )
        self.server_state = State(connections_at_most())
        self._drains = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note that the process is told to end; only a person at the terminal does not want to wait."""
        self._drains = sig == signal.SIGTERM
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Hold the clients to their time."""
        await self.server_state.expire()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, after the requests that are there or on their way."""
        if self._drains and sockets:
            await self._drain(sockets)
        await super().shutdown(sockets)

    async def _drain(self, sockets: list[socket.socket]) -> None:
        """Answer, and close each connection with its next answer; no connection that the system accepted is dropped."""
        self.server_state.end()
        await self._while_connected(SECONDS_TO_DRAIN)
        for each in sockets:
            refuse_new(each)
        await asyncio.sleep(SECONDS_OF_A_HANDSHAKE)
        # A copy of each socket is open while the server's own is closed, or the system would reset what it holds ready.
        copies = [each.dup() for each in sockets]
        for server in self.servers:
            server.close()
        for copy in copies:
            await self._accept_rest(copy)
            copy.close()
        await self._while_connected(SECONDS_TO_DRAIN)

    async def _accept_rest(self, listening: socket.socket) -> None:
        listening.setblocking(False)
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = listening.accept()
            except BlockingIOError:
                return
            await loop.connect_accepted_socket(
                lambda: Connection(self.config, self.server_state, self.lifespan.state), accepted
            )

    async def _while_connected(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.server_state.connections and time.monotonic() < until:
            await asyncio.sleep(0.05)
            await self.server_state.expire()


def refuse_new(listening: socket.socket) -> None:
    """Let a socket, which goes on to listen, take no new connections, as far as the system can: Linux can.

    To close it at once would reset those whose last packet of three is under way. The filter drops a packet without the
    flag ACK, which is the first of a connection; the client sends it again, and finds the socket closed.
    """
    load_flags, is_acknowledged, take, drop = (
        (0x30, 0, 0, 13),
        (0x45, 0, 1, 0x10),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    )
    program = b"".join(struct.pack("HBBI", *step) for step in (load_flags, is_acknowledged, take, drop))
    held = ctypes.create_string_buffer(program)
    if sys.platform != "linux":
        return
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 4, ctypes.addressof(held)))


def connections_at_most() -> int:
    """How many connections this process may have; each takes an open file, of which the system may allow only few."""
    wanted = MOST_CONNECTIONS + OTHER_FILES
    now, most = (limit if limit != resource.RLIM_INFINITY else wanted for limit in resource.getrlimit(FILES))
    if now < wanted:
        now = min(wanted, most)
        resource.setrlimit(FILES, (now, resource.getrlimit(FILES)[1]))
    return min(wanted, now) - OTHER_FILES


def opened(model: Path) -> Predictor:
    """A packaged model that is ready to answer.

    Raises:
        ProjectError: it is missing or damaged, or the features at hand are not those that it was trained with.
    """
    predictor = Predictor.load(model)
    predictor.own_features  # noqa: B018 - now, and not at the first request
    return predictor


def listen(host: str, port: int) -> socket.socket:
    """Take an address, and tell people where it is.

    Raises:
        ProjectError: the address is not to be had.
    """
    try:
        listening = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ProjectError(f"{host}:{port} is not to be had ({error.strerror}); choose another with --port") from None
    # Port 0 asks for any that is free.
    print(f"try it: http://{host}:{listening.getsockname()[1]}/docs", flush=True)
    return listening
