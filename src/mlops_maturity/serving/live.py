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
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse
from msgspec.structs import astuple
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.serving.bodies import Bodies, GoneError, part_of, replay
from mlops_maturity.serving.fast import reader
from mlops_maturity.serving.log import PredictionLog
from mlops_maturity.serving.log_tables import DEFAULT, VARIABLE
from mlops_maturity.serving.routes import ENDING, add_routes
from mlops_maturity.serving.server import SECONDS_TO_END, Server, listen, opened
from mlops_maturity.serving.service import MOST_BYTES, create_app
from mlops_maturity.serving.telemetry import Telemetry
from mlops_maturity.serving.together import BUSY, RETRY, Together

# Requests that are under way, from when their body is there until their answer is. At ten thousand a second, the last
# of them waits for a twentieth of a second.
MOST_UNDER_WAY = 512
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
    server = Server(app)
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
        self._is_ending = is_ending
        self._bodies = Bodies()
        self._under_way = 0
        self._telemetry = Telemetry(predictor, log)
        self._framework = create_app(predictor, self._answer_checked, self._lifespan)
        add_routes(self._framework, predictor, log, self._telemetry, self._obstacle)
        self._routes = {getattr(route, "path", "") for route in self._framework.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and count it."""
        if scope["type"] != "http":
            await self._framework(scope, receive, send)
            return
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        route = path if path in self._routes else "other"
        answer: ASGIApp = self._framework
        if scope["method"] == "POST":
            try:
                message = await receive()
                body = part_of(message)
                if message.get("more_body") or len(body) > MOST_BYTES:
                    body = await self._bodies.read_on(body, receive)
            except GoneError:
                self._telemetry.answered(route, 408, 0)
                return
            except HTTPException as error:
                answer = response_of(error)
            else:
                if self._is_busy:
                    answer = response_of(HTTPException(503, BUSY, RETRY))
                elif path == "/predict":
                    answer = partial(self._predict, body)
                else:
                    receive = replay(body, receive)
        # How long a client takes to send its request, and to read the answer, is its own affair.
        started, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if not status:
                status = message["status"]
                self._under_way -= 1
            await send(message)

        self._under_way += 1
        try:
            await answer(scope, receive, watched)
        finally:
            if not status:
                self._under_way -= 1
            self._telemetry.answered(route, status or 500, time.perf_counter() - started)

    @property
    def _is_busy(self) -> bool:
        return self._under_way >= MOST_UNDER_WAY

    def _obstacle(self) -> str | None:
        if self._is_ending():
            return ENDING
        return BUSY if self._is_busy else None

    async def _predict(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if self._read is None or not is_json(scope):
                raise ValueError
            records = self._read(body)
        except (ValueError, RecursionError):
            await self._framework(scope, replay(body, receive), send)
            return
        try:
            content = await self._answer([astuple(record) for record in records], records)
        except HTTPException as error:
            await response_of(error)(scope, receive, send)
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


def is_json(scope: Scope) -> bool:
    """Whether a body is said to be JSON; any other, a page of the web can make a browser send without asking."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            return bool(value.startswith(b"application/json"))
    return False


def response_of(error: HTTPException) -> Response:
    """What answers a request that is refused."""
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
