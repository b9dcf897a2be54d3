"""Where things are, relative to the project's root, from which every command runs."""

from pathlib import Path

PARAMS = Path("params.yaml")
SCHEMA = Path("data/schema.yaml")

SPLITS = Path("data/processed")
TRAIN = SPLITS / "train.parquet"
VALIDATION = SPLITS / "validation.parquet"
TEST = SPLITS / "test.parquet"
DATA_FACTS = SPLITS / "facts.json"

MODEL = Path("models/trained.zip")
HISTORY = Path("models/history.json")
ARTEFACT = Path("models/model.zip")

METRICS = Path("metrics.json")
PLOTS = Path("reports/plots")
REPORT = Path("reports/evaluation.html")
PREDICTIONS = Path("reports/predictions.csv")

MODEL_CARD = Path("docs/model_card.md")
DATA_SHEET = Path("docs/data_sheet.md")
