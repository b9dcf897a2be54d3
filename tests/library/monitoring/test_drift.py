"""Drift is seen where values have moved, by how much they have, and nowhere else."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from library.shop import BOUNDS, PRICE, REGION, Shop, customers
from mlops_maturity.monitoring.drift import compare, drift_of_table
from mlops_maturity.monitoring.profile import Profile, Reference
from mlops_maturity.monitoring.windows import fires

pytestmark = [pytest.mark.guards("MON-02"), pytest.mark.guards("1-DRIFT")]

ALPHA = 1e-4


def test_reference_read_from_its_text_is_the_same(binary: Shop) -> None:
    text = binary.reference.text()
    again = Reference.model_validate_json(text)
    assert again == binary.reference
    assert again.text() == text


def test_drift_unshifted_windows_never_fire(binary: Shop) -> None:
    violations = [
        [drift_of_table(binary.customers(rows, seed), binary.reference, BOUNDS)[0].violates for seed in range(25)]
        for rows in (20, 60, 200)
    ]
    assert sum(map(sum, violations)) <= 1, violations
    assert not any(fires(last[:end], 5, 3) for last in violations for end in range(1, 26))


def test_drift_unshifted_long_tail_does_not_violate() -> None:
    def words(seed: int, rows: int) -> pd.Series:
        return pd.Series([f"word {number}" for number in np.random.default_rng(seed).zipf(1.3, rows)], dtype="str")

    reference = Profile.of(words(0, 300), "category")
    found = [compare("", reference, reference.counting(words(seed, 300)), BOUNDS, ALPHA) for seed in range(1, 40)]
    assert not any(drift.violates for drift in found)


@pytest.mark.parametrize(
    ("column", "change", "measure"),
    [
        (PRICE, lambda values: values + 5, "ks"),
        (PRICE, lambda values: values * 1000, "psi"),
        (PRICE, lambda values: values.mask(values > 22), "missing"),
        (PRICE, lambda values: values.where(values.isna(), 20.0), "psi"),
        (PRICE, lambda values: values * np.nan, "missing"),
        ("visits", lambda values: values + 0.5, "ks"),
        ("member", lambda values: values * 0, "ks"),
        (REGION, lambda values: values.astype("str").replace("nord", "sud"), "psi"),
        (REGION, lambda values: values.astype("str").mask(values == "nord"), "missing"),
        (REGION, lambda values: values.astype("str").where(np.arange(len(values)) % 5 > 0, "ouest"), "psi"),
        ("since", lambda values: values.mask(values.dt.day > 15), "missing"),
    ],
)
def test_drift_shifted_column_is_the_worst_and_violates(
    column: str, change: Callable[[pd.Series], pd.Series], measure: str, binary: Shop
) -> None:
    frame = binary.customers(200)
    found = drift_of_table(frame.assign(**{column: change(frame[column])}), binary.reference, BOUNDS)
    assert [drift.column for drift in found if drift.violates] == [column]
    assert found[0].column == column
    assert measure in [check.measure for check in found[0].checks if check.violates]
    assert [drift.worst.excess for drift in found] == sorted((drift.worst.excess for drift in found), reverse=True)


def test_drift_new_category_is_named(binary: Shop) -> None:
    frame = binary.customers(200)
    changed = frame[REGION].astype("str").where(np.arange(200) % 5 > 0, "ouest")
    worst = drift_of_table(frame.assign(**{REGION: changed}), binary.reference, BOUNDS)[0]
    assert worst.live.strangers == {"ouest": 40}
    assert "new: 'ouest' 2" in str(worst)


def test_drift_later_times_are_reported_and_do_not_violate(binary: Shop) -> None:
    frame = binary.customers(200)
    later = frame.assign(since=frame["since"] + pd.Timedelta(days=3000))
    found = {drift.column: drift for drift in drift_of_table(later, binary.reference, BOUNDS)}
    assert not found["since"].violates
    assert "median 2024-0" in found["since"].change
    assert "now over 2024-1" in found["since"].change


def test_drift_columns_that_the_model_does_not_need_are_left_out(binary: Shop) -> None:
    frame = binary.customers(200).assign(other=1)
    found = drift_of_table(frame, binary.reference, BOUNDS)
    assert {drift.column for drift in found} == set(binary.predictor.schema.columns)


def test_drift_large_samples_are_judged_by_the_size_of_the_difference() -> None:
    before = Profile(kind="number", edges=[0, 1], counts=[0, 500_000, 500_000], missing=0)
    after = before.model_copy(update={"counts": [0, 510_000, 490_000]})
    drift = compare("", before, after, BOUNDS, ALPHA)
    ks = next(check for check in drift.checks if check.measure == "ks")
    assert ks.value == pytest.approx(0.01)
    assert ks.p_value is not None
    assert ks.p_value < 1e-40
    assert not drift.violates


def test_drift_chance_is_the_limit_where_it_goes_further() -> None:
    before = Profile(kind="number", edges=[0, 1], counts=[0, 20, 20], missing=0)
    after = before.model_copy(update={"counts": [0, 13, 27]})
    drift = compare("", before, after, BOUNDS, ALPHA)
    assert drift.worst.value > drift.worst.bound
    assert not drift.violates
    assert "as chance alone goes over" in str(drift)


def test_drift_distances_are_those_of_scipy_and_of_the_definition() -> None:
    random = np.random.default_rng(7)
    before, after = random.normal(size=3_000), random.normal(0.5, 1.2, size=2_000)
    profile = Profile.of(pd.Series(before), "number")
    checks = {
        check.measure: check for check in compare("", profile, profile.counting(pd.Series(after)), BOUNDS, ALPHA).checks
    }
    assert checks["ks"].value == pytest.approx(stats.ks_2samp(before, after).statistic, abs=0.01)
    edges = np.quantile(before, np.linspace(0, 1, 11)[1:-1])
    shares = [np.bincount(np.searchsorted(edges, values), minlength=10) / len(values) for values in (before, after)]
    index = np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0]))
    assert checks["psi"].value == pytest.approx(index, rel=0.05)


@pytest.mark.parametrize("value", [0.0, -3.5, 1e300])
def test_drift_constant_that_becomes_another_is_seen(value: float) -> None:
    profile = Profile.of(pd.Series(np.full(100, value)), "number")
    for other in (np.nextafter(value, np.inf), np.nextafter(value, -np.inf)):
        drift = compare("", profile, profile.counting(pd.Series(np.full(100, other))), BOUNDS, ALPHA)
        assert max(check.value for check in drift.checks if check.measure == "ks") == 1


def test_drift_column_without_a_value_is_compared_by_that() -> None:
    nothing, something = pd.Series([np.nan] * 100), pd.Series([np.inf, *np.arange(99.0)])
    for kind in ("number", "category"):
        profile = Profile.of(nothing, kind)
        assert not compare("", profile, profile.counting(nothing), BOUNDS, ALPHA).violates
        assert compare("", profile, profile.counting(something), BOUNDS, ALPHA).violates


def test_drift_of_no_rows_is_none() -> None:
    profile = Profile.of(pd.Series(np.arange(100.0)), "number")
    drift = compare("", profile, profile.counting(pd.Series([], dtype="float64")), BOUNDS, ALPHA)
    assert not drift.violates
    assert [check.measure for check in drift.checks] == ["missing"]


def test_profile_of_the_same_rows_is_the_same() -> None:
    frame = customers(500, 1)
    shuffled = frame.sample(frac=1, random_state=1)
    for name, kind in ((PRICE, "number"), (REGION, "category"), ("since", "time")):
        assert Profile.of(frame[name], kind) == Profile.of(shuffled[name], kind)  # type: ignore[arg-type]
