"""Before anything is rendered: refuse answers that never met a prompt (a replay), and a folder that is in use."""

import json
import os
import sys

TEMPLATE = json.loads(r""" << template_folder | tojson >> """)
ANSWERS = json.loads(r""" << cookiecutter | tojson >> """)
sys.path.insert(0, TEMPLATE)

from hooks import answers, repository  # noqa: E402

problem = answers.refusal(ANSWERS)
if sys.version_info < (3, 11):  # noqa: UP036 - this Python is cookiecutter's, not the project's
    problem = "cookiecutter runs on a Python older than 3.11; install it with a newer one"
if os.listdir():
    problem = f"project_slug: the folder {os.getcwd()!r} exists and is not empty; choose another name or move it away"
if not problem and not repository.git_is_installed():
    problem = "git was not found; install it: the project keeps its code and the pointers to its data in it"
if problem:
    sys.exit(problem)
