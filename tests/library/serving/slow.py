"""Many clients that connect and do little more, or nothing, until the server ends them; then they come again."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

HEAD = b"POST /predict HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
# What each of them sends: at once, and then a byte of it every second.
BEGINNINGS = (
    (b"", b""),
    (b"POST /predict HT", b""),
    (HEAD, b"x"),
    (HEAD + b"Content-Length: 1000\r\n\r\n", b""),
    (HEAD + b"Content-Length: 1000\r\n\r\n{", b" "),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b""),
)
SECOND = 1.0


@contextmanager
def slow_clients(port: int, count: int) -> Iterator[list[int]]:
    """Keep so many connections to a port of this machine open; yields a list whose length says how many were ended."""
    ended: list[int] = []
    over = threading.Event()
    thread = threading.Thread(target=_keep, args=(port, count, ended, over))
    thread.start()
    try:
        yield ended
    finally:
        over.set()
        thread.join(30)


def _keep(port: int, count: int, ended: list[int], over: threading.Event) -> None:
    beginnings = cycle(BEGINNINGS)
    drops: dict[socket.socket, bytes] = {}
    with selectors.DefaultSelector() as selector:
        while not over.wait(0 if len(drops) < count else SECOND):
            # Not all in one moment: 50 at a time, as a system under attack would see them.
            for _ in range(min(50, count - len(drops))):
                sent, drop = next(beginnings)
                connection = socket.create_connection(("127.0.0.1", port), timeout=20)
                connection.sendall(sent)
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ)
                drops[connection] = drop
            if len(drops) == count:
                for connection, drop in drops.items():
                    _send(connection, drop)
            for key, _ in selector.select(0.01):
                assert isinstance(key.fileobj, socket.socket)
                selector.unregister(key.fileobj)
                del drops[key.fileobj]
                key.fileobj.close()
                ended.append(1)
    for connection in drops:
        connection.close()


def _send(connection: socket.socket, drop: bytes) -> None:
    try:
        connection.sendall(drop)
    except OSError:
        return  # ended by the server just now: the next look finds it
