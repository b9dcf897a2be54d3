"""The project that the library works on: its settings, files, git repository and DVC storage."""
