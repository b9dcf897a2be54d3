"""The service as it runs in production: answered at speed, every answer logged, all of it measured.

It is the application that runs without a log, too, under a thin layer that answers POST /predict itself: for one
record, most of the time would be the web framework's. What the layer cannot read goes to the framework, which answers
it or says what is wrong.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse
from msgspec.structs import astuple
from starlette.types import Message, Receive, Scope, Send

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.fast import reader
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.log_tables import DEFAULT, VARIABLE
from mlops_maturity.serving.routes import add_routes
from mlops_maturity.serving.server import listen, opened
from mlops_maturity.serving.service import MOST_BYTES, create_app
from mlops_maturity.serving.telemetry import Telemetry
from mlops_maturity.serving.together import BUSY, RETRY, Together

# Requests that may be under way. At ten thousand a second, the last of them waits for a twentieth of a second.
MOST_UNDER_WAY = 512
SECONDS_FOR_A_BODY = 10
# Of each, the requests that are under way and the log; Kubernetes waits for 30 in all.
SECONDS_TO_END = 10
# Two threads take turns this often, so that writing the log does not hold up an answer. Python's own is 0.005.
SECONDS_OF_A_TURN = 0.0005

JSON = "application/json"
encode = msgspec.json.Encoder().encode


def run(model: Path, host: str, port: int) -> None:
    """Answer with a packaged model until the process is told to end; then finish what was begun, and write the log.

    Raises:
        ProjectError: the model is missing or damaged, the address or the log cannot be used, or the log was away at the
            end.
    """
    predictor = opened(model)
    log = PredictionLog(
        os.environ.get(VARIABLE, DEFAULT), durable=os.environ.get(f"{VARIABLE}_DURABLE", "0") not in ("", "0")
    )
    app = LiveApp(predictor, log, lambda: server.should_exit)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=SECONDS_TO_END)
    )
    listening = listen(host, port)
    sys.setswitchinterval(SECONDS_OF_A_TURN)
    # The server raises the signal again when it has ended well, and that is what the exit code is to say.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run(sockets=[listening])
    finally:
        if log.dropped:
            raise ProjectError(f"the prediction log was away at the end: {log.dropped} predictions are not in it")


class LiveApp:
    """The application, for any ASGI server."""

    def __init__(self, predictor: Predictor, log: PredictionLog, is_ending: Callable[[], bool] = lambda: False) -> None:
        """Put the layer over the framework.

        Args:
            predictor: the model.
            log: takes the answers; it is closed with the application.
            is_ending: whether no new requests should come.
        """
        self._predictor = predictor
        self._columns = predictor.features.columns
        self._log = log
        self._together = Together(predictor, log)
        self._read = reader(predictor.schema, self._columns)
        self._under_way = 0
        self._telemetry = Telemetry(predictor, log)
        self._framework = create_app(predictor, self._answer_checked, self._lifespan)
        add_routes(self._framework, predictor, log, self._telemetry, is_ending)
        self._routes = {getattr(route, "path", "") for route in self._framework.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        started, status, path = time.perf_counter(), 500, scope["path"]

        async def watched(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self._under_way += 1
        try:
            if scope["method"] != "POST":
                await self._framework(scope, receive, watched)
            elif self._under_way > MOST_UNDER_WAY:
                await JSONResponse({"detail": BUSY}, 503, RETRY)(scope, receive, watched)
            elif path == "/predict":
                await self._predict(scope, receive, watched)
            else:
                await self._framework(scope, receive, watched)
        finally:
            self._under_way -= 1
            route = path if path in self._routes else "other"
            self._telemetry.answered(route, status, time.perf_counter() - started)

    async def _predict(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await read_body(receive)
            try:
                if self._read is None or not is_json(scope):
                    raise ValueError
                records = self._read(body)
            except (ValueError, RecursionError):
                await self._framework(scope, replay(body, receive), send)
                return
            content = await self._answer([astuple(record) for record in records], records)
        except HTTPException as error:
            await JSONResponse({"detail": error.detail}, error.status_code, error.headers)(scope, receive, send)
            return
        headers = [(b"content-type", JSON.encode()), (b"content-length", b"%d" % len(content))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer_checked(self, records: list[dict[str, Any]]) -> Response:
        """Answer what the framework found valid."""
        ordered = [{name: record[name] for name in self._columns} for record in records]
        content = await self._answer([tuple(record.values()) for record in ordered], ordered)
        return Response(content, media_type=JSON)

    async def _answer(self, rows: Sequence[Sequence[Any]], records: Sequence[Any]) -> bytes:
        answers = await self._together.answer(rows, records)
        self._telemetry.predicted(len(answers))
        return encode({"model_version": self._predictor.version, "predictions": answers})

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        # What is there by now stays: the garbage collector need not look at it again.
        gc.collect()
        gc.freeze()
        yield
        await asyncio.to_thread(self._log.close, SECONDS_TO_END)


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request.

    Raises:
        HTTPException: it is too large, or does not come.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        try:
            async with asyncio.timeout(SECONDS_FOR_A_BODY):
                parts, size = [body], len(body)
                while message.get("more_body") and size <= MOST_BYTES:
                    message = await receive()
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
        except TimeoutError:
            raise HTTPException(408, "the body did not come") from None
        body = b"".join(parts)
    if len(body) > MOST_BYTES:
        raise HTTPException(413, f"more than {MOST_BYTES:,} bytes")
    return body


def replay(body: bytes, receive: Receive) -> Receive:
    """What tells the framework of a body that was read before."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(messages, None) or await receive()

    return again


def is_json(scope: Scope) -> bool:
    """Whether a body is said to be JSON; any other, a page of the web can make a browser send without asking."""
    return any(name == b"content-type" and value.startswith(b"application/json") for name, value in scope["headers"])
