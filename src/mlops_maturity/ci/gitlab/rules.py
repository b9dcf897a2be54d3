"""What GitLab is to hold people and pipelines to: `make configure` sets it."""

from typing import Any

NOBODY, MAINTAINERS = 0, 40
WORDS = {
    f"{name} {level}": word
    for name in ("access_level", "create_access_level", "merge_access_level", "push_access_level")
    for level, word in ((NOBODY, "nobody"), (MAINTAINERS, "maintainers"))
}

PROJECT = {
    # Versions, deployments and trained models are noted in git by the jobs themselves.
    "ci_push_repository_for_job_token_allowed": True,
    # Who starts a pipeline by hand says what it is to do; nobody else gives it variables.
    "ci_pipeline_variables_minimum_override_role": "maintainer",
    # What a merge request leaves in the cache does not come to a protected branch.
    "ci_separated_caches": True,
    "only_allow_merge_if_pipeline_succeeds": True,
    "remove_source_branch_after_merge": True,
}


def branch(name: str) -> dict[str, Any]:
    """A branch that changes come to by merge request alone."""
    return {
        "name": name,
        "push_access_level": NOBODY,
        # Its jobs see the secrets of deployments.
        "merge_access_level": MAINTAINERS,
        "allow_force_push": False,
    }


BRANCHES = (branch("main"), branch("develop"))
# A version stays what it was. Who merges lets a job make one.
TAGS = tuple({"name": name, "create_access_level": MAINTAINERS} for name in ("model@*", "model#*"))

ENVIRONMENTS = ("automation", "dependencies", "test", "staging", "production")
# In GitLab Premium: without it, whoever may push to a protected branch may deploy from there.
DEPLOYERS = {"name": "production", "deploy_access_levels": [{"access_level": MAINTAINERS}]}
# In GitLab Premium: a change of what others rely on needs the word of its owner.
OWNED = {"code_owner_approval_required": True}
