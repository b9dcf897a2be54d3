"""How fast is the prediction service, side by side with an empty application and with other ways to serve a model?

Each runs on one core, the load comes from another, and every measurement of a server is next to one of the empty
application: what else the machine does strikes both.
"""

import argparse
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from reporting import TEMPLATE, clean_environment, generate, measure, publish, spread

SERVERS = TEMPLATE / "benchmarks" / "servers"
STEPS = ("ingest", "validate-data", "split", "train", "evaluate", "profile", "validate-model", "package")
SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 32
PATIENCE = 90
RECORD = {
    "island": "Torgersen",
    "bill_length_mm": 38.0,
    "bill_depth_mm": 18.5,
    "flipper_length_mm": 187,
    "body_mass_g": 3600,
    "sex": "female",
    "year": 2008,
}
OURS = "this service"
PIPELINE = "FastAPI, scikit-learn pipeline on a DataFrame"
OTHERS = {"BentoML": "bentoml", "LitServe": "litserve", "MLflow": "mlflow"}
# How many times the rate of each is to be reached; of the empty application, a share.
GOALS = {"empty application": 0.22, PIPELINE: 40.0} | dict.fromkeys(OTHERS, 8.0)
MOST_MEGABYTES, MOST_SECONDS, TIMES_IN_PROCESS = 120, 0.005, 20


@dataclass(frozen=True)
class Server:
    """A way to serve the model.

    Attributes:
        name: of it.
        command: what is run in the project's folder; `{port}` stands for the port.
        path: where it answers.
        key: what the list of records is called.
        environment: more variables.
    """

    name: str
    command: Sequence[str]
    path: str = "/predict"
    key: str = "records"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """What a server did under full load.

    Attributes:
        rate: requests a second.
        p99: seconds within which 99 % of the answers came.
        microseconds: of the processor for each request; that others use the machine, too, hardly changes them.
    """

    rate: float
    p99: float
    microseconds: float


@dataclass
class Running:
    """A server that answers."""

    server: Server
    port: int
    process: subprocess.Popen[bytes]
    folder: Path
    seconds_to_start: float = 0.0

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}{self.server.path}"

    @property
    def body(self) -> bytes:
        """A request with one record."""
        return json.dumps({self.server.key: [RECORD]}).encode()

    def load(self, seconds: float, connections: int = CONNECTIONS) -> Load:
        """Ask as fast as it answers."""
        script = self.folder / f"{self.server.key}.lua"
        script.write_text(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = [[{self.body.decode()}]]\n"
        )
        options = [
            "-t1",
            f"-c{connections}",
            f"-d{seconds:g}s",
            "--timeout",
            "30s",
            "--latency",
            "-s",
            str(script),
            self.address,
        ]
        before = self.processor_seconds()
        text = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", *options], capture_output=True, text=True, check=True
        ).stdout
        if "Non-2xx" in text or "Socket errors" in text:
            sys.exit(f"{self.server.name} failed under load:\n{text}")
        used = self.processor_seconds() - before
        # It prints "99%   12.34ms", "56789 requests in 4.00s, ..." and "Requests/sec:  14197.25".
        words = text.split()
        count, rate = words[words.index("requests") - 1], words[words.index("Requests/sec:") + 1]
        late, unit = re.split(r"(?=[a-z])", words[words.index("99%") + 1], maxsplit=1)
        p99 = float(late) * {"us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
        return Load(float(rate), p99, used / int(count) * 1e6)

    def megabytes(self) -> float:
        """The memory of all its processes."""
        return (
            sum(int(number) for text in self._each("status") for number in re.findall(r"VmRSS:\s+(\d+)", text)) / 1024
        )

    def processor_seconds(self) -> float:
        """What all its processes used of the processors so far."""
        # The name of the program comes first, in brackets, and may have blanks.
        fields = [text.rpartition(")")[2].split() for text in self._each("stat")]
        return sum(int(some[11]) + int(some[12]) for some in fields) / os.sysconf("SC_CLK_TCK")

    def _each(self, name: str) -> Iterator[str]:
        """What the system says of each of its processes."""
        family = {self.process.pid}
        # A child has a higher number than its parent, but for the rare day on which the numbers begin again.
        for number in sorted(int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
            try:
                parent = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
                if number in family or parent in family:
                    family.add(number)
                    yield Path(f"/proc/{number}/{name}").read_text()
            except (ProcessLookupError, FileNotFoundError):
                continue


@contextmanager
def running(server: Server, project: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    """Start a server on its core, wait until it answers, and end it and its children."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["taskset", "-c", SERVER_CORE, *(part.format(port=port) for part in server.command)]
    log = project.parent / "server.txt"
    start = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=project,
            env={**environment, **server.environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    found = Running(server, port, process, project.parent)
    try:
        while not answers(found):
            if process.poll() is not None or time.monotonic() > start + PATIENCE:
                sys.exit(f"{server.name} does not answer:\n{log.read_text()}")
            time.sleep(0.02)
        found.seconds_to_start = time.monotonic() - start
        yield found
    finally:
        end_session(process)


def answers(found: Running) -> bool:
    """Whether it answers as it should."""
    request = Request(found.address, found.body, {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=5) as response:  # noqa: S310
            return bool(response.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def end_session(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started."""
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        time.sleep(0.5)


def installed(name: str, python: Path, folder: Path, environment: Mapping[str, str]) -> Path | None:
    """The programs of a package in an environment of its own, beside what the project's predictor needs."""
    uv, venv = str(python.with_name("uv")), folder / name
    needed = [name, "numpy", "onnxruntime", "pydantic", "pyyaml"]
    for command in (
        [uv, "venv", "--quiet", "--python", str(python), str(venv)],
        [uv, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), *needed],
    ):
        done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name} cannot be installed: {done.stderr.strip()}", file=sys.stderr)
            return None
    return venv / "bin"


def of_project(python: Path) -> list[Server]:
    """What the project's own environment runs."""
    uvicorn = [str(python), "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--port", "{port}"]
    return [
        Server(OURS, [str(python), "-m", "mlops_maturity", "serve", "--port", "{port}"]),
        Server("without its log", [*uvicorn, "bare:app"], environment={"WITHOUT": "log"}),
        Server("without its log and its metrics", [*uvicorn, "bare:app"], environment={"WITHOUT": "log and metrics"}),
        Server(
            "each answer after its commit to the disk",
            [str(python), "-m", "mlops_maturity", "serve", "--port", "{port}"],
            environment={"PREDICTION_LOG_DURABLE": "1"},
        ),
        Server("FastAPI, the same model", [*uvicorn, "plain:app"]),
        Server(PIPELINE, [*uvicorn, "pipeline:app"]),
    ]


def of_others(python: Path, folder: Path, project: Path, environment: Mapping[str, str]) -> list[Server]:
    """The other ways, as far as they can be installed; each around the project's predictor."""
    servers = []
    if programs := installed("bentoml", python, folder, environment):
        command = [str(programs / "bentoml"), "serve", "bento:Penguins", "--host", "127.0.0.1", "--port", "{port}"]
        servers.append(Server("BentoML", command, environment={"BENTOML_DO_NOT_TRACK": "True"}))
    if programs := installed("litserve", python, folder, environment):
        servers.append(Server("LitServe", [str(programs / "python"), str(SERVERS / "lit.py"), "{port}"]))
    if programs := installed("mlflow", python, folder, environment):
        model = folder / "mlflow-model"
        measure([programs / "python", SERVERS / "flow.py", model], project, environment)
        command = [str(programs / "mlflow"), "models", "serve", "-m", str(model), "--env-manager", "local"]
        path = {"PATH": f"{programs}:{environment['PATH']}"}
        servers.append(
            Server("MLflow", [*command, "--port", "{port}"], "/invocations", "dataframe_records", environment=path)
        )
    return servers


def main() -> None:
    """Measure them all, and say which goals were reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each server")
    parser.add_argument("--python", type=Path, help="of an environment with the lock's packages; default: a new one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = clean_environment(folder)
        generate(folder, environment, "maturity_level=1")
        project = folder / "penguin-species"
        if options.python is None:
            measure(["make", "setup", f"PYTHON={sys.executable}"], project, environment)
        python = options.python or project / ".venv" / "bin" / "python"
        environment["PYTHONPATH"] = f"{project / 'src'}:{SERVERS}"
        measure([python, "-m", "mlops_maturity", *STEPS], project, environment)
        report(options.seconds, options.rounds, python, project, environment)


def report(seconds: float, rounds: int, python: Path, project: Path, environment: Mapping[str, str]) -> None:
    """Measure, and publish the table."""
    folder = project.parent
    body = folder / "body.json"
    body.write_text(json.dumps({"records": [RECORD]}))
    uvicorn = [str(python), "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--port", "{port}"]
    loads: dict[str, list[Load]] = {}
    shares: dict[str, list[float]] = {}
    megabytes: dict[str, float] = {}
    paced: dict[str, float] = {}
    with running(Server("empty application", [*uvicorn, "empty:app"]), project, environment) as empty:
        loads["empty application"] = []
        for server in [*of_project(python), *of_others(python, folder, project, environment)]:
            with running(server, project, environment) as found:
                found.load(1)
                loads[server.name], shares[server.name] = [], []
                for _ in range(rounds):
                    loads["empty application"].append(empty.load(seconds))
                    loads[server.name].append(found.load(seconds))
                    shares[server.name].append(loads[server.name][-1].rate / loads["empty application"][-1].rate)
                megabytes[server.name] = found.megabytes()
                if server.name == OURS:
                    rate = statistics.median(load.rate for load in loads[OURS]) / 2
                    paced = told(
                        [
                            *at_core(LOAD_CORE, python, "paced.py"),
                            *map(str, (found.port, server.path, body, rate, 2 * seconds)),
                        ],
                        project,
                        environment,
                    )
            print(f"{server.name}: {spread([load.rate for load in loads[server.name]], 0)} requests/s", flush=True)
        megabytes["empty application"] = empty.megabytes()
    inside = told([*at_core(SERVER_CORE, python, "in_process.py"), str(body)], project, environment)
    publish(
        "serving",
        [
            "one process on one core, one record a request",
            "requests/s",
            "share of empty",
            "processor, µs a request",
            "99 % within, ms",
            "MB",
        ],
        [
            [
                name,
                spread([load.rate for load in loads[name]], 0),
                spread(shares.get(name, [1.0]), 3),
                spread([load.microseconds for load in loads[name]], 0),
                spread([load.p99 * 1000 for load in loads[name]]),
                f"{megabytes[name]:.0f}",
            ]
            for name in loads
        ],
        f"wrk with {CONNECTIONS} connections on another core; median and range of {rounds} times {seconds:g} s. The "
        "share is of the empty application on the same server, measured right before. MB: resident, of all processes, "
        "after the load. The goals compare the processor's time for a request, which is what the core can do: other "
        "programs that use the machine, too, hardly change it.",
        f"At half of its rate ({rate:,.0f} requests/s, evenly spaced, from when each was due): 50 % within "
        f"{paced['p50'] * 1000:.2f} ms, 99 % within {paced['p99'] * 1000:.2f} ms.",
        f"In process, one record: {inside['packaged']:.0f} µs; scikit-learn pipeline on a DataFrame: "
        f"{inside['pipeline']:,.0f} µs, {inside['pipeline'] / inside['packaged']:.0f} times as long.",
        "Goals: " + "; ".join(goals(loads, megabytes[OURS], paced["p99"], inside)) + ".",
        *(f"{name} could not be installed, and is left out." for name in OTHERS if name not in loads),
    )


def at_core(core: str, python: Path, script: str) -> list[str]:
    """How a script of this benchmark is run on one core."""
    return ["taskset", "-c", core, str(python), str(SERVERS / script)]


def told(command: Sequence[str], project: Path, environment: Mapping[str, str]) -> dict[str, float]:
    """What a program prints as JSON."""
    done = subprocess.run(command, cwd=project, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} exited with {done.returncode}\n{done.stderr}")
    content: dict[str, float] = json.loads(done.stdout)
    if content.get("wrong"):
        sys.exit(f"{content['wrong']:.0f} answers were errors")
    return content


def goals(loads: Mapping[str, Sequence[Load]], megabytes: float, p99: float, inside: Mapping[str, float]) -> list[str]:
    """Each goal, and whether it was reached.

    Rates are compared by the processor's time for a request: what one core could do if nobody else used the machine.
    """
    microseconds = {name: statistics.median(load.microseconds for load in each) for name, each in loads.items()}
    found = [
        (f"{goal:g} times the {name}", microseconds[name] / microseconds[OURS], goal)
        for name, goal in GOALS.items()
        if name in loads
    ]
    found.append(
        (f"{TIMES_IN_PROCESS} times the pipeline in process", inside["pipeline"] / inside["packaged"], TIMES_IN_PROCESS)
    )
    lines = [f"{what}: {value:.2f}, {'reached' if value >= goal else 'missed'}" for what, value, goal in found]
    lines.append(f"under {MOST_MEGABYTES} MB: {'reached' if megabytes < MOST_MEGABYTES else 'missed'}")
    lines.append(
        f"99 % within {MOST_SECONDS * 1000:g} ms at half of the rate: {'reached' if p99 < MOST_SECONDS else 'missed'}"
    )
    return lines


if __name__ == "__main__":
    main()
