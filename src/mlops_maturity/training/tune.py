"""The tuning command: find better parameters for the model of params.yaml and write them there.

What may change is a parameter of the estimator that model.py builds, by scikit-learn's name for it, or one of the
settings of `model` that build() is given. It sees the train set only: validation and test set stay what they are for.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import loguniform, uniform
from sklearn.base import BaseEstimator
from sklearn.model_selection import ParameterSampler

from mlops_maturity.data import lanes
from mlops_maturity.data import schema as schemas
from mlops_maturity.data.features import Features
from mlops_maturity.data.schema import Schema
from mlops_maturity.data.splitting import folds
from mlops_maturity.data.tables import stored
from mlops_maturity.data.targets import Target
from mlops_maturity.project import params as settings
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import replacing
from mlops_maturity.project.params import Choice, Params, Range
from mlops_maturity.project.paths import PARAMS, TRAIN, TUNING
from mlops_maturity.training import models, yaml_edit
from mlops_maturity.training.choice import lane_of
from mlops_maturity.training.cluster import workers
from mlops_maturity.training.halving import Settings, Study, plan, search
from mlops_maturity.training.train import weights_of

FEWEST_ROWS = 10


def run() -> bool:
    """Write reports/tuning.csv and, if they are better than the current ones, the best settings into params.yaml.

    Returns:
        Whether params.yaml has other settings now.

    Raises:
        ProjectError: the train set is missing, the space is wrong, or the cluster cannot be used.
    """
    params, schema = settings.load(), schemas.load()
    candidates = draw(params, schema)
    table = tune(stored(TRAIN, "make data"), schema, params, candidates)
    with replacing(TUNING) as temporary:
        table.to_csv(temporary, index=False)
    print(f"wrote {TUNING}")
    best, today = table.iloc[0], table[table["candidate"] == 0].iloc[0]
    told = chosen(candidates, params, schema)
    before, after = told[0], told[int(best["candidate"])]
    if before == after:
        print(f"{PARAMS} stays as it is: no other settings have a smaller loss than its own, {today['loss']:.4g}")
        return False
    changed = {name: value for name, value in after.items() if value != before[name]}
    own = _settings(params, params.model)
    put = {f"{'.'.join(_section(params))}.{name}": value for name, value in changed.items() if name in own}
    if parameters := {name: value for name, value in changed.items() if name not in own}:
        put["model.parameters"] = (params.model["parameters"] or {}) | parameters
    yaml_edit.put(PARAMS, put)
    print(f"wrote {PARAMS}: loss {today['loss']:.4g} with what it had, {best['loss']:.4g} with this")
    for name, value in changed.items():
        print(
            f"  {'.'.join(_section(params)) if name in own else 'model.parameters'}.{name}: {before[name]} -> {value}"
        )
    return True


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
    told = chosen(candidates, params, schema)
    if len(estimators) > 1 and len({repr(estimator.get_params()) for estimator in estimators}) == 1:
        raise ProjectError(
            f"{PARAMS}: tune.space: {', '.join(_space(params))} changes nothing in the {models.name_of(estimators[0])} "
            "that build() in model.py returns; name parameters of it"
        )
    study = Study(params, len(target.classes), estimators, told)
    extra = {"by": train[params.split.by].to_numpy()} if params.split.method in ("group", "time") else {}
    if weights := weights_of(train, params):
        extra["weights"] = weights[0]
    rungs = plan(study, parts)
    with workers() as where:
        steps = ", then ".join(f"{count} candidates on {rows:,} rows" for count, rows in rungs)
        print(f"tuning {models.name_of(estimators[0])} {where}, {len(parts)} folds: {steps}", flush=True)
        values = target.encode(train[params.data.target])
        inputs = lanes.of_table(features, lane_of(estimators[0], params), train)
        table = search(study, inputs, values, parts, extra)
    return table.join(pd.DataFrame(told), on="candidate")


def draw(params: Params, schema: Schema) -> tuple[Settings, ...]:
    """The current settings, and others from the space until there are as many as params.yaml asks for.

    Args:
        params: the project's settings.
        schema: of the table.

    Returns:
        Sections `model` of params.yaml.

    Raises:
        ProjectError: the space has nothing for the model, or what the model does not take.
    """
    if not params.is_complete:
        raise ProjectError(f"{PARAMS} still has nulls; run `make data` first")
    space, tuning = _space(params), params.tune
    if not space:
        raise ProjectError(
            f"{PARAMS}: tune.space declares nothing for {params.model.get('kind', 'the model')}; name parameters of "
            "what build() in model.py returns, each with its choices"
        )
    estimator = _estimator(params, schema)
    own = _settings(params, params.model)
    for name in (name for name in space if name not in own):
        models.require_parameter(estimator, name, "tune.space")
        if "parameters" not in params.model:
            raise ProjectError(f"{PARAMS}: add `parameters: {{}}` to model: it is where the best {name} is written")
    (known,) = chosen([params.model], params, schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a space that has fewer
        drawn = list(
            ParameterSampler(
                {name: _distribution(choice) for name, choice in space.items()},
                tuning.candidates - 1,
                random_state=tuning.seed,
            )
        )
    whole = {name: _is_whole(known[name], choice) for name, choice in space.items()}
    others = [{name: _tidy(value, space[name], whole[name]) for name, value in one.items()} for one in drawn]
    found = [params.model, *(_with(params, values) for values in others)]
    return tuple(settings for number, settings in enumerate(found) if settings not in found[:number])


def chosen(candidates: Sequence[Settings], params: Params, schema: Schema) -> tuple[Settings, ...]:
    """What each candidate has: the settings of the kind of model that is trained, and the parameters of the space."""
    today = _estimator(params, schema).get_params()
    # CatBoost tells only of those that are set.
    space = {name: today.get(name) for name in _space(params)}
    told = ((_settings(params, candidate), candidate.get("parameters") or {}) for candidate in candidates)
    return tuple(
        {**own, **{name: value for name, value in (space | put).items() if name not in own}} for own, put in told
    )


def _estimator(params: Params, schema: Schema) -> BaseEstimator:
    return models.build("model", params, Features.of(schema, params))


def _space(params: Params) -> dict[str, Choice]:
    """What may change in the kind of model that is trained."""
    named = {name: choice for name, choice in params.tune.space.items() if not isinstance(choice, dict)}
    of_kind = params.tune.space.get(str(params.model.get("kind")))
    return named | (of_kind if isinstance(of_kind, dict) else {})


def _section(params: Params) -> list[str]:
    """Where in params.yaml the settings are: of the kind of model that is trained, or the whole section."""
    kind = params.model.get("kind")
    return ["model", kind] if isinstance(kind, str) and isinstance(params.model.get(kind), dict) else ["model"]


def _settings(params: Params, model: Settings) -> Settings:
    """The settings by name: in a section `model`, those of the kind of model that is trained."""
    values: Settings = model
    for name in _section(params)[1:]:
        values = values[name]
    return {name: value for name, value in values.items() if not isinstance(value, (dict, list))}


def _with(params: Params, values: Mapping[str, Any]) -> Settings:
    own = _settings(params, params.model)
    section = ".".join(_section(params))
    changed = {f"{section}.{name}": value for name, value in values.items() if name in own}
    if parameters := {name: value for name, value in values.items() if name not in own}:
        changed["model.parameters"] = (params.model["parameters"] or {}) | parameters
    return params.changed(**changed).model


def _is_whole(today: object, choice: Choice) -> bool:
    """Whether a number to be drawn is a whole one, as it is today or, where there is none today, as its bounds are."""
    if isinstance(today, int | float) or not isinstance(choice, Range):
        return isinstance(today, int)
    return choice.low.is_integer() and choice.high.is_integer()


def _distribution(choice: Choice) -> Any:
    """A list, or what scikit-learn can draw from."""
    if not isinstance(choice, Range):
        return choice
    return loguniform(choice.low, choice.high) if choice.log else uniform(choice.low, choice.high - choice.low)


def _tidy(value: Any, choice: Choice, whole: bool) -> Any:
    """A drawn number with as many digits as a person writes; whole where the setting is."""
    if not isinstance(choice, Range):
        return value
    return min(max(round(value) if whole else float(f"{value:.3g}"), choice.low), choice.high)


def _folds(train: pd.DataFrame, params: Params) -> list[tuple[np.ndarray, np.ndarray]]:
    count = params.tune.folds
    try:
        parts = list(folds(train, params.data.target, params.split, count, params.data.ignore or {}))
    except ValueError as error:
        raise ProjectError(f"{PARAMS}: tune.folds: {error}") from None
    if (fewest := min(len(learn) for learn, _ in parts)) < FEWEST_ROWS:
        raise ProjectError(f"{PARAMS}: tune.folds: {count} folds leave {fewest} rows to learn from; ask for fewer")
    return parts
