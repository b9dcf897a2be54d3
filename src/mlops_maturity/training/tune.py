"""The tuning command: find better settings for the model of params.yaml and write them there.

It sees the train set only: validation and test set stay what they are for.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import loguniform, uniform
from sklearn.model_selection import ParameterSampler

from mlops_maturity.data import schema as schemas
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.splitting import folds
from mlops_maturity.data.targets import Target
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import existing, replacing
from mlops_maturity.project.params import Choice, Params, Range
from mlops_maturity.project.paths import PARAMS, TRAIN, TUNING
from mlops_maturity.training import models, yaml_edit
from mlops_maturity.training.cluster import workers
from mlops_maturity.training.halving import Settings, Study, plan, search

FEWEST_ROWS = 10


def run() -> None:
    """Write reports/tuning.csv and, if they are better than the current ones, the best settings into params.yaml.

    Raises:
        ProjectError: the train set is missing, the space is wrong, or the cluster cannot be used.
    """
    params = settings.load()
    candidates = draw(params)
    table = tune(pd.read_parquet(existing(TRAIN, "make data")), schemas.load(), params, candidates)
    with replacing(TUNING) as temporary:
        table.to_csv(temporary, index=False)
    print(f"wrote {TUNING}")
    best, today = table.iloc[0], table[table["candidate"] == 0].iloc[0]
    before, after = (chosen(candidates[number], params) for number in (0, int(best["candidate"])))
    if before == after:
        print(f"{PARAMS} stays as it is: no other settings have a smaller loss than its own, {today['loss']:.4g}")
        return
    section = ".".join(_section(params))
    changed = {f"{section}.{name}": value for name, value in after.items() if value != before[name]}
    yaml_edit.put(PARAMS, changed)
    print(f"wrote {PARAMS}: loss {today['loss']:.4g} with the settings before, {best['loss']:.4g} with these")
    for path, value in changed.items():
        print(f"  {path}: {before[path.rpartition('.')[2]]} -> {value}")
    print("`make run` comes next: it trains with them and holds the model to its gates")


def tune(train: pd.DataFrame, schema: Schema, params: Params, candidates: tuple[Settings, ...]) -> pd.DataFrame:
    """Compare settings by cross-validation on the train set.

    Args:
        train: rows that fit the schema.
        schema: of the whole table.
        params: the project's settings.
        candidates: the settings to compare, the current ones first.

    Returns:
        The candidates, best first: what `halving.search` tells of each, and its settings.

    Raises:
        ProjectError: there are too few rows or groups for so many folds, or the cluster cannot be used.
    """
    parts = _folds(train, params)
    target = Target.of(train[params.data.target], schema, params)
    features = Features.of(schema, params)
    estimators = tuple(
        models.build("model", params.model_copy(update={"model": settings}), features) for settings in candidates
    )
    told = tuple(chosen(settings, params) for settings in candidates)
    study = Study(params, len(target.classes), estimators, told)
    by = train[params.split.by].to_numpy() if params.split.method in ("group", "time") else None
    rungs = plan(study, parts)
    with workers() as where:
        steps = ", then ".join(f"{count} candidates on {rows:,} rows" for count, rows in rungs)
        print(f"tuning {'.'.join(_section(params))} {where}, {len(parts)} folds: {steps}", flush=True)
        values = target.encode(train[params.data.target])
        table = search(study, features.of_frame(train), values, by, parts)
    return table.join(pd.DataFrame(told), on="candidate")


def draw(params: Params) -> tuple[Settings, ...]:
    """The current settings, and others from the space until there are as many as params.yaml asks for.

    Raises:
        ProjectError: the space has nothing for the model, or what the model does not take.
    """
    if not params.is_complete:
        raise ProjectError(f"{PARAMS} still has nulls; run `make data` first")
    kind, tuning = params.model.get("kind", "model"), params.tune
    space = tuning.space.get(kind)
    if not space:
        raise ProjectError(f"{PARAMS}: tune.space declares nothing for {kind}; say which of its settings may change")
    known = chosen(params.model, params)
    for name in space:
        if name not in known:
            raise ProjectError(
                f"{PARAMS}: tune.space.{kind}: {name!r} is no setting of {'.'.join(_section(params))}; "
                f"{', '.join(known)} are"
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a space that has fewer
        drawn = list(
            ParameterSampler(
                {name: _distribution(choice) for name, choice in space.items()},
                tuning.candidates - 1,
                random_state=tuning.seed,
            )
        )
    whole = {name: isinstance(known[name], int) for name in space}
    others = [{name: _tidy(value, space[name], whole[name]) for name, value in one.items()} for one in drawn]
    found = [params.model, *(_with(params, values) for values in others)]
    return tuple(settings for number, settings in enumerate(found) if settings not in found[:number])


def chosen(candidate: Settings, params: Params) -> Settings:
    """The settings that may be tuned: of the kind of model that is trained, or the whole section."""
    values: Settings = candidate
    for name in _section(params)[1:]:
        values = values[name]
    return {name: value for name, value in values.items() if not isinstance(value, (dict, list))}


def _section(params: Params) -> list[str]:
    """Where in params.yaml these settings are."""
    kind = params.model.get("kind")
    return ["model", kind] if isinstance(kind, str) and isinstance(params.model.get(kind), dict) else ["model"]


def _with(params: Params, values: Mapping[str, float]) -> Settings:
    section = ".".join(_section(params))
    return params.changed(**{f"{section}.{name}": value for name, value in values.items()}).model


def _distribution(choice: Choice) -> Any:
    """A list, or what scikit-learn can draw from."""
    if not isinstance(choice, Range):
        return choice
    return loguniform(choice.low, choice.high) if choice.log else uniform(choice.low, choice.high - choice.low)


def _tidy(value: float, choice: Choice, whole: bool) -> float:
    """A drawn number with as many digits as a person writes; whole where the setting is."""
    if not isinstance(choice, Range):
        return value
    return min(max(round(value) if whole else float(f"{value:.3g}"), choice.low), choice.high)


def _folds(train: pd.DataFrame, params: Params) -> list[tuple[np.ndarray, np.ndarray]]:
    count = params.tune.folds
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of classes with fewer rows than folds
            parts = list(folds(train, params.data.target, params.split, count))
    except ValueError as error:
        raise ProjectError(f"{PARAMS}: tune.folds: {error}") from None
    if (fewest := min(len(learn) for learn, _ in parts)) < FEWEST_ROWS:
        raise ProjectError(f"{PARAMS}: tune.folds: {count} folds leave {fewest} rows to learn from; ask for fewer")
    return parts
