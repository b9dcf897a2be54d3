"""Where things are, relative to the project's root, from which every command runs."""

from pathlib import Path

PARAMS = Path("params.yaml")
SCHEMA = Path("data/schema.yaml")

PROCESSED = Path("data/processed")
TABLE = PROCESSED / "table.parquet"
SOURCE = PROCESSED / "source.json"
DATA_VALIDATION = PROCESSED / "validation.json"
TRAIN = PROCESSED / "train.parquet"
VALIDATION = PROCESSED / "validation.parquet"
TEST = PROCESSED / "test.parquet"
DATA_FACTS = PROCESSED / "facts.json"

MODEL = Path("models/trained.zip")
SIMPLE = Path("models/simple.zip")
HISTORY = Path("models/history.json")
ARTEFACT = Path("models/model.zip")
REFERENCE = Path("models/reference.json")
PRODUCTION = Path("models/production.zip")

METRICS = Path("metrics.json")
PLOTS = Path("reports/plots")
REPORT = Path("reports/evaluation.html")
MODEL_VALIDATION = Path("reports/model_validation.json")
PREDICTIONS = Path("reports/predictions.csv")
TESTS = Path("reports/tests.xml")
RUN_RECORD = Path("run.json")
COMPARISON = Path("reports/comparison.json")
COMPARISON_PAGE = Path("reports/comparison.html")
TUNING = Path("reports/tuning.csv")
PULL_REQUEST = Path("reports/pull_request.md")
MONITORING = Path("reports/monitoring.json")
MONITORING_PAGE = Path("reports/monitoring.html")
MONITORING_SUMMARY = Path("reports/monitoring.md")
LOAD = Path("reports/load.json")
LOAD_PAGE = Path("reports/load.html")

MODEL_CARD = Path("docs/model_card.md")
DATA_SHEET = Path("docs/data_sheet.md")
