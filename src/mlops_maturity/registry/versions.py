"""The model registry: versions and stages as git tags that GTO reads, so that it needs no server.

`model@v3.0.0` is a version: the commit whose dvc.lock names the model, immutable once it is pushed.
`model#prod#7` is the seventh time that a version was put into production; the newest such tag tells which one is there.
Whoever may push may push a tag: where the project has signers (see project/signing.py), those of CI alone count.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_maturity.model import artefact as artefacts
from mlops_maturity.model.predictor import Predictor
from mlops_maturity.project import answers, signing
from mlops_maturity.project.errors import ProjectError
from mlops_maturity.project.files import sha256_of
from mlops_maturity.project.foreign import parsed
from mlops_maturity.project.paths import ARTEFACT, COMPARISON, METRICS, PRODUCTION, RUN_RECORD, TEST
from mlops_maturity.project.repository import answer, git, has_origin, introduce
from mlops_maturity.project.storage import LOCK, dvc, holds, md5_of, not_in_remote, require_current, share_with

NAME = "model"
STAGE = "prod"
SUBJECT = f"{NAME} "
VERSION_TAG = re.compile(rf"{NAME}@v(\d+)\.\d+\.\d+")
STAGE_TAG = re.compile(rf"{NAME}#{STAGE}#(\d+)")
FORMAT = "%09".join(
    f"%({field})"
    for field in (
        *("refname:strip=2", "objectname", "tag"),
        *("*objectname", "taggerdate:iso-strict", "taggername", "contents:subject"),
    )
)


@dataclass(frozen=True, order=True)
class Version:
    """A model of the registry.

    Attributes:
        number: counts the versions.
        commit: its dvc.lock names the model.
        made: when it was registered.
        by: who registered it.
        model: what the model's own manifest calls its version.
    """

    number: int
    commit: str
    made: str
    by: str
    model: str

    @property
    def name(self) -> str:
        """As people write it."""
        return f"v{self.number}"

    @property
    def semantic(self) -> str:
        """As GTO writes it."""
        return f"v{self.number}.0.0"

    def text(self, path: Path | str) -> str:
        """A file of its commit."""
        return git("show", f"{self.commit}:{path}")

    @property
    def model_md5(self) -> str:
        """What DVC knows the model by."""
        return md5_of(self.text(LOCK), ARTEFACT)


def versions() -> list[Version]:
    """All versions, the oldest first."""
    found = []
    for name, commit, made, by, subject in _tags():
        if match := VERSION_TAG.fullmatch(name):
            found.append(Version(int(match[1]), commit, made, by, subject.removeprefix(SUBJECT)))
    return sorted(found)


def history() -> list[Version]:
    """What was put into production, in order."""
    by_commit = {version.commit: version for version in versions()}
    stages = sorted((int(match[1]), commit) for name, commit, *_ in _tags() if (match := STAGE_TAG.fullmatch(name)))
    return [by_commit[commit] for _, commit in stages if commit in by_commit]


def in_production() -> Version | None:
    """The version in production, if there is one."""
    found = history()
    return found[-1] if found else None


def find(name: str) -> Version:
    """A version by its name: v3, 3 or v3.0.0.

    Raises:
        ProjectError: there is none of that name.
    """
    known = versions()
    for version in known:
        if name in (version.name, version.semantic, str(version.number)):
            return version
    told = ", ".join(version.name for version in known) or "none yet; `make register` makes the first"
    raise ProjectError(f"there is no version {name!r}; there is {told}")


def of_model(model: str) -> Version | None:
    """The version that has a model, by what the model's manifest calls its version."""
    return next((version for version in versions() if version.model == model), None)


def run(if_any: bool = False) -> bool:
    """Register the model of the current commit.

    Args:
        if_any: that no model was trained yet is no error.

    Returns:
        Whether there is one that is not in production.

    Raises:
        ProjectError: as `register` does.
    """
    if if_any and not LOCK.exists():
        print(f"nothing to register: there is no {LOCK}")
        return False
    return register() != in_production()


def register(compared: bool = False) -> Version:
    """Give the model of the current commit an immutable version, if it is not worse than the one in production.

    Args:
        compared: whether that is known already.

    Raises:
        ProjectError: something is not committed or not pushed to the DVC remote, a run did not end, or the gate is
            closed.
    """
    signing.require_key("registering a model")
    md5 = _committed_model()
    require_current()
    known = versions()
    if same := [version for version in known if version.model_md5 == md5]:
        # The one who made it may have been interrupted before it was pushed.
        _publish(f"{NAME}@{same[-1].semantic}")
        print(f"registered already: {same[-1].name}")
        return same[-1]
    _require_pushed()
    _require_at_hand(md5)
    if not compared:
        compare()
    introduce()
    number = _next_number(VERSION_TAG)
    model = artefacts.read(ARTEFACT, made_by="make run").manifest["version"]
    signing.tag(f"{NAME}@v{number}.0.0", "HEAD", f"{SUBJECT}{model}")
    _publish(f"{NAME}@v{number}.0.0")
    print(f"registered {NAME} v{number}")
    return versions()[-1]


def promote(name: str | None = None) -> Version:
    """Put a version, or else the newest, into production if it is not worse than the one that is there.

    Raises:
        ProjectError: there is no version, its gate is closed, or it was taken back before.
    """
    known = versions()
    if not known:
        raise ProjectError("there is no version to promote; `make register` makes the first")
    version = find(name) if name else known[-1]
    current = in_production()
    if current == version:
        newest = max(int(match[1]) for name, *_ in _tags() if (match := STAGE_TAG.fullmatch(name)))
        _publish(f"{NAME}#{STAGE}#{newest}")
        print(f"{version.name} is in production already")
        return version
    if name is None and version in history():
        raise ProjectError(f"{version.name} was rolled back; `make promote VERSION={version.name}` promotes it again")
    if current is not None:
        with checkout(version.commit, ARTEFACT, TEST, METRICS) as folder:
            compare(folder)
    return assign(version)


def rollback() -> Version:
    """Put the version back into production that was there before.

    Raises:
        ProjectError: there was none.
    """
    current = in_production()
    earlier = [version for version in history() if current and version < current]
    if current is None:
        raise ProjectError("no model is in production, so there is nothing to roll back; `make promote` comes first")
    if not earlier:
        raise ProjectError(f"nothing was in production before {current.name}, so there is nothing to roll back to")
    return assign(max(earlier))


def fetch(if_any: bool = False) -> Version | None:
    """Bring the model in production to models/production.zip.

    Args:
        if_any: that there is none is no error.

    Raises:
        ProjectError: none is in production, or its content cannot be had.
    """
    version = in_production()
    if version is None and if_any:
        print("no model is in production yet")
        return None
    if version is None:
        how = "make register promote" if answers.load().level == 1 else "make deploy ENV=production"
        raise ProjectError(f"no model is in production yet; `{how}` puts one there")
    if not holds(PRODUCTION, version.model_md5):
        with checkout(version.commit, ARTEFACT) as folder:
            PRODUCTION.parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / ARTEFACT, PRODUCTION)
    print(f"{PRODUCTION} is {version.name}, the model in production")
    return version


def compare(folder: Path = Path()) -> None:
    """Hold the model in a folder to the gates that ask for the model in production.

    Raises:
        ProjectError: a gate is closed; nothing is registered or promoted then.
    """
    current = in_production()
    if current is None:
        COMPARISON.unlink(missing_ok=True)
        print("no model is in production yet: there is nothing to compare with")
        return
    fetch()
    from mlops_maturity.training.comparison import compare_models

    # Each computes its features by the code that it was trained with.
    with checkout(current.commit) as past:
        compare_models(folder, Predictor.load(PRODUCTION, past), current.name)


def artefact_at(commit: str) -> str:
    """SHA-256 of the packaged model, as the run record of a commit has it; nothing where it has none."""
    try:
        return str(parsed(answer("show", f"{commit}:{RUN_RECORD}"))["artefacts"][str(ARTEFACT)])
    except (KeyError, TypeError, ValueError):
        return ""


def require_same(model: Path, md5: str, commit: str = "HEAD") -> None:
    """Refuse a packaged model that is not the one of a commit: whoever may write to the DVC remote may exchange it.

    Args:
        model: that was pulled.
        md5: what dvc.lock says it has.
        commit: whose run record has its SHA-256.

    Raises:
        ProjectError: it is another one.
    """
    wanted = artefact_at(commit)
    if not holds(model, md5) or (wanted and sha256_of(model) != wanted):
        raise ProjectError(f"{ARTEFACT} in the DVC remote is not the model of {commit[:12]}: somebody exchanged it")


@contextmanager
def checkout(commit: str, *wanted: Path) -> Iterator[Path]:
    """A folder with a commit's tree and some files that DVC tracks in it; gone afterwards.

    Raises:
        ProjectError: a file cannot be had from this machine's cache or the DVC remote, or the model is another one.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / "tree"
        git("worktree", "add", "--detach", "--quiet", str(folder), commit)
        try:
            share_with(folder)
            if tracked := [str(path) for path in wanted if not (folder / path).exists()]:
                dvc("pull", *tracked, folder=folder)
                if ARTEFACT in wanted:
                    require_same(folder / ARTEFACT, md5_of(git("show", f"{commit}:{LOCK}"), ARTEFACT), commit)
            yield folder
        finally:
            git("worktree", "remove", "--force", str(folder))


def _tags() -> list[list[str]]:
    """The tags that may be believed: name, commit, date, who made it, subject."""
    found = []
    for name, at, called, *rest in _all_tags():
        # A genuine tag under another name would be another version, or put another into production.
        trouble = signing.tag_trouble(name, at) if called == name else f"it is no tag of that name, but {called or at}"
        if trouble:
            signing.pass_over(f"tag {name}", trouble)
        else:
            found.append([name, *rest])
    return found


def _all_tags() -> list[list[str]]:
    text = answer("for-each-ref", f"--format={FORMAT}", f"refs/tags/{NAME}@*", f"refs/tags/{NAME}#*")
    return [line.split("\t") for line in text.split("\n") if line]


def _next_number(form: re.Pattern[str]) -> int:
    """The number after all that are taken, be it by tags that nobody believes."""
    return max((int(match[1]) for name, *_ in _all_tags() if (match := form.fullmatch(name))), default=0) + 1


def _committed_model() -> str:
    """The MD5 of the model that the current commit names; there must be no changes beside it."""
    if changed := git("status", "--porcelain"):
        raise ProjectError(
            f"{changed.splitlines()[0].split()[-1]} is not committed; `make push`, commit, and try again"
        )
    if not git("ls-files", str(LOCK)):
        raise ProjectError(f"{LOCK} is not committed, so there is no model to register; `make run push` and commit")
    return md5_of(git("show", f"HEAD:{LOCK}"), ARTEFACT)


def _require_at_hand(md5: str) -> None:
    """The model of the commit, and the rows that it is compared on; a machine that did not train has neither."""
    if missing := [str(path) for path in (ARTEFACT, TEST) if not path.exists()]:
        dvc("pull", "--quiet", *missing)
    if not holds(ARTEFACT, md5):
        raise ProjectError(f"{ARTEFACT} is not the model of dvc.lock; run `make run` or `make pull` first")


def _require_pushed() -> None:
    """Without its content in the DVC remote a version is a name for nothing."""
    if missing := not_in_remote():
        raise ProjectError(f"{missing[0]} is not in the DVC remote; `make push`, commit if git asks, and try again")


def assign(version: Version) -> Version:
    """Note that a version is in production, whatever it is worth."""
    signing.require_key("putting a model into production")
    introduce()
    tag = f"{NAME}#{STAGE}#{_next_number(STAGE_TAG)}"
    signing.tag(tag, version.commit, f"Assigning stage {STAGE} to artifact {NAME} version {version.semantic}")
    # The version, too: the one who registered it may have been interrupted before it was pushed.
    _publish(f"{NAME}@{version.semantic}", tag)
    fetch()
    return version


def _publish(*tags: str) -> None:
    """Push tags to `origin`, where there is one; a tag that others cannot see is taken back."""
    if not has_origin():
        return
    try:
        git("push", "--quiet", "--atomic", "origin", *(f"refs/tags/{tag}" for tag in tags))
    except ProjectError as error:
        git("tag", "--delete", *tags)
        raise ProjectError(f"{error}; {', '.join(tags)} was taken back: fetch from origin and try again") from None
