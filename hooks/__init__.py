"""What runs when a project is generated: standard library only, no network (prompts.py alone meets cookiecutter)."""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this Python is cookiecutter's, not the project's
    sys.exit("cookiecutter runs on a Python older than 3.11; install it with a newer one")

# What reads a table is the library's: its part that is of the standard library alone.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
