"""Pictures of the pages that show what people see: reports of a project that really ran, in a browser."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
PICTURES = TEMPLATE / "docs" / "pictures"
# By file: a page of the project, and the size of the window in pixels.
SHOWN = {"evaluation.png": ("reports/evaluation.html", (1080, 1275))}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Take them of a project that `make demo` left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a project after `make run`")
    project: Path = parser.parse_args().project
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"none of {', '.join(BROWSERS)} is installed: apt-get install chromium")
    PICTURES.mkdir(exist_ok=True)
    for name, (page, size) in SHOWN.items():
        window = f"--window-size={size[0]},{size[1]}"
        options = ["--headless=new", "--no-sandbox", "--hide-scrollbars", window, f"--screenshot={PICTURES / name}"]
        subprocess.run([browser, *options, (project / page).resolve().as_uri()], check=True, capture_output=True)
        print(f"wrote {PICTURES / name}")


if __name__ == "__main__":
    main()
