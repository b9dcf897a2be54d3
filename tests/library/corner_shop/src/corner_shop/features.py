"""What the shop computes of a customer."""

from collections.abc import Mapping

import numpy as np

Columns = Mapping[str, np.ndarray]


def features(columns: Columns) -> Columns:
    """What is spent, and whether the customer lives in the south."""
    return {"spent": columns["prix d'été"] * columns["visits"], "in the south": columns["région <b>"] == "sud"}
