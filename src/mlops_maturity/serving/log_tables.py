"""The tables of the prediction log: what was asked, what was answered, and what turned out to be so."""

from sqlalchemy import Column, Float, Index, MetaData, String, Table, Text

# The environment variable with the URL of the log, and what it is without one.
VARIABLE = "PREDICTION_LOG"
DEFAULT = "sqlite:///logs/predictions.sqlite"

metadata = MetaData()

predictions = Table(
    "predictions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", Float, nullable=False),  # seconds since 1970, UTC
    Column("model_version", String(40), nullable=False),
    Column("record", Text, nullable=False),  # the validated input, a JSON object
    Column("prediction", Text, nullable=False),  # a JSON value: the class, or the number
    Column("probabilities", Text),  # a JSON list in the order of the model's classes; NULL for regression
    Index("predictions_at", "at"),
)

labels = Table(
    "labels",
    metadata,
    Column("prediction_id", String(40), primary_key=True),
    Column("at", Float, nullable=False),
    Column("label", Text, nullable=False),  # a JSON value
)
