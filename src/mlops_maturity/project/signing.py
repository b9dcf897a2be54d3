"""Signatures of what CI notes in git: versions, what was built, what was deployed, which training is claimed.

Git's own SSH signatures with an ed25519 key: a job signs with SIGNING_KEY, a secret of protected environments, and
`deploy/signers` has the public key, which only a reviewed commit changes. `git verify-commit` and `git verify-tag`
check the same. A project without that file believes whoever may push, and says so.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path

from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import write_text
from mlops_maturity.project.repository import EMPTY_TREE, answer, git

# As ssh-keygen's ALLOWED SIGNERS: `ci namespaces="git" ssh-ed25519 AAAA...`.
SIGNERS = Path("deploy/signers")
# What is not believed any more, signed or not: `<name or commit> <why>`, one a line.
REVOKED = Path("deploy/revoked")
KEY = "SIGNING_KEY"
WHO = "ci"
UNSIGNED = f"not signed by a key of {SIGNERS}"
# A commit may be named by its first digits.
SHORT = re.compile(r"[0-9a-f]{7,40}")
# Clocks of two machines differ.
MINUTES_AHEAD = 10


def is_required() -> bool:
    """Whether the project believes only what is signed."""
    return SIGNERS.exists()


def can_sign() -> bool:
    """Whether a key is at hand."""
    return bool(os.environ.get(KEY))


def require_key(what: str) -> None:
    """Refuse to begin what could not be signed in the end.

    Args:
        what: is to be done.

    Raises:
        ProjectError: the project believes only what is signed, and there is no key.
    """
    if is_required() and not can_sign():
        raise ProjectError(f"{what} is for CI: {SIGNERS} asks for a signature, and {KEY} is not set here")


def warn() -> None:
    """Say that nothing is signed, where that is so."""
    if not is_required():
        print(f"NOT SIGNED: {SIGNERS} names no key, so whoever may push is trusted; `make key` makes one")


def commit(message: str, parent: str) -> str:
    """Make a commit without files, signed if there is a key, and return its name.

    Args:
        message: of it.
        parent: the commit before; empty for none.
    """
    with _options() as options:
        how = ["-S"] if options else []
        return git(*options, "commit-tree", *how, EMPTY_TREE, *(["-p", parent] if parent else []), "-m", message)


def tag(name: str, at: str, message: str) -> None:
    """Make an annotated tag, signed if there is a key.

    Args:
        name: of it.
        at: the commit.
        message: of it.
    """
    with _options() as options:
        git(*options, "tag", "--sign" if options else "--annotate", "--message", message, name, at)


def commits(reference: str, form: str) -> Iterator[tuple[str, str, str]]:
    """The commits of a reference, the oldest first: name, what is wrong with its signature, text.

    Args:
        reference: where they are.
        form: of the text, as `git log --format` takes it, on one line.
    """
    grade = "%G?" if is_required() else "G"
    # A subject may hold what Python takes for the end of a line: only NUL ends one here.
    text = answer(*_checking(), "log", "-z", "--reverse", f"--format=%H%x09{grade}%x09{form}", reference, "--")
    for line in filter(None, text.split("\0")):
        name, found, content = line.split("\t", 2)
        yield name, revoked(name) or ("" if found == "G" else UNSIGNED), content


def tag_trouble(name: str, object_name: str) -> str:
    """What is wrong with the signature of a tag; nothing if it may be believed."""
    if taken_back := revoked(name):
        return taken_back
    if not is_required() or _is_signed(object_name, SIGNERS.read_text(encoding="utf-8")):
        return ""
    return UNSIGNED


def is_future(at: datetime, now: datetime) -> bool:
    """Whether something claims to have been done later than now."""
    return (at - now).total_seconds() > MINUTES_AHEAD * 60


@cache
def pass_over(what: str, why: str) -> None:
    """Name what is not believed, once."""
    print(f"passed over: {what}: {why}")


def new_key() -> tuple[str, str]:
    """Make a key: its private half, and its public half as a line of deploy/signers.

    Raises:
        ProjectError: ssh-keygen is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", WHO, "-f", str(file)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except FileNotFoundError:
            raise ProjectError("ssh-keygen is not installed; it comes with OpenSSH, as ssh does") from None
        kind, public, _ = file.with_suffix(".pub").read_text(encoding="utf-8").split()
        return file.read_text(encoding="utf-8"), f'{WHO} namespaces="git" {kind} {public}\n'


def believe(public: str) -> None:
    """Add a public key to deploy/signers."""
    known = SIGNERS.read_text(encoding="utf-8") if SIGNERS.exists() else ""
    write_text(SIGNERS, f"{known}{public}")


def run(file: Path) -> None:
    """Make the key that CI signs with: a file for the secret, and a line of deploy/signers to commit.

    Args:
        file: for the private half; who has given it to CI deletes it.

    Raises:
        ProjectError: the file is there, or ssh-keygen is not installed.
    """
    if file.exists():
        raise ProjectError(f"{file} is there already; give it to CI as the secret {KEY} and delete it, or name another")
    private, public = new_key()
    file.touch(0o600)
    file.write_text(private, encoding="utf-8")
    believe(public)
    print(f"{file}: the secret {KEY} of CI; delete it once CI has it")
    print(f"{SIGNERS}: commit it; from then on, only what is signed is trusted")


def revoke(what: str, why: str) -> None:
    """Revoke a version, a release or a record, for all who have the commit of this change.

    Args:
        what: a tag such as model@v3.0.0, the key of a release, or the commit of a record.
        why: for those who read it.

    Raises:
        ProjectError: nothing is named.
    """
    if not what or len(what.split()) != 1:
        raise ProjectError('name what is not to be believed: make revoke WHAT=model@v3.0.0 WHY="trained on wrong data"')
    known = REVOKED.read_text(encoding="utf-8") if REVOKED.exists() else ""
    write_text(REVOKED, f"{known}{' '.join([what, *why.split()])}\n")
    print(f"{REVOKED} names {what}: it is not believed any more once this is committed and merged")


def revoked(name: str) -> str:
    """Why something is not believed any more; nothing if it is."""
    for line in REVOKED.read_text(encoding="utf-8").splitlines() if REVOKED.exists() else ():
        what, _, why = line.partition(" ")
        if name == what or (SHORT.fullmatch(what) and name.startswith(what)):
            return f"revoked in {REVOKED}{f': {why}' if why else ''}"
    return ""


def _checking() -> tuple[str, ...]:
    """The options by which git knows whom to believe, whatever the user's own settings say."""
    return "-c", f"gpg.ssh.allowedSignersFile={SIGNERS.resolve()}", "-c", "gpg.ssh.program=ssh-keygen"


@cache
def _is_signed(object_name: str, signers: str) -> bool:  # noqa: ARG001 - with other signers it is asked again
    try:
        git(*_checking(), "verify-tag", object_name)
    except ProjectError:
        return False
    return True


@contextmanager
def _options() -> Iterator[tuple[str, ...]]:
    """The options by which git signs, if there is a key; its file is there for that long."""
    key = os.environ.get(KEY)
    if not key:
        yield ()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        file.touch(0o600)
        file.write_text(key.strip() + "\n", encoding="utf-8")
        yield "-c", "gpg.format=ssh", "-c", "gpg.ssh.program=ssh-keygen", "-c", f"user.signingKey={file}"
