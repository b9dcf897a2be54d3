"""What the project is made of is known to the byte, or to the exact version where no byte can be known."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
<% if cookiecutter.maturity_level == "0" %>
LOCKS = ("requirements.lock",)
<% else %>
LOCKS = ("requirements.lock", "deploy/requirements.lock")
EXACT = re.compile(r"\S+(:v?\d+\.\d+\.\d+\S*|@sha256:[0-9a-f]{64})")
<% endif %>

pytestmark = pytest.mark.requirement("SEC-02")


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_locked_with_its_hashes(name: str) -> None:
    text = re.sub(r"\s*\\\n\s*", " ", (ROOT / name).read_text())
    packages = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert packages, f"{name} locks nothing"
    open_ones = [line.split()[0] for line in packages if not re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:", line)]
    assert not open_ones, f"{name} does not say which bytes {', '.join(open_ones)} must have"
<% if cookiecutter.maturity_level != "0" %>


def test_images_that_others_made_have_an_exact_version() -> None:
    files = [*(ROOT / "deploy").rglob("*Dockerfile"), *(ROOT / "deploy").rglob("compose.yaml")]
    for path in sorted(files):
        for image in re.findall(r"^(?:FROM| +image:) +(\S+)", path.read_text(), re.MULTILINE):
            assert EXACT.fullmatch(image), f"{path.relative_to(ROOT)}: {image} is another image tomorrow"
<% endif %>
