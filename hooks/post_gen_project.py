"""After everything is rendered: keep what was asked for, take in the data, make the first commit, say what is next."""

import json
import os
import sys
from pathlib import Path

TEMPLATE = json.loads(r""" << template_folder | tojson >> """)
ANSWERS = json.loads(r""" << cookiecutter | tojson >> """)
sys.path.insert(0, TEMPLATE)

from hooks import dataset, layout, record, repository, wheel  # noqa: E402


def main() -> None:
    """Make a project of what was rendered into this folder."""
    # A terminal that cannot show the project's name is no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")
    project = Path.cwd()
    layout.keep_only(project, layout.emitted(ANSWERS))
    sample = ANSWERS["dataset"] == dataset.SAMPLE
    dataset.take_in(
        Path(ANSWERS["__dataset_path"] or project / "data" / "raw" / dataset.SAMPLE_FILE),
        project,
        # A clone of the sample project must find its data without an account: git carries its storage.
        copies=[project / "storage"] if sample and ANSWERS["cloud"] == "none" else [],
    )
    wheel.write(project, with_steps=ANSWERS["maturity_level"] != "0")
    record.write(project, Path(TEMPLATE), ANSWERS)
    note = repository.make(project, ANSWERS["author"])
    record.remember(project, Path(TEMPLATE), ANSWERS)
    print(f"\n{ANSWERS['project_name']}: level {ANSWERS['maturity_level']}, in {os.path.basename(project)}/")
    if note:
        print(note)
    print(f"\n  cd {os.path.basename(project)}")
    print("  make run     # data, model, metrics, report\n  make test    # every suite\n")


try:
    main()
except (OSError, repository.GitError) as error:
    sys.exit(f"the project could not be written: {error}")
