"""The command line: `python -m <package> <command>`."""

import argparse
import socket
import sys
from pathlib import Path

from .errors import ProjectError
from .paths import PREDICTIONS
from .steps import STEPS


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code. What a person can put right is told in one line."""
    options = _parser().parse_args(arguments)
    try:
        match options.command:
            case "predict":
                _predict(options.input, options.output)
            case "serve":
                _serve(options.host, options.port)
            case "run":
                for step in STEPS.values():
                    step.run()
            case command:
                STEPS[command].run()
    except ProjectError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description="From data to a served model.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, step in STEPS.items():
        commands.add_parser(name, help=step.purpose, description=step.purpose)
    commands.add_parser("run", help="all of these, in order")
    predict = commands.add_parser("predict", help="predict every row of a file")
    predict.add_argument("input", type=Path, help="a CSV or Parquet file")
    predict.add_argument("output", type=Path, nargs="?", default=PREDICTIONS, help=f"default: {PREDICTIONS}")
    serve = commands.add_parser("serve", help="answer over HTTP with the packaged model")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=int, default=8000, help="default: 8000")
    return parser


def _predict(source: Path, destination: Path) -> None:
    from .serving.batch import predict_file
    from .serving.predictor import Predictor

    rows = predict_file(source, destination, Predictor.load())
    print(f"predicted {rows:,} rows: {destination}")


def _serve(host: str, port: int) -> None:
    import uvicorn

    from .serving.predictor import Predictor
    from .serving.service import create_app

    app = create_app(Predictor.load())
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise ProjectError(f"{host}:{port} is not to be had ({error.strerror}); choose another with --port") from None
    # Port 0 asks for any that is free.
    print(f"try it: http://{host}:{listening.getsockname()[1]}/docs", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())
