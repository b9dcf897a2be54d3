"""The monitoring command: read the log, judge data and performance, tell people and machines."""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.monitoring.drift import PREDICTION, drift_of_window
from mlops_maturity.monitoring.findings import DataWindow, Findings, LossWindow, state, told
from mlops_maturity.monitoring.log_reader import LogReader, UnreadableError
from mlops_maturity.monitoring.performance import performance
from mlops_maturity.monitoring.profile import Profile, Reference, load_reference
from mlops_maturity.monitoring.windows import Trigger, fires
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_json
from mlops_maturity.project.params import Monitoring
from mlops_maturity.project.paths import ARTEFACT, MONITORING, MONITORING_PAGE
from mlops_maturity.serving.log_tables import DEFAULT, VARIABLE


def run(log: str | None = None, model: Path = ARTEFACT) -> bool:
    """Write the page and the verdict, and say what it is. Whatever it is, that is no error.

    Args:
        log: URL of the prediction log; without one, $PREDICTION_LOG or the file that the service writes by default.
        model: the packaged model.

    Returns:
        Whether there is a page: there may be no model yet.

    Raises:
        ProjectError: the model is damaged, or its reference is missing.
    """
    from mlops_maturity.monitoring import page  # matplotlib

    if is_missing(model):
        return False
    bounds = settings.load().monitoring
    predictor, reference = load(model)
    found = examine(url_of(log), predictor, reference, bounds)
    write_json(MONITORING, told(found, bounds))
    page.write(found, predictor, reference)
    say(found)
    return True


def is_missing(model: Path) -> bool:
    """Whether there is no model to compare with, which is said, and leaves no verdict of another day behind."""
    if model.exists():
        return False
    MONITORING.unlink(missing_ok=True)
    print(f"not exercised: there is no {model} to compare live data with; `make run` makes one")
    return True


def load(model: Path) -> tuple[Predictor, Reference]:
    """A packaged model and its reference.

    Raises:
        ProjectError: the model is damaged, or its reference is missing.
    """
    predictor, reference = Predictor.load(model), load_reference(model)
    if reference.model_sha256 != predictor.manifest["model"]["sha256"]:
        raise ProjectError(f"{model}: its reference is of another model; run `make run` again")
    return predictor, reference


def url_of(log: str | None) -> str:
    """The URL of the prediction log: the one that is named, $PREDICTION_LOG, or where the service writes by default."""
    return log or os.environ.get(VARIABLE) or DEFAULT


def say(found: Findings) -> None:
    """Tell people the verdicts."""
    for name, trigger in found.triggers.items():
        print(f"{name}: {state(trigger)}: {trigger.reason}")
    print(f"wrote {MONITORING_PAGE} and {MONITORING}")


@contextmanager
def _no_collection() -> Iterator[None]:
    """Leave the garbage collector off: it would look at each of a million rows, again and again, and find nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_no_collection()
def examine(url: str, predictor: Predictor, reference: Reference, bounds: Monitoring) -> Findings:
    """Read a prediction log and judge it.

    Args:
        url: of the log.
        predictor: the model whose predictions are judged.
        reference: of that model.
        bounds: of params.yaml.
    """
    try:
        log = LogReader(url, predictor)
        data, newest, rows = _data_windows(log, reference, bounds)
        loss, labelled = _loss_windows(log, predictor, reference, bounds)
        last = log.newest_version()
    except UnreadableError as error:
        nothing = Trigger(fires=False, exercised=False, reason=str(error))
        return Findings("", predictor.version, (), (), {}, {"drift": nothing, "degraded": nothing})
    hint = "" if last in (None, predictor.version) else f"; the newest are of {last}"
    return Findings(
        log.name,
        predictor.version,
        data,
        loss,
        newest,
        {
            "drift": _drift_trigger(data, f"{rows:,} predictions of model {predictor.version}{hint}", bounds),
            "degraded": _loss_trigger(
                loss, f"{labelled:,} labelled predictions of model {predictor.version}{hint}", bounds
            ),
        },
    )


def _data_windows(
    log: LogReader, reference: Reference, bounds: Monitoring
) -> tuple[list[DataWindow], dict[str, Profile], int]:
    """Complete windows, the newest last; the columns of the newest; and how many predictions were read."""
    found: list[DataWindow] = []
    newest: dict[str, Profile] = {}
    rows = 0
    for window in log.answered(bounds.window, bounds.windows):
        rows += len(window.frame)
        if len(window.frame) == bounds.window:
            drifts = drift_of_window(window.frame, window.answers, reference, bounds)
            found.append(DataWindow(window.begin, window.end, len(window.frame), drifts))
            if len(found) == 1:
                profiles = reference.columns.items()
                newest = {name: Profile.of(window.frame[name], profile.kind) for name, profile in profiles}
                newest[PREDICTION] = Profile.of(window.answers, reference.prediction.kind)
    return found[::-1], newest, rows


def _loss_windows(
    log: LogReader, predictor: Predictor, reference: Reference, bounds: Monitoring
) -> tuple[list[LossWindow], int]:
    """Windows of labelled predictions, the newest last, and how many labels there are.

    Labels come later than predictions, and for some only: the newest ones there are make as many windows as there are
    windows of predictions, smaller ones if they must be.
    """
    labelled = log.count_labelled(bounds.window * bounds.windows)
    size = labelled // bounds.windows
    if size < bounds.fewest_labels:
        return [], labelled
    found = [
        LossWindow(
            window.begin,
            window.end,
            performance(predictor.task, window.target, window.predicted, reference.loss, bounds),
        )
        for window in log.labelled(size, bounds.windows)
        if len(window.target) >= bounds.fewest_labels
    ]
    return found[::-1], labelled


def _drift_trigger(data: Sequence[DataWindow], there_are: str, bounds: Monitoring) -> Trigger:
    if len(data) < bounds.violating:
        needed = bounds.window * bounds.violating
        return Trigger(False, False, f"{needed:,} predictions are required, and there are {there_are}; wait for more")
    newest = data[-1].drifts[0]
    return _trigger(
        [window.violates for window in data],
        f"windows of {bounds.window:,} predictions have drifted",
        f"{'furthest' if newest.violates else 'nearest to its bound'}: {newest}",
        bounds,
    )


def _loss_trigger(loss: Sequence[LossWindow], there_are: str, bounds: Monitoring) -> Trigger:
    if len(loss) < bounds.violating:
        needed = bounds.fewest_labels * bounds.windows
        reason = f"{needed:,} labels are required, and there are {there_are}; send the true values to POST /labels"
        return Trigger(False, False, reason)
    newest = loss[-1].performance
    return _trigger(
        [window.violates for window in loss],
        f"windows of {newest.rows:,} labelled predictions have degraded",
        str(newest),
        bounds,
    )


def _trigger(violations: Sequence[bool], what: str, newest: str, bounds: Monitoring) -> Trigger:
    fired = fires(violations, bounds.windows, bounds.violating)
    rule = "" if fired else f" ({bounds.violating} are needed, and the newest)"
    reason = f"{sum(violations)} of the last {len(violations)} {what}{rule}; in the newest, {newest}"
    return Trigger(fired, True, reason)
