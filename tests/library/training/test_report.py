"""The pages for people: readable numbers, verdicts in words, and HTML that every reader can use."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project.files import read_json
from mlops_maturity.project.paths import COMPARISON_PAGE, METRICS, REPORT
from mlops_maturity.training import comparison, gates
from mlops_maturity.training.caveats import caveats
from mlops_maturity.training.evaluate import print_scores
from mlops_maturity.training.gates import Gate
from mlops_maturity.training.page import STYLE, document, table
from mlops_maturity.training.report import score_table, verdict
from mlops_maturity.training.trials import Trial, _reason

PASSED = Gate("beats_baseline", "log loss {} below the class-frequency baseline", 0.901, 0.5)
FAILED = Gate("beats_baseline", "log loss {} below the class-frequency baseline", -0.12, 0.5)
VOID = {"img", "link", "meta", "br"}
PAIR = re.compile(r"(?<!-)color: (#\w+)")


class Page(HTMLParser):
    """Every tag with its attributes, and whether each that opens closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def luminance(colour: str) -> float:
    """Relative luminance of a colour (WCAG 2.1)."""
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = np.array([int(digits[place : place + 2], 16) for place in (0, 2, 4)]) / 255
    return float(np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_gate_says_pass_or_fail_in_words() -> None:
    assert (PASSED.verdict, str(PASSED)) == (
        "PASS",
        "beats_baseline: log loss 90.1 % below the class-frequency baseline (required: at least 50 %)",
    )
    assert (FAILED.verdict, FAILED.statement) == ("FAIL", "log loss 12 % above the class-frequency baseline")
    assert "FAIL: 1 of 2 gates" in verdict([PASSED, FAILED])
    assert "PASS: 1 of 1 gates" in verdict([PASSED])


def test_many_failed_gates_are_counted_after_the_first_three() -> None:
    assert gates.failures([PASSED]) == ""
    assert gates.failures([PASSED, FAILED]) == str(FAILED)
    assert gates.failures([FAILED] * 5) == f"{'; '.join([str(FAILED)] * 3)}; and 2 more"


@pytest.mark.parametrize(
    ("meaning", "value", "at_most", "printed"),
    [
        (
            gates.MEANING["beats_simple"].format(loss="log loss"),
            0.16,
            False,
            "16 % of the baseline's log loss better than a small tree (required: at least 7 % better)",
        ),
        (
            comparison.MEANING.format(version="v3"),
            0.012,
            True,
            "1.2 % of the baseline's loss worse than v3, beyond the standard error (required: at most 7 % worse)",
        ),
        (
            comparison.MEANING.format(version="v3"),
            -0.012,
            True,
            "1.2 % of the baseline's loss better than v3, beyond the standard error (required: at most 7 % worse)",
        ),
    ],
)
def test_gate_on_a_difference_says_in_which_direction(meaning: str, value: float, at_most: bool, printed: str) -> None:
    assert str(Gate("gate", meaning, value, 0.07, at_most=at_most)) == f"gate: {printed}"


def test_report_of_the_sample_is_complete_and_readable(in_workspace: Path, predictor: Predictor) -> None:
    text = (in_workspace / REPORT).read_text(encoding="utf-8")
    page = Page(text)
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert all(picture["alt"] and str(picture["src"]).startswith("data:image/png") for picture in pictures)
    titles = " ".join(str(picture["alt"]) for picture in pictures)
    assert "ROC curves" in titles
    assert "Precision-recall curves" in titles
    metrics = read_json(in_workspace / METRICS, made_by="make evaluate")
    for part in (
        predictor.manifest["model"]["sha256"][:12],
        "MD5",
        "stratified, at random",
        "206 to train",
        "as build() got it",
    ):
        assert part in text
    assert metrics["warnings"] == []
    assert not re.search(r"(src|href)=\"http", text), "the page needs a network"


@pytest.mark.parametrize("colour", PAIR.findall(STYLE))
def test_text_has_contrast_enough(colour: str) -> None:
    """At least 4.5 to 1 (WCAG 2.1, 1.4.3), on white or, for white text, on the backgrounds of the verdicts."""
    grounds = re.findall(r"verdict\.\w+ \{ background: (#\w+)", STYLE) if colour == "#fff" else ["#ffffff"]
    assert min(contrast(colour, ground) for ground in grounds) >= 4.5


def test_table_scrolls_by_keyboard_and_names_rows_and_columns() -> None:
    page = Page(document("Title", [table(("a", "b"), [("1", "2")], name="Both")]))
    found = [(tag, attributes.get("scope")) for tag, attributes in page.tags if tag == "th"]
    assert found == [("th", "col"), ("th", "col"), ("th", "row")]
    assert ("div", {"class": "wide", "role": "region", "tabindex": "0", "aria-label": "Both"}) in page.tags


def test_scores_have_units_and_separators() -> None:
    text = score_table({"train": {"rmse": 43_201.4, "r2": 0.9}, "test": {"rmse": 1_234_567.8, "r2": -0.61}}, "price")
    assert "root mean squared error (RMSE), in units of price (lower is better)" in text
    assert text.index("1,234,568") < text.index("43,201")
    assert "R²" in text


def measured(**changed: object) -> dict[str, object]:
    scores = {"train": {"mse": 1.0, "r2": 0.9}, "test": {"mse": 1.5, "r2": 0.8}, "baseline, test": {"mse": 10.0}}
    return {"scores": scores, "gains": {"baseline": 0.85, "simple": 0.1}, "rows": {"test": 500}} | changed


def classified(accuracy: float, usual: float) -> dict[str, object]:
    """Scores of which the accuracy is so high, and so high with the most frequent class alone."""
    test = {"log_loss": 0.3, "accuracy": accuracy}
    return {
        "scores": {"train": {"log_loss": 0.3}, "test": test, "baseline, test": {"log_loss": 0.6, "accuracy": usual}}
    }


def test_sound_scores_have_no_warning() -> None:
    assert list(caveats(measured())) == []
    assert list(caveats(measured(**classified(1.0, 0.995)))) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rows": {"test": 30}}, "few rows: the test set has 30"),
        ({"gains": {"baseline": 0.85, "simple": -0.02}}, "a simple model is as good"),
        (
            {"gains": {"baseline": 0.05, "simple": 0.02}},
            "a weak signal: the mean squared error is 5 % below that of a guess without any column; look for columns",
        ),
        (
            {"gains": {"baseline": 0.997, "simple": 0.1}},
            "suspiciously good: the loss is 99.7 % below the baseline's; are parts of the target, or what",
        ),
        (classified(0.952, 0.95), "the accuracy, 0.952, is hardly a gain: the most frequent class alone reaches 0.95"),
        (
            {"scores": {"train": {"mse": 1.0}, "test": {"mse": 4.0, "r2": 0.6}, "baseline, test": {"mse": 10.0}}},
            "overfitting: mean squared error 1 on the train set, 4 on the test set; use a simpler model",
        ),
        (
            {"scores": {"train": {"mse": 9.0}, "test": {"mse": 9.5, "r2": -0.61}, "baseline, test": {"mse": 30.0}}},
            "R² is -0.61 on the test set",
        ),
    ],
)
def test_doubtful_scores_have_a_warning(changed: dict[str, object], words: str) -> None:
    (warning,) = caveats(measured(**changed))
    assert words in warning


def test_warnings_are_printed_below_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    print_scores({"scores": {"test": {"mae": 82_335.2}}, "rows": {"test": 36}, "warnings": ["few rows"]})
    assert capsys.readouterr().out == "test set, 36 rows: mae 82,335\nwarning: few rows\n"


def trial(kind: str, saved: float, simple: float) -> Trial:
    folds = {"baseline": np.full(4, saved), "simple": np.full(4, simple)}
    return Trial("random", None, kind, {"baseline": saved, "simple": simple}, folds)


def test_choice_of_a_candidate_that_saves_less_says_why() -> None:
    best, other = trial("linear", 0.6, 0.1), trial("gradient_boosting", 0.7, -0.1)
    assert _reason(best, [other, best]) == (
        "chosen: linear, random split: loss 60 % below the baseline's in cross-validation; "
        "gradient_boosting, random split: 70 % below, but is worse than a single small tree on the test set"
    )
    assert _reason(best, [best]).endswith("in cross-validation, the best")


def test_comparison_page_shows_both_models(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scores = {"new model": {"accuracy": 0.95}, "v3, in production": {"accuracy": 0.9}}
    comparison._write_page([PASSED, FAILED], scores, predictor)
    text = COMPARISON_PAGE.read_text(encoding="utf-8")
    assert Page(text).tags
    for part in ("v3, in production", "0.95", "FAIL: 1 of 2 gates", predictor.version):
        assert part in text
