"""The commands beside the steps: what each is for, where its function is, and what it may be told."""

from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from mlops_maturity.pipeline.steps import STEPS
from mlops_maturity.project import answers, paths

Argument = tuple[tuple[str, ...], dict[str, Any]]


@dataclass(frozen=True)
class Command:
    """A command of the command line.

    Attributes:
        purpose: what it is for, as the command line says it.
        module: where its function is; imported when it is run, so that a command loads only what it needs.
        arguments: what the function takes, as argparse's `add_argument` does.
        function: its name.
        levels: the levels whose projects have it.
        then: what people do next, printed when it has succeeded.
    """

    purpose: str
    module: str
    arguments: tuple[Argument, ...] = ()
    function: str = "run"
    levels: tuple[int, ...] = (0, 1, 2)
    then: str = ""

    def run(self, **options: Any) -> bool:
        """Run the command in the current folder; false if it says that there was nothing to do."""
        function: Callable[..., object] = getattr(import_module(f"mlops_maturity.{self.module}"), self.function)
        return function(**options) is not False


# The command line's help, in this order; steps are those of the pipeline.
GROUPS: dict[str, tuple[str, ...]] = {
    "From the data to a model": ("run", *STEPS, "tune", "diff", "check-commit", "pull", "push"),
    "Using the model": ("predict", "serve"),
    "Versions and continuous training": (
        *("register", "promote", "fetch", "lineage", "trigger", "publish", "hand-over", "propose", "pull-request"),
    ),
    "Deployment": (
        *("image", "pipeline-image", "release", "login", "logout", "deploy", "verify", "rollback", "stop"),
        *("status", "audit"),
    ),
    "Checks of a release": ("check-data", "check-model", "check-infra", "check-shadow", "check-api", "check-load"),
    "Monitoring": ("monitor", "watch", "act"),
    "The project": (
        *("maturity", "key", "revoke", "configure", "level-up", "update", "change", "vendor", "completion", "target"),
    ),
}
# By level: what a person of it does most.
EXAMPLES = (
    (0, "mlops-maturity run", "train and package a model"),
    (0, "mlops-maturity train evaluate", "two steps, one after the other"),
    (0, "mlops-maturity predict new.csv", "predict the rows of a file"),
    (1, "mlops-maturity lineage v3 --json", "where a version comes from, for a program"),
    (2, "mlops-maturity deploy --environment staging", "deploy the next release there"),
)


def completion() -> None:
    """Print what makes bash (or zsh, after `autoload -U bashcompinit && bashcompinit`) complete the commands."""
    names = " ".join([*STEPS, *commands(answers.level_at_hand())])
    print(f"complete -o default -W '{names}' mlops-maturity")


def argument(*names: str, **settings: Any) -> Argument:
    """One argument: its names or flags, and what argparse is to know of it."""
    return names, settings


def _path(text: str) -> Path | None:
    """A path; an empty text is none, as `make` hands on what nobody has set."""
    return Path(text) if text else None


def _one_of(variable: str, names: Sequence[str]) -> dict[str, Any]:
    """Some words to choose from, and the variable that `make` takes one by."""

    def chosen(text: str) -> str:
        if text not in names:
            raise ArgumentTypeError(f"{text!r} is not allowed; with make: {variable}={'|'.join(names)}")
        return text

    return {"type": chosen, "metavar": "{" + ",".join(names) + "}"}


def _text(variable: str) -> Callable[[str], str]:
    """A text that is not empty, as `make` hands on a variable that nobody has set."""

    def given(text: str) -> str:
        if not text:
            raise ArgumentTypeError(f"nothing is given; with make: {variable}=...")
        return text

    return given


def commands(level: int) -> dict[str, Command]:
    """The commands of a level's projects, by name."""
    return {name: command for name, command in table(level).items() if level in command.levels}


def table(level: int) -> dict[str, Command]:
    """All commands; where levels differ in how a command is called, as this one does."""
    # The model in production where it was fetched, else the one at hand.
    served = paths.PRODUCTION if paths.PRODUCTION.exists() else paths.ARTEFACT
    names = ("production",) if level == 1 else ("test", "staging", "production")
    environment = argument("--environment", **_one_of("ENV", names), required=True, help="which one")
    within = argument("--environment", **_one_of("ENV", names), help="ask this environment instead")
    model = argument("--model", type=Path, default=served, help=f"default: {served}")
    url = argument("--url", default="http://127.0.0.1:8000", help="of the service; default: http://127.0.0.1:8000")
    settings = argument("--settings", default="", help="as JSON; default: what params.yaml says")
    log = argument("--log", help="URL of the prediction log; default: $PREDICTION_LOG or logs/predictions.sqlite")
    as_json = argument("--json", action="store_true", help="as JSON, for a program", dest="as_json")
    why = argument("--why", default="", help="for those who read the record")
    template = argument("--template", default="", help="a path or an address; default: where it was")
    version = argument("--version", default="", help="of the template: a tag, a branch or a commit")
    deployed: tuple[Argument, ...] = (
        (argument("--environment", **_one_of("ENV", names), default="production", help="default: production"),)
        if level == 1
        else (
            environment,
            argument("--confirm", default="", help="the release that is meant, where the environment asks for it"),
        )
    )
    return {
        "run": Command(
            "go from the data to a packaged model, or a part of the way",
            "pipeline.running",
            (argument("part", nargs="?", choices=("data", "train", "evaluate", "package"), help="default: all"),),
        ),
        "pull": Command(
            "fetch data and model from the DVC remote",
            "project.storage",
            function="pull",
            then="`make run` goes on from here",
        ),
        "push": Command(
            "store data and model in the DVC remote",
            "project.storage",
            function="push",
            then="commit (`git add --all && git commit`), and push the commit",
        ),
        "predict": Command(
            "predict every row of a file",
            "serving.batch",
            (
                argument("source", type=_path, nargs="?", help="a CSV or Parquet file; default: the raw data"),
                argument("destination", type=_path, nargs="?", help=f"default: {paths.PREDICTIONS}"),
            ),
            then="`make serve` answers over HTTP",
        ),
        "serve": Command(
            "answer over HTTP with the packaged model",
            "serving.server" if level == 0 else "serving.live",
            (
                model,
                argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only"),
                argument("--port", type=int, default=8000, help="default: 8000; 0 takes any that is free"),
            ),
        ),
        "maturity": Command(
            "report which requirements are met, by tests that passed and by what the project has done",
            "maturity.report",
            (
                argument("path", type=Path, nargs="?", help="of any git repository; default: the project at hand"),
                argument("--report", type=Path, help=f"a JUnit report of its tests; default: {paths.TESTS}"),
            ),
            then="reports/maturity.md has the whole report; commit docs/maturity.svg, which the README shows",
        ),
        "check-commit": Command(
            "refuse a commit with a stale dvc.lock or data that were not pushed", "project.storage", levels=(1, 2)
        ),
        "diff": Command(
            "show how metrics and settings differ from those of another commit",
            "project.storage",
            (argument("--base", default="origin/main", help="default: origin/main"),),
            "diff",
            levels=(1, 2),
        ),
        "register": Command(
            "give the model an immutable version",
            "registry.versions",
            (argument("--if-any", action="store_true", help="that there is no model is no error"),),
            levels=(1, 2),
            then="`make promote` puts it into production" if level == 1 else "`make release` builds its image",
        ),
        "promote": Command(
            "put a version into production, if it is not worse than the one that is there",
            "registry.versions",
            (argument("name", nargs="?", help="v3, say; default: the newest"),),
            "promote",
            levels=(1,),
            then="`make serve` answers with it; `make image deploy` deploys it",
        ),
        "rollback": Command(
            "roll back to the version that was in production before",
            "registry.versions",
            function="rollback",
            then="`make image deploy` deploys it",
        )
        if level == 1
        else Command(
            "roll back to the release that served before", "delivery.rollback", (environment, why), levels=(2,)
        ),
        "fetch": Command(
            "fetch the production model",
            "registry.versions",
            (argument("--if-any", action="store_true", help="that there is none is no error"),),
            "fetch",
            levels=(1, 2),
        ),
        "lineage": Command(
            "print where a version comes from",
            "delivery.lineage",
            (argument("name", nargs="?", help="v3, say; default: the one in production"), as_json),
            "tell",
            levels=(1, 2),
        ),
        "image": Command(
            "build the image of the service",
            "delivery.image",
            (argument("--model", type=Path, default=paths.PRODUCTION, help=f"default: {paths.PRODUCTION}"),),
            levels=(1, 2),
            then="`make deploy`",
        ),
        "deploy": Command(
            "deploy a release in the place of the one that serves, and run the checks of its environment",
            "delivery.deploy",
            (
                *deployed,
                argument("--model", type=Path, help="of the release; default: the one that is next there"),
            ),
            levels=(1, 2),
            then="`make lineage` shows which model serves"
            if level == 1
            else "`make status` shows what serves where; production requires `make verify ENV=staging ENOUGH=1`",
        ),
        "release": Command(
            "build the release of the code at hand once: image, wheel, bill of materials, checksums",
            "delivery.build",
            (
                argument(
                    "--model", type=Path, help="default: the commit's own if it is new, else the one in production"
                ),
            ),
            levels=(2,),
            then="`make deploy ENV=test`",
        ),
        "login": Command("log the container engine in to the registry of images", "delivery.login", levels=(2,)),
        "logout": Command(
            "log the container engine out of the registry of images", "delivery.login", function="leave", levels=(2,)
        ),
        "pipeline-image": Command(
            "build the image of the pipeline, which runs `make run`", "delivery.pipeline", levels=(2,)
        ),
        "audit": Command("look for known vulnerabilities in the packages of the locks", "delivery.audit", levels=(2,)),
        "stop": Command("stop what serves in an environment", "delivery.stop", (environment, why), levels=(2,)),
        "verify": Command(
            "run the checks of an environment again, on what serves there",
            "delivery.verify",
            (environment, argument("--enough", action="store_true", help="until production would take it")),
            levels=(2,),
        ),
        "status": Command(
            "print what serves in each environment, and what was done there last",
            "delivery.status",
            (as_json,),
            levels=(2,),
        ),
        "check-data": Command(
            "validate data against their schema: those for training, or a file that is to be predicted",
            "delivery.checks.data",
            (model, argument("--source", type=Path, help="a CSV or Parquet file to predict; default: the raw data")),
            levels=(2,),
        ),
        "check-model": Command(
            "compare a model with its targets and with the one in production",
            "delivery.checks.model",
            (argument("--model", type=Path, help="default: the one of the next release"),),
            levels=(2,),
        ),
        "check-infra": Command(
            "look for what a model needs: packages, memory, CPUs, accelerator",
            "delivery.checks.infra",
            (model, settings, within),
            levels=(2,),
        ),
        "check-shadow": Command(
            "send a model past requests again, and compare the answers",
            "delivery.checks.shadow",
            (
                model,
                settings,
                within,
                argument("--log", default="", help="URL of the prediction log; default: $PREDICTION_LOG"),
                argument("--beside", default="", help="the version that answered; default: any"),
            ),
            levels=(2,),
        ),
        "check-api": Command(
            "compare a service's answers with those of its model",
            "delivery.checks.api",
            (url, model, within),
            levels=(2,),
        ),
        "check-load": Command(
            "measure a service under load against its budget", "delivery.checks.load", (url, within), levels=(2,)
        ),
        "trigger": Command(
            "decide whether to train: on demand, on schedule, on new data, on degraded performance, on drift",
            "pipeline.trigger",
            (
                argument(
                    "--event",
                    **_one_of("EVENT", ("demand", "schedule", "new-data", "degraded", "drift", "stale")),
                    default="schedule",
                    help="what started this; default: schedule",
                ),
                argument("--why", default="", help="what the one says who asks for it"),
                argument("--claim", action="store_true", help="make it known to all that this run trains"),
            ),
            levels=(1, 2),
        ),
        "propose": Command(
            "commit all changes to a branch, for people to merge",
            "pipeline.publishing",
            (
                argument("--branch", type=_text("BRANCH"), required=True),
                argument("--message", type=_text("MESSAGE"), required=True),
                argument("--changes", type=Path, help="a folder that another job handed over"),
            ),
            "propose",
            levels=(1, 2),
        ),
        "hand-over": Command(
            "put what a training with new packages has changed into a folder, for a job that may push",
            "pipeline.handover",
            levels=(1, 2),
        ),
        "pull-request": Command(
            "ask people to merge a branch",
            "ci.platform",
            (argument("--branch", type=_text("BRANCH"), required=True),),
            "open_pull_request",
            levels=(1, 2),
        ),
        "publish": Command(
            "commit what a run left to a branch of its own, and register the model",
            "pipeline.publishing",
            levels=(1, 2),
        ),
        "tune": Command(
            "search better settings for the model and write them into params.yaml",
            "training.tune",
            levels=(1, 2),
            then="`make run` trains with these settings",
        ),
        "monitor": Command(
            "compare live data and live performance with the model's own",
            "monitoring.monitor",
            (log, model),
            levels=(1, 2),
            then="look at reports/monitoring.html",
        ),
        "watch": Command(
            "monitor, look at age and health too, and decide what follows",
            "monitoring.watch",
            (log, model, argument("--service", help="URL of the live service; default: $SERVICE_URL")),
            levels=(2,),
            then="look at reports/monitoring.html; `make act` does what it asks for",
        ),
        "act": Command(
            "start the training and open the issue that `watch` asked for",
            "monitoring.watch",
            function="act",
            levels=(2,),
        ),
        "key": Command(
            "make the key that CI signs with: from then on only what CI has signed is trusted",
            "project.signing",
            (argument("--file", type=Path, default=Path(".venv/signing_key"), help="default: .venv/signing_key"),),
            levels=(1, 2),
        ),
        "revoke": Command(
            "revoke a version, a release or a record",
            "project.signing",
            (argument("what", help="model@v3.0.0, say, the key of a release, or the commit of a record"), why),
            "revoke",
            levels=(1, 2),
        ),
        "configure": Command(
            "set up the CI system: rules, environments, permissions; ask for variables and secrets",
            "ci.platform",
            (argument("--show", action="store_true", help="only print what would be done"),),
            "configure",
            levels=(2,),
        ),
        "level-up": Command(
            "raise the maturity level",
            "template.upgrading",
            (argument("--level", required=True, help="the one to reach"), template, version),
            "level_up",
            levels=(0, 1),
        ),
        "update": Command("take over fixes of the template", "template.upgrading", (template, version), "update"),
        "vendor": Command("replace the wheel of the library by its source, in src/", "template.vendor"),
        "completion": Command(
            'print what completes commands in a shell: eval "$(mlops-maturity completion)"',
            "commands",
            function="completion",
        ),
        "target": Command(
            "say what to do about a target that make does not have",
            "targets",
            (argument("name", help="of the target"),),
            "explain",
        ),
        "change": Command(
            "change the CI provider, the cloud or the target of deployments",
            "template.upgrading",
            (
                argument("--ci-provider", default="", help="github, gitlab or jenkins"),
                argument("--cloud", default="", help="none, aws or gcp"),
                argument("--deploy-target", default="", help="docker or kubernetes"),
                template,
            ),
            "change",
        ),
    }
