"""The data: reading, what it must look like, splitting."""
