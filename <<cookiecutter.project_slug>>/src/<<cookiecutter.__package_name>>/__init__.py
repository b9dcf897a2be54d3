"""From data to a model that is measured, packaged and served."""
