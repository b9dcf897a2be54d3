"""Ask a service at an even pace, and print the latencies: from when a request was due, so that no wait is left out."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

CONNECTIONS = 32


class Connection(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self, free: "asyncio.Queue[Connection]", latencies: list[float], wrong: list[bytes]) -> None:
        self.free, self.latencies, self.wrong = free, latencies, wrong
        self.due = 0.0
        self.answer = b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for a request."""
        self.transport = transport
        self.free.put_nowait(self)

    def ask(self, request: bytes, due: float) -> None:
        """Send a request."""
        self.due, self.answer = due, b""
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take what came of the answer, and note the time if it is whole."""
        self.answer += data
        head, _, body = self.answer.partition(b"\r\n\r\n")
        length = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        if length and len(body) >= int(length[0]):
            self.latencies.append(time.perf_counter() - self.due)
            if b" 200 " not in head[:15]:
                self.wrong.append(head)
            self.free.put_nowait(self)


async def main(port: int, path: str, body: bytes, rate: float, seconds: float) -> None:
    """Ask so often for so long."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    latencies: list[float] = []
    wrong: list[bytes] = []
    for _ in range(CONNECTIONS):
        await asyncio.get_running_loop().create_connection(
            lambda: Connection(free, latencies, wrong), "127.0.0.1", port
        )
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    request = f"{head}\r\n\r\n".encode() + body
    start, count = time.perf_counter(), int(rate * seconds)
    for number in range(count):
        due = start + number / rate
        while (wait := due - time.perf_counter()) > 0:
            # A timer is late by up to a millisecond: what is due sooner is waited for awake.
            await asyncio.sleep(wait - 0.001 if wait > 0.001 else 0)
        (await free.get()).ask(request, due)
    while len(latencies) < count:
        await asyncio.sleep(0.01)
    latencies.sort()
    print(json.dumps({"p50": latencies[count // 2], "p99": latencies[int(count * 0.99)], "wrong": len(wrong)}))


if __name__ == "__main__":
    port, path, file, rate, seconds = sys.argv[1:]
    uvloop.run(main(int(port), path, Path(file).read_bytes(), float(rate), float(seconds)))
