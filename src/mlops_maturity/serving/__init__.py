"""The packaged model and the ways to ask it: in process, in batches, over HTTP."""
