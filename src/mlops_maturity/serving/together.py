"""Answering together what was asked together.

For one record, most of the time goes into calls and not into arithmetic: of NumPy, of the model, of the log. Requests
that arrive in the same turn of the event loop share one of each. One that is alone waits for nobody.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import HTTPException

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.serving.log import Entry, PredictionLog
from mlops_maturity.serving.service import MOST_RECORDS

SECONDS_FOR_A_COMMIT = 5
BUSY = "too much to do; try again"
RETRY = {"Retry-After": "1"}

Answers = Sequence[Mapping[str, Any]]


class Asked(NamedTuple):
    """The records of one request, and who waits for the answers."""

    rows: Sequence[Sequence[Any]]
    records: Sequence[Any]
    answers: "asyncio.Future[tuple[Answers, asyncio.Future[None] | None]]"


class Together:
    """Predicts and logs."""

    def __init__(self, predictor: Predictor, log: PredictionLog) -> None:
        self._predictor = predictor
        self._log = log
        self._asked: list[Asked] = []
        self._count = 0

    async def answer(self, rows: Sequence[Sequence[Any]], records: Sequence[Any]) -> Answers:
        """The answers to the records of one request, each with its id, once they are where an answer must be.

        Args:
            rows: the values of each record in the order of the features' columns.
            records: the same as something that becomes a JSON object.

        Raises:
            HTTPException: too many predictions wait for the log.
        """
        if self._log.is_full:
            raise HTTPException(503, BUSY, RETRY)
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._answer_all)
        asked = Asked(rows, records, loop.create_future())
        self._asked.append(asked)
        self._count += len(rows)
        if self._count >= MOST_RECORDS:
            self._answer_all()
        answers, committed = await asked.answers
        if committed is not None:
            await asyncio.wait([committed], timeout=SECONDS_FOR_A_COMMIT)
            if not committed.done():
                raise HTTPException(503, BUSY, RETRY)
        return answers

    def _answer_all(self) -> None:
        asked, self._asked, self._count = self._asked, [], 0
        try:
            self._answer_some(asked)
        except Exception:
            # Whatever one of them did, the others are not to suffer from it.
            for one in asked:
                try:
                    self._answer_some([one])
                except Exception as error:
                    if not one.answers.done():
                        one.answers.set_exception(error)

    def _answer_some(self, asked: Sequence[Asked]) -> None:
        if not asked:
            return
        rows = [row for one in asked for row in one.rows]
        answers = self._predictor.answers(self._predictor.of_rows(rows))
        ids = self._log.new_ids(len(rows))
        records = [record for one in asked for record in one.records]
        committed = self._log.put(Entry(ids, time.time(), self._predictor.version, records, answers))
        named = [{"id": name, **answer} for name, answer in zip(ids, answers, strict=True)]
        start = 0
        for one in asked:
            end = start + len(one.rows)
            if not one.answers.done():
                one.answers.set_result((named[start:end], committed))
            start = end
