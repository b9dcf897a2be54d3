<% set level = cookiecutter.maturity_level | int %>
"""The commands beside the steps: what each is for, where its function is, and what it may be told."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from . import paths
<% if level > 0 %>
from .environments import ENVIRONMENTS
<% endif %>

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """A command of the command line.

    Attributes:
        purpose: what it is for, as the command line says it.
        module: where its function is; imported when it is run, so that a command loads only what it needs.
        arguments: what the function takes, as argparse's `add_argument` does.
        function: its name.
    """

    purpose: str
    module: str
    arguments: tuple[Argument, ...] = ()
    function: str = "run"

    def run(self, **options: Any) -> None:
        """Run the command in the current folder."""
        function: Callable[..., object] = getattr(import_module(self.module, __package__), self.function)
        function(**options)


def argument(*names: str, **settings: Any) -> Argument:
    """One argument: its names or flags, and what argparse is to know of it."""
    return names, settings


<% if cookiecutter.maturity_level == "0" %>
SERVED = paths.ARTEFACT
<% else %>
# The model in production where it was fetched, else the one at hand.
SERVED = paths.PRODUCTION if paths.PRODUCTION.exists() else paths.ARTEFACT
<% endif %>

<% if level == 2 %>
ENVIRONMENT = argument("--environment", choices=ENVIRONMENTS, required=True, help="which one")
IN = argument("--environment", choices=ENVIRONMENTS, help="ask this environment instead")
MODEL = argument("--model", type=Path, default=SERVED, help=f"default: {SERVED}")
URL = argument("--url", default="http://127.0.0.1:8000", help="of the service; default: http://127.0.0.1:8000")
SETTINGS = argument("--settings", default="", help="as JSON; default: what params.yaml says")

<% endif %>
TEMPLATE = argument("--template", default="", help="a path or an address; default: what .template.json says")
VERSION = argument("--version", default="", help="of the template: a tag, a branch or a commit")

COMMANDS = {
    "predict": Command(
        "predict every row of a file",
        ".serving.batch",
        (
            argument("source", type=Path, help="a CSV or Parquet file"),
            argument(
                "destination", type=Path, nargs="?", default=paths.PREDICTIONS, help=f"default: {paths.PREDICTIONS}"
            ),
        ),
    ),
    "serve": Command(
        "answer over HTTP with the packaged model",
<% if cookiecutter.maturity_level == "0" %>
        ".serving.server",
<% else %>
        ".serving.live",
<% endif %>
        (
            argument("--model", type=Path, default=SERVED, help=f"default: {SERVED}"),
            argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only"),
            argument("--port", type=int, default=8000, help="default: 8000; 0 takes any that is free"),
        ),
    ),
    "maturity": Command(
        "tell which requirements of the level hold, by a run of the suites",
        ".maturity.report",
        (argument("--report", type=Path, default=paths.TESTS, help=f"of the run; default: {paths.TESTS}"),),
    ),
<% if cookiecutter.maturity_level != "0" %>
    "check-commit": Command("refuse a commit with a stale dvc.lock or data that were not pushed", ".storage"),
    "diff": Command(
        "show how metrics and settings differ from those of another commit",
        ".storage",
        (argument("--base", default="origin/main", help="default: origin/main"),),
        "diff",
    ),
    "register": Command(
        "give the model an immutable version",
        ".registry",
        (argument("--if-any", action="store_true", help="that there is no model is no error"),),
    ),
<% if level == 1 %>
    "promote": Command(
        "put a version into production, if it is not worse than the one that is there",
        ".registry",
        (argument("name", nargs="?", help="v3, say; default: the newest"),),
        "promote",
    ),
    "rollback": Command("put the version back that was in production before", ".registry", function="rollback"),
<% endif %>
    "fetch": Command(
        "bring the model in production here",
        ".registry",
        (argument("--if-any", action="store_true", help="that there is none is no error"),),
        "fetch",
    ),
    "lineage": Command(
        "tell where a version comes from",
        ".registry",
        (argument("name", nargs="?", help="v3, say; default: the one in production"),),
        "tell",
    ),
    "image": Command(
        "build the image of the service",
        ".delivery.image",
        (argument("--model", type=Path, default=paths.PRODUCTION, help=f"default: {paths.PRODUCTION}"),),
    ),
    "deploy": Command(
        "put a release in the place of the one that serves, and hold it to the checks of its environment",
        ".delivery.deploy",
        (
<% if level == 1 %>
            argument("--environment", choices=ENVIRONMENTS, default="production", help="default: production"),
<% else %>
            ENVIRONMENT,
<% endif %>
            argument("--model", type=Path, help="of the release; default: the one that is next there"),
<% if level == 2 %>
            argument("--confirm", default="", help="the release that is meant, where the environment asks for it"),
<% endif %>
        ),
    ),
<% if level == 2 %>
    "release": Command(
        "build the release of the code at hand once: image, wheel, bill of materials, checksums",
        ".delivery.build",
        (argument("--model", type=Path, help="default: the commit's own if it is new, else the one in production"),),
    ),
    "login": Command("log the container engine in to the registry of images", ".delivery.login"),
    "pipeline-image": Command("build the image of the pipeline, which runs `make run`", ".delivery.pipeline"),
    "audit": Command("look for known vulnerabilities in what the locks name", ".delivery.audit"),
    "rollback": Command(
        "bring back the release that served before",
        ".delivery.rollback",
        (ENVIRONMENT, argument("--why", default="", help="for those who read the record")),
    ),
    "stop": Command(
        "take what serves in an environment away",
        ".delivery.stop",
        (ENVIRONMENT, argument("--why", default="", help="for those who read the record")),
    ),
    "verify": Command(
        "hold what serves in an environment to its checks once more",
        ".delivery.verify",
        (ENVIRONMENT, argument("--enough", action="store_true", help="until production would take it")),
    ),
    "status": Command("tell what is where, and what was done there last", ".delivery.status"),
    "check-data": Command(
        "hold data to their schema: those for training, or a file that is to be predicted",
        ".checks.data",
        (MODEL, argument("--source", type=Path, help="a CSV or Parquet file to predict; default: the raw data")),
    ),
    "check-model": Command(
        "hold a model to its targets and to the one in production",
        ".checks.model",
        (argument("--model", type=Path, help="default: the one of the next release"),),
    ),
    "check-infra": Command(
        "look for what a model needs: packages, memory, CPUs, accelerator", ".checks.infra", (MODEL, SETTINGS, IN)
    ),
    "check-shadow": Command(
        "ask a model again what was asked, and compare the answers",
        ".checks.shadow",
        (
            MODEL,
            SETTINGS,
            IN,
            argument("--log", default="", help="URL of the prediction log; default: $PREDICTION_LOG"),
            argument("--beside", default="", help="the version that answered; default: any"),
        ),
    ),
    "check-api": Command("hold a service to the answers of its model", ".checks.api", (URL, MODEL, IN)),
    "check-load": Command("hold a service to its budget under load", ".checks.load", (URL, IN)),
<% endif %>
    "trigger": Command(
        "decide whether to train: on demand, on schedule, on new data, on degraded performance, on drift",
        ".trigger",
        (
            argument(
                "--event",
<% if cookiecutter.maturity_level == "2" %>
                choices=("demand", "schedule", "new-data", "degraded", "drift", "stale"),
<% else %>
                choices=("demand", "schedule", "new-data", "degraded", "drift"),
<% endif %>
                default="schedule",
                help="what started this; default: schedule",
            ),
            argument("--why", default="", help="what the one says who asks for it"),
            argument("--claim", action="store_true", help="make it known to all that this run trains"),
        ),
    ),
    "propose": Command(
        "commit all changes to a branch, for people to merge",
        ".publishing",
        (argument("--branch", required=True), argument("--message", required=True)),
        "propose",
    ),
    "pull-request": Command(
        "ask people to merge a branch", ".platform", (argument("--branch", required=True),), "open_pull_request"
    ),
    "publish": Command("commit what a run left to a branch of its own, and register the model", ".publishing"),
    "tune": Command("search better settings for the model and write them into params.yaml", ".training.tune"),
    "monitor": Command(
        "compare live data and live performance with the model's own",
        ".monitoring.monitor",
        (
            argument("--log", help="URL of the prediction log; default: $PREDICTION_LOG or logs/predictions.sqlite"),
            argument("--model", type=Path, default=SERVED, help=f"default: {SERVED}"),
        ),
    ),
<% if level == 2 %>
    "watch": Command(
        "monitor, look at age and health too, and say what that leads to",
        ".monitoring.watch",
        (
            argument("--log", help="URL of the prediction log; default: $PREDICTION_LOG or logs/predictions.sqlite"),
            argument("--model", type=Path, default=SERVED, help=f"default: {SERVED}"),
            argument("--service", help="URL of the live service; default: $SERVICE_URL"),
        ),
    ),
<% if cookiecutter.ci_provider != "jenkins" %>
    "configure": Command(
        "set up << providers[cookiecutter.ci_provider].name >>: rules, environments, permissions; ask for variables and secrets",
        ".<< cookiecutter.ci_provider >>.configure",
        (argument("--show", action="store_true", help="only say what would be done"),),
    ),
<% endif %>
    "act": Command(
        "start the training and open the issue that `watch` found to be wanted", ".monitoring.watch", function="act"
    ),
<% endif %>
<% endif %>
<% if level < 2 %>
    "level-up": Command(
        "raise the maturity level",
        ".template.raising",
        (argument("--level", required=True, help="the one to reach"), TEMPLATE, VERSION),
        "level_up",
    ),
<% endif %>
    "update": Command("take over fixes of the template", ".template.raising", (TEMPLATE, VERSION), "update"),
    "change": Command(
        "change the CI provider, the cloud or the target of deployments",
        ".template.raising",
        (
            argument("--ci-provider", default="", help="github, gitlab or jenkins"),
            argument("--cloud", default="", help="none, aws or gcp"),
            argument("--deploy-target", default="", help="docker or kubernetes"),
            TEMPLATE,
        ),
        "change",
    ),
}
