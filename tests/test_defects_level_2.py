"""Each check of a level-2 project turns red for the defect it is there for, and says so.

Here are the rows that level 2 adds; those of level 1 have their defects in tests/test_defects_level_1.py. What takes
real containers, clusters and workflows to see is in tests/test_images.py and tests/test_cluster.py.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import bake_into
from planting import Defect, defect, hold_to, replace

CLUSTER = "tests/delivery/test_kubernetes.py"
OVERLAYS = "tests/delivery/test_overlays.py"
RIGHTS = "tests/delivery/test_rights.py"

DEFECTS = [
    # CD-10, in a cluster
    defect(
        "a release that does not get ready stays in the cluster",
        replace("src:delivery/kubernetes.py", 'self._kubectl.show("rollout", "undo", DEPLOYMENT', "print(DEPLOYMENT"),
        "CD-10",
        says="test_a_release_that_does_not_get_ready_is_taken_back",
        suite=CLUSTER,
        deploy_target="kubernetes",
    ),
    defect(
        "a cluster goes back to what it had once",
        replace("src:delivery/kubernetes.py", ', f"--to-revision={self._before}"', ""),
        "CD-10",
        says="rollout undo deployment/prediction --to-revision=7",
        suite=CLUSTER,
        deploy_target="kubernetes",
    ),
    defect(
        "a first release that fails stays in the cluster",
        replace("src:delivery/kubernetes.py", 'self._kubectl.show("delete", DEPLOYMENT', "print(DEPLOYMENT"),
        "CD-10",
        says="test_a_first_release_that_fails_leaves_nothing",
        suite=CLUSTER,
        deploy_target="kubernetes",
    ),
    defect(
        "a pod that ends is asked whether the new release answers",
        replace("src:delivery/kubernetes.py", ' and "deletionTimestamp" not in pod["metadata"]', ""),
        "CD-10",
        says="test_the_newest_pod_that_is_ready_and_stays_is_asked",
        suite=CLUSTER,
        deploy_target="kubernetes",
    ),
    defect(
        "users meet what is only tried out",
        replace(
            "src:delivery/manifests.py", '"app.kubernetes.io/name": "try-out"', '"app.kubernetes.io/name": "prediction"'
        ),
        "CD-10",
        says="requests must not get there",
        suite=CLUSTER,
        deploy_target="kubernetes",
    ),
    defect(
        "staging has a log that one pod alone may write to",
        replace("deploy/kubernetes/staging/kustomization.yaml", "../postgresql", "../sqlite"),
        "CD-10",
        says="staging ends all pods before new ones start",
        suite=OVERLAYS,
        deploy_target="kubernetes",
    ),
    defect(
        "pods end before others answer",
        replace("deploy/kubernetes/base/deployment.yaml", "maxUnavailable: 0", "maxUnavailable: 1"),
        "CD-10",
        says="production ends pods before others answer",
        suite=OVERLAYS,
        deploy_target="kubernetes",
    ),
    defect(
        "a pod has no time to answer what it has",
        replace("deploy/kubernetes/base/deployment.yaml", "PeriodSeconds: 35", "PeriodSeconds: 5"),
        "CD-10",
        says="a pod is killed before it has answered",
        suite=OVERLAYS,
        deploy_target="kubernetes",
    ),
    defect(
        "the deployment and the autoscaler both say how many pods there are",
        replace("deploy/kubernetes/base/deployment.yaml", "  strategy:\n", "  replicas: 2\n  strategy:\n"),
        "CD-10",
        says="each deployment to production would undo what the autoscaler did: remove `replicas`",
        suite=OVERLAYS,
        deploy_target="kubernetes",
    ),
    defect(
        "there may be a single pod",
        replace("deploy/kubernetes/autoscaling/autoscaler.yaml", "minReplicas: 2", "minReplicas: 1"),
        "CD-10",
        says="production may have a single pod",
        suite=OVERLAYS,
        deploy_target="kubernetes",
    ),
    defect(
        "a node that is emptied takes all pods",
        replace("deploy/kubernetes/autoscaling/kustomization.yaml", "  - disruption_budget.yaml\n", ""),
        "CD-10",
        says="staging has no disruption budget",
        suite=OVERLAYS,
        deploy_target="kubernetes",
    ),
    # SEC-06
    defect(
        "a namespace takes pods with rights",
        replace("deploy/kubernetes/staging/namespace.yaml", "enforce: restricted", "enforce: privileged"),
        "SEC-06",
        says="test_the_namespace_refuses_pods_with_rights[deploy/kubernetes/staging/namespace.yaml]",
        suite=RIGHTS,
        deploy_target="kubernetes",
    ),
    defect(
        "an environment gives its container a right back",
        replace(
            "deploy/kubernetes/postgresql/kustomization.yaml",
            "                env:\n",
            "                securityContext:\n                  readOnlyRootFilesystem: false\n                env:\n",
        ),
        "SEC-06",
        says="deploy/kubernetes/postgresql/kustomization.yaml says readOnlyRootFilesystem",
        suite=RIGHTS,
        deploy_target="kubernetes",
    ),
]


@pytest.mark.parametrize("planted", DEFECTS, ids=[planted.name for planted in DEFECTS])
def test_defect_turns_its_own_check_red(planted: Defect, environment: Callable[..., Path], tmp_path: Path) -> None:
    project = bake_into(tmp_path, maturity_level="2", **planted.answers)
    hold_to(planted, project, environment("none", "2"))
