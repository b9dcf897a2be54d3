"""The steps from data to a packaged model, their records, and when they run."""
