"""What the project is made of is known to the byte, or to the exact version where no byte can be known."""

import hashlib
import re

from mlops_maturity.testing.repository.check import Problems, Repository, check

LOCKS = ("requirements.lock", "deploy/requirements.lock")
WHEEL_LOCK = "vendor/requirements.lock"
LOCKED = re.compile(r"[\w.\[\],-]+==\S+ .*--hash=sha256:")
WHEEL = re.compile(r"(?:\./)?(vendor/\S+\.whl)\b.*--hash=sha256:([0-9a-f]{64})")
# What runs new packages can push nothing; what pushes has the packages of before.
RENEWAL = {
    "update": ("upgrade", "setup", "run", "test", "hand-over"),
    "propose": ("propose", "pull-request"),
}
EXACT = re.compile(r"\S+(:v?\d+\.\d+\.\d+\S*|@sha256:[0-9a-f]{64})")


@check("SEC-02")
def packages_are_locked_with_their_hashes(repository: Repository) -> Problems:
    """A package that was replaced on the index is refused."""
    for path in LOCKS[: 1 if repository.level == 0 else None]:
        lines = _lines(repository.text(path))
        if not lines:
            yield f"{path} locks nothing: `make lock` writes it"
        for line in lines:
            if not LOCKED.match(line) and not WHEEL.match(line):
                yield f"{path} does not say which bytes {line.split()[0]} must have: `make lock` writes that"


@check("SEC-02")
def library_is_the_one_that_its_lock_names(repository: Repository) -> Problems:
    """The wheel in vendor/ has the hash that is installed by; without a wheel, the library's source is the team's."""
    for line in _lines(repository.text(WHEEL_LOCK)):
        found = WHEEL.match(line)
        if not found:
            yield f"{WHEEL_LOCK} does not say which bytes {line.split()[0]} must have: `make update` brings it back"
        elif not (repository.root / found[1]).is_file():
            yield f"{found[1]} is missing: `git restore {found[1]}`, or `make update`"
        elif hashlib.sha256((repository.root / found[1]).read_bytes()).hexdigest() != found[2]:
            yield f"{found[1]} is not the wheel that {WHEEL_LOCK} names: `git restore {found[1]}`"


@check("SEC-02", since=1)
def images_have_an_exact_version(repository: Repository) -> Problems:
    """What others built is the same tomorrow."""
    for path in repository.files("deploy/**/*Dockerfile", "deploy/**/compose.yaml"):
        for image in re.findall(r"^(?:FROM| +image:) +(\S+)", repository.text(path), re.MULTILINE):
            if not EXACT.fullmatch(image):
                yield f"{path}: {image} is another image tomorrow: name its exact version or its digest"


def _lines(text: str) -> list[str]:
    """The entries of a lock, each on one line."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
