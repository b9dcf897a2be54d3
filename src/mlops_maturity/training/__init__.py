"""The model: training, evaluation, gates and what is reported of them."""
