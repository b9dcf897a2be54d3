"""Which command needs a hand after the one before was killed? `interrupted.py run|register|deploy [kills]`.

Every killed command is followed by the same one. One that ends by itself must end well, whatever was killed before it;
and in the end the result must be that of a command that nobody has killed.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reporting import TEMPLATE, clean_environment, generate, measure, publish

# Images are built and run as in the template's tests.
sys.path += [str(TEMPLATE / "tests"), str(TEMPLATE / "tests" / "support")]

from conftest import Project
from engines import base_of, engine_of_tests, free_port, make_stand_in
from registries import registry
from served import RECORD
from traffic import flowing

KILLS = {"run": 200, "register": 50, "deploy": 50}
# So many kills, then the command to its end.
IN_A_ROW = 5
SEED = 11
HEADER = ("", "kills", "runs to the end", "needed a hand", "wrong results")
SEEDS = (7, 11)


@dataclass
class Outcome:
    """What came of the kills of one command."""

    kills: int = 0
    ended: int = 0
    hands: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, ...]:
        """As the table has it."""
        return (f"{self.kills}", f"{self.ended}", f"{len(self.hands)}", f"{len(self.wrong)}")


class Killer:
    """Kills a command again and again."""

    def __init__(self, command: list[str | Path], folder: Path, environment: Mapping[str, str], most: float) -> None:
        """Say which command, and within how many seconds it is killed."""
        self.outcome = Outcome()
        self._command = command
        self._folder = folder
        self._environment = environment
        self._most = most
        self._chance = random.Random(SEED)  # noqa: S311 - chance that comes again, no secret
        self._log = folder.parent / f"{folder.name}.log"

    def kill(self, count: int, begin: Callable[[int], str], result: Callable[[], str]) -> tuple[str, ...]:
        """Kill it so many times, and return what came of it.

        Args:
            count: kills.
            begin: makes work for the command, and says what it is to leave.
            result: what it has left.
        """
        number = 0
        while self.outcome.kills < count:
            expected = begin(number)
            number += 1
            for _ in range(IN_A_ROW):
                if self._run(self._chance.uniform(0, self._most)):
                    break
            else:
                self._run(None)
            if (found := result()) != expected:
                self._note(self.outcome.wrong, f"{found} instead of {expected}")
        return self.outcome.row

    def _run(self, seconds: float | None) -> bool:
        """Run it, for so long at most; whether it ended by itself."""
        with self._log.open("w") as log:
            process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._end(process.pid)
            process.wait()
            return False
        self.outcome.ended += 1
        if code:
            self._note(self.outcome.hands, self._log.read_text())
        return True

    def _end(self, group: int) -> None:
        """Kill all processes of a command, as a power failure does; or one of them, as a system out of memory does."""
        self.outcome.kills += 1
        if self.outcome.kills % 10 == 0:
            print(f"{self._folder.name}: {self.outcome.kills} kills, {len(self.outcome.hands)} hands", flush=True)
        members = members_of(group)
        if self.outcome.kills % 2 or not members:
            os.killpg(group, signal.SIGKILL)
            return
        os.kill(self._chance.choice(members), signal.SIGKILL)
        # What is left of it ends by itself, as it would beside a person who looks at what went wrong.
        until = time.monotonic() + 120
        while members_of(group) and time.monotonic() < until:
            time.sleep(0.1)

    def _note(self, where: list[str], text: str) -> None:
        where.append(text)
        print(f"after {self.outcome.kills} kills: {text}", flush=True)


def members_of(group: int) -> list[int]:
    """The processes of a group that run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(its_group) == group and state != "Z":
            found.append(int(path.parent.name))
    return found


def project_of(folder: Path, level: int) -> tuple[Path, dict[str, str]]:
    """A project that is set up, in a repository with a remote."""
    environment = clean_environment(folder) | {"PYTHON": sys.executable}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "Tester", f"GIT_{role}_EMAIL": "tester@example.invalid"}
    generate(folder, environment, f"maturity_level={level}", f"project_slug=level-{level}")
    path = folder / f"level-{level}"
    measure(["git", "init", "--quiet", "--bare", folder / f"origin-{level}"], folder, environment)
    measure(["git", "remote", "add", "origin", folder / f"origin-{level}"], path, environment)
    measure(["make", "setup"], path, environment)
    return path, environment


def change(path: Path, seed: int) -> None:
    """Change a setting, so that all steps but the first are to be run again."""
    params = path / "params.yaml"
    params.write_text(re.sub(r"seed: \d+", f"seed: {seed}", params.read_text()))


def commit(path: Path, environment: Mapping[str, str]) -> None:
    """Keep what a run left."""
    measure(["make", "push"], path, environment)
    measure(["git", "add", "--all"], path, environment)
    measure(["git", "commit", "--quiet", "--allow-empty", "--no-verify", "--message", "Train"], path, environment)


def kill_run(folder: Path, kills: int) -> list[tuple[str, ...]]:
    """Kill `make run`: a quarter of the time at level 0, whose steps no pipeline runs."""
    rows = []
    for level, count in ((0, kills // 4), (2, kills - kills // 4)):
        path, environment = project_of(folder, level)
        expected, seconds = {}, 0.0

        def result(path: Path = path) -> str:
            found: str = json.loads((path / "metrics.json").read_text())["scores"]
            return json.dumps(found, sort_keys=True)

        for seed in SEEDS:
            change(path, seed)
            seconds = measure(["make", "run"], path, environment).seconds
            expected[seed] = result()
            commit(path, environment)

        def begin(number: int, path: Path = path, expected: Mapping[int, str] = expected) -> str:
            seed = SEEDS[number % 2]
            change(path, seed)
            # One time in five all of it, from the environment on.
            if number % 5 == 0:
                shutil.rmtree(path / ".venv")
            return expected[seed]

        row = Killer(["make", "run"], path, environment, seconds).kill(count, begin, result)
        rows.append((f"`make run`, level {level}", *row))
    return rows


def kill_register(folder: Path, kills: int) -> list[tuple[str, ...]]:
    """Kill `make register`, which makes the first version each time."""
    path, environment = project_of(folder, 2)
    measure(["make", "run"], path, environment)
    commit(path, environment)
    measure(["git", "push", "--quiet", "origin", "HEAD:main"], path, environment)

    def tags(*where: str) -> str:
        listed = subprocess.run(["git", *where], cwd=path, capture_output=True, text=True, check=True).stdout
        return ",".join(sorted(set(re.findall(r"(model[@#][^\s^]+)", listed))))

    def result() -> str:
        return f"here {tags('tag')}, at origin {tags('ls-remote', '--tags', 'origin')}"

    def begin(_: int) -> str:
        measure(["git", "push", "--quiet", "origin", "--delete", "refs/tags/model@v1.0.0"], path, environment)
        measure(["git", "tag", "--delete", "model@v1.0.0"], path, environment)
        return expected

    seconds = measure(["make", "register"], path, environment).seconds
    expected = result()
    row = Killer(["make", "register"], path, environment, seconds).kill(kills, begin, result)
    return [("`make register`", *row)]


def kill_deploy(folder: Path, kills: int) -> list[tuple[str, ...]]:
    """Kill `make deploy`, which brings one of two releases in the place of the other, while users ask."""
    with engine_of_tests() as engine, registry(folder / "registry") as images:
        path, environment = project_of(folder, 2)
        environment |= engine.environment | {"HOME": environment["HOME"], "PORT": str(free_port())}
        environment |= {"DEPLOY_HOST": "local", "IMAGE_REPOSITORY": f"{images}/level-2"}
        (proxy,) = re.findall(r"image: (haproxy:\S+)", (path / "deploy/compose.yaml").read_text())
        make_stand_in(engine, base_of(Project(path)))
        make_stand_in(engine, proxy, "proxy-image")
        measure(["make", "run"], path, environment)
        releases = []
        for number in range(2):
            with (path / "src/level_2/features.py").open("a") as code:
                code.write(f"# {number}\n")
            measure(["make", "run"], path, environment)
            commit(path, environment)
            measure(["make", "release"], path, environment)
            measure(["git", "branch", f"release-{number}"], path, environment)
            releases.append(json.loads((path / "dist/release.json").read_text())["key"])
        seconds = measure(["make", "deploy", "ENV=test"], path, environment).seconds

        def result() -> str:
            said = subprocess.run(
                ["make", "status"], cwd=path, env=environment, capture_output=True, text=True, check=False
            )
            (key,) = re.findall(r"^test: (\w+)", said.stdout, re.MULTILINE) or ["nothing"]
            running = engine("ps", "--format", "{{.Names}}", "--filter", "name=level-2-test-").stdout.split()
            return f"{key}, {len([name for name in running if 'prediction' in name])} running"

        def begin(number: int) -> str:
            measure(["git", "checkout", "--quiet", f"release-{number % 2}"], path, environment)
            measure([".venv/bin/dvc", "checkout", "--quiet"], path, environment)
            return f"{releases[number % 2]}, 1 running"

        try:
            with flowing(int(environment["PORT"]), [RECORD]) as users:
                row = Killer(["make", "deploy", "ENV=test"], path, environment, seconds).kill(kills, begin, result)
            print(f"{users.count} requests, {len(users.failures)} failed: {users.failures[:5]}", flush=True)
            return [
                (f"`make deploy` while {users.count} requests were sent, {len(users.failures)} of which failed", *row)
            ]
        finally:
            for name in engine("ps", "--all", "--quiet", "--filter", "name=level-2-test").stdout.split():
                engine("rm", "--force", "--time", "1", name, check=False)


PARTS = {"run": kill_run, "register": kill_register, "deploy": kill_deploy}


def main() -> None:
    """Kill what the command line names, and publish what came of it."""
    part = sys.argv[1]
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else KILLS[part]
    with tempfile.TemporaryDirectory() as name:
        rows = PARTS[part](Path(name), kills)
    publish(
        f"interrupted-{part}",
        HEADER,
        rows,
        f"`kill -9` at a random moment, by turns of all processes of the command and of one of them; after {IN_A_ROW} "
        "kills at most, the command runs to its end. *Needed a hand*: it ended with an error. *Wrong results*: what it "
        "left is not what a command leaves that nobody kills.",
    )


if __name__ == "__main__":
    main()
