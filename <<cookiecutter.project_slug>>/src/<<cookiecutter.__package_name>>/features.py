"""Features that are computed from the columns of a row: one function for training and for the service."""

from collections.abc import Mapping

import numpy as np

Columns = Mapping[str, np.ndarray]


<% set has_ratio = cookiecutter.dataset == "sample" and cookiecutter.target not in ("bill_length_mm", "bill_depth_mm") %>
def features(columns: Columns) -> Columns:
    """New columns for the model, which sees the given ones as well.

    Args:
        columns: by name, each (rows,): numbers and truth values as float64 with NaN where they are missing, categories
            and text as str or None, dates and times as datetime64 with NaT. The target is not among them.

    Returns:
        Numbers (rows,) by name. Each row must depend on itself alone: the service computes one row at a time. What is
        fitted to many rows (a mean, a quantile, an encoding) belongs into the estimator, see model.py.
    """
<% if has_ratio %>
    return {"bill_ratio": columns["bill_length_mm"] / columns["bill_depth_mm"]}
<% else %>
    return {}
<% endif %>
