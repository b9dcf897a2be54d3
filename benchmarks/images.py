"""How large is the image of the service, how soon does it answer, and what does building a release take?"""

import json
import sys
import tempfile
from pathlib import Path

from reporting import TEMPLATE, clean_environment, generate, measure, publish, spread

# Images are built and run as in the template's tests.
sys.path += [str(TEMPLATE / "tests"), str(TEMPLATE / "tests" / "support")]

from conftest import Project
from engines import base_of, engine_of_tests, make_stand_in, missing, serving
from registries import registry
from served import STEPS

STARTS = 15
LARGEST_MEGABYTES, MOST_SECONDS = 200, 2
RELEASE = ("release", "--model", "models/model.zip")


def main() -> None:
    """Generate a project, build its release and that of another model, and start it again and again."""
    if why := missing():
        sys.exit(why)
    with tempfile.TemporaryDirectory() as name, engine_of_tests() as engine, registry(Path(name) / "images") as address:
        folder = Path(name)
        environment = clean_environment(folder)
        generate(folder, environment, "maturity_level=2")
        project = Project(folder / "penguin-species")
        measure(["make", "setup"], project.path, environment)
        python = project.path / ".venv" / "bin" / "python"
        base = base_of(project)
        make_stand_in(engine, base)
        settings = engine.environment | {"IMAGE_REPOSITORY": f"{address}/service"}

        def release() -> float:
            return measure([python, "-m", "mlops_maturity", *RELEASE], project.path, settings).seconds

        project.step(python, *STEPS)
        first = release()
        again = [release() for _ in range(3)]
        params = project.path / "params.yaml"
        params.write_text(params.read_text().replace("kind: gradient_boosting", "kind: linear"))
        project.step(python, *STEPS)
        new_model = release()
        image = json.loads(project.text("dist/release.json"))["image"]
        megabytes = [int(engine.inspect(each, "{{.Size}}")) / 1e6 for each in (image, base)]
        starts = []
        for turn in range(STARTS):
            with serving(engine, image, folder / f"log-{turn}") as running:
                starts.append(running.seconds_to_start)
        images = engine("images", "--quiet", "--filter", "reference=*service*").stdout.split()
        engine("rmi", "--force", *set(images))
    publish(
        "images",
        ("", "measured", "goal"),
        [
            ("image on top of its base: MB", f"{megabytes[0] - megabytes[1]:.0f}", f"at most {LARGEST_MEGABYTES}"),
            ("cold start to ready: seconds", spread(starts, 2), f"at most {MOST_SECONDS}"),
            ("first release, pushed: seconds", f"{first:.0f}", ""),
            ("release of a new model: seconds", f"{new_model:.0f}", ""),
            ("release that is built already: seconds", spread(again), ""),
        ],
        f"The base is {base}, by a stand-in of Debian's own packages. {STARTS} starts, each from the command that runs "
        "a new container to the first answer of `/ready`. Built by Buildah, run by Podman, pushed to a registry on "
        "this machine; packages come out of pip's cache or from the package registry.",
    )


if __name__ == "__main__":
    main()
