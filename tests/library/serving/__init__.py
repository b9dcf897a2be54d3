"""The service, its prediction log and batches."""
