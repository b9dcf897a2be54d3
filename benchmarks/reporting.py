"""What the benchmarks share: running a command under measurement, and the table that is left of it."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent
COOKIECUTTER = Path(sys.executable).with_name("cookiecutter")
RESULTS = TEMPLATE / "benchmarks" / "results"
# What else the machine does: far from zero, the seconds are of little worth.
LOAD_BEFORE = os.getloadavg()[0]
# What a command gets of this machine: programs and caches of packages, nothing of its user.
KEPT = ("LANG", "PATH")
KEPT_PREFIXES = ("PIP_", "UV_", "SSL_", "REQUESTS_CA")


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    seconds: float
    processor_seconds: float
    peak_megabytes: float


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a new user who has downloaded the packages before."""
    cache = Path.home() / ".cache"
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    return {"UV_CACHE_DIR": f"{cache}/uv", "PIP_CACHE_DIR": f"{cache}/pip"} | kept | {"HOME": str(home)}


def measure(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Usage:
    """Run a command to its end, and stop the benchmark with all that it printed if it fails."""
    log = folder.parent / "log.txt"
    with log.open("w+b") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        # The memory of this child, not the most that any child had so far.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} exited with {process.returncode}\n{log.read_text()}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def generate(folder: Path, environment: Mapping[str, str], *answers: str, template: Path = TEMPLATE) -> Usage:
    """Generate a project by the real command line."""
    command: list[str | Path] = [
        COOKIECUTTER,
        "--no-input",
        "--default-config",
        "--output-dir",
        folder,
        template,
        *answers,
    ]
    return measure(command, folder, environment)


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median and range."""
    middle = f"{statistics.median(values):,.{digits}f}"
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})" if len(values) > 1 else middle


def machine() -> str:
    """What it was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = f"Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, {python}, load {LOAD_BEFORE:.1f} before"


def publish(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], *remarks: str) -> None:
    """Print a table, and write it to results/<name>.md."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    text = "\n\n".join([f"# {name}", f"Measured on {machine()}.", table, *remarks]) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text)
    print(text)
