"""What a job does and when it starts, in words that mean the same for every CI provider."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Job:
    """A job of GitHub Actions or of GitLab CI, a stage of Jenkins.

    Attributes:
        file: the stem of the file that it is in; on Jenkins, `checks` and `deliver` are both in `Jenkinsfile`.
        targets: what it asks make for, in order.
        environment: where it deploys to: a name, `test|staging` where the branch says which, `any` where a person does.
        starts: on a `change` that is to be merged, on a `push` to main, to `deliver` a push to develop or main, by
            `hand`, on `schedule`, on new `data`, on an `event` outside, `after` another job of its file.
    """

    file: str
    targets: tuple[str, ...]
    environment: str
    starts: frozenset[str]


# Environments that a job takes its secrets from, and deploys nothing to.
OF_SECRETS = ("automation", "dependencies", "automation|test")


def deployments(jobs: dict[str, Job]) -> dict[str, Job]:
    """Jobs with the environments that they deploy to alone; where there is but one, no job says which."""
    environments = {job.environment for job in jobs.values()} - {"", *OF_SECRETS}
    ignored = (*OF_SECRETS, "production") if environments == {"production"} else OF_SECRETS
    return {name: replace(job, environment="") if job.environment in ignored else job for name, job in jobs.items()}
