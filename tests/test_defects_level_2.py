"""Each check of a level-2 project turns red for the defect it is there for, and says so.

Here are the rows that level 2 adds; those of level 1 have their defects in tests/test_defects_level_1.py. What takes
real containers, clusters and workflows to see is in tests/test_images.py and tests/test_cluster.py.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import bake_into
from planting import Defect, defect, hold_to, replace

ALERTS = "tests/monitoring/test_alerts.py"
CLUSTER = "tests/delivery/test_kubernetes.py"
OVERLAYS = "tests/delivery/test_overlays.py"
RIGHTS = "tests/delivery/test_rights.py"
WATCH = "tests/monitoring/test_watch.py"

METRICS = "deploy/monitoring"
MONITOR = ".github/workflows/monitor.yml"

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
    # MON-01
    defect(
        "a durable answer does not wait for its log",
        replace("src:serving/log.py", "        if not self.durable:\n", "        if True:\n"),
        "MON-01",
        says="test_durable_answer_waits_for_its_commit",
        suite="tests/serving/test_log.py -k durable_answer",
    ),
    # MON-02
    defect(
        "errors of the service are not judged",
        replace("src:monitoring/health.py", "errors > bounds.errors", "False"),
        "MON-02",
        says="test_service_that_is_not_well_is_told[errors]",
        suite=f"{WATCH} -k not_well",
    ),
    defect(
        "probes count as answers to people",
        replace("src:monitoring/health.py", 'ROUTE = {"route": "/predict"}', "ROUTE: dict[str, str] = {}"),
        "MON-02",
        says="test_service_that_is_well_is_quiet",
        suite=f"{WATCH} -k is_well",
    ),
    defect(
        "a service that is not asked is well",
        replace("src:monitoring/health.py", '"no SERVICE_URL names it")', '"no SERVICE_URL names it", "", False)'),
        "MON-02",
        says="test_no_address_is_not_well_nor_unwell",
        suite=f"{WATCH} -k no_address",
    ),
    defect(
        "the age of the model is not judged",
        replace("src:monitoring/staleness.py", "seconds > days * 86_400)", "False)"),
        "MON-02",
        says="test_model_is_old_after_its_days[1-True]",
        suite=f"{WATCH} -k is_old",
    ),
    defect(
        "silence is not seen",
        replace("src:monitoring/staleness.py", "seconds > most_seconds)", "False)"),
        "MON-02",
        says="test_silence_is_told[not asked any more]",
        suite=f"{WATCH} -k silence",
    ),
    defect(
        "a training is asked for whatever the settings say",
        replace("src:trigger.py", 'if leads_to[reason.name] == "train")', "if leads_to)"),
        "MON-02",
        says="test_trigger_trains_on_what_leads_to_a_training_only",
        suite=f"{WATCH} -k trigger_trains",
    ),
    defect(
        "monitoring asks for a training each hour",
        replace("src:monitoring/watch.py", 'if fired["train"] and wait:', "if False:"),
        "MON-02",
        says="test_training_is_not_asked_for_in_the_cooldown",
        suite=f"{WATCH} -k in_the_cooldown",
    ),
    defect(
        "a service that is not well trains a model",
        replace(
            "src:params.py", 'unhealthy: Literal["issue", "nothing"]', 'unhealthy: Literal["train", "issue", "nothing"]'
        ),
        "MON-02",
        says="test_what_a_model_cannot_mend_trains_none[unhealthy]",
        suite=f"{WATCH} -k cannot_mend",
    ),
    defect(
        "each look opens an issue",
        replace("src:platform.py", "if not known:", "if True:"),
        "MON-02",
        says="test_one_issue_is_open",
        suite=f"{WATCH} -k one_issue",
    ),
    defect(
        "a request writes into the issue",
        replace("src:monitoring/watch.py", 'return f"`{plain}`"', "return text"),
        "MON-02",
        says="test_watch_decides_and_tells_ci",
        suite=f"{WATCH} -k tells_ci",
    ),
    defect(
        "monitoring waits to be started",
        replace(MONITOR, "  schedule:\n", "  release:\n"),
        "MON-02",
        says="test_workflow_watches_and_acts_by_itself",
        suite=f"{WATCH} -k by_itself",
    ),
    defect(
        "monitoring looks and does nothing",
        replace(MONITOR, "- run: make act\n", "- run: make status\n"),
        "MON-02",
        says="test_workflow_watches_and_acts_by_itself",
        suite=f"{WATCH} -k by_itself",
    ),
    # MON-03
    defect(
        "a metric has another name",
        replace("src:serving/telemetry.py", 'Counter, "predictions"', 'Counter, "answers"'),
        "MON-03",
        says="the service exports no such metrics: {'NoRequests': {'predictions_total'}",
        suite=ALERTS,
    ),
    defect(
        "the dashboard leaves a metric out",
        replace(f"{METRICS}/dashboard.json", "prediction_log_dropped_records", "prediction_log_queue_records"),
        "MON-03",
        says="the dashboard does not show {'prediction_log_dropped_records'}",
        suite=ALERTS,
    ),
    defect(
        "an alert has a bound of its own",
        replace("params.yaml", "  p99_ms: 100 # time", "  p99_ms: 200 # time"),
        "MON-03",
        says="deploy/monitoring/alerts.yaml and params.yaml differ",
        suite=ALERTS,
    ),
    defect(
        "an alert was never seen to fire",
        replace(f"{METRICS}/alerts_test.yaml", "alertname: NoRequests", "alertname: ServiceDown"),
        "MON-03",
        says="test_every_alert_is_tested_to_fire_and_to_be_silent",
        suite=ALERTS,
    ),
    defect(
        "Grafana has a password that everybody knows",
        replace(f"{METRICS}/compose.yaml", "${GRAFANA_PASSWORD:?", "${GRAFANA_PASSWORD:-"),
        "MON-03",
        says="test_nobody_starts_with_a_known_password",
        suite=ALERTS,
    ),
    defect(
        "Grafana is for the whole network",
        replace(f"{METRICS}/compose.yaml", "127.0.0.1:${GRAFANA_PORT:-3000}", "${GRAFANA_PORT:-3000}"),
        *("MON-03", "SEC-06"),
        says="test_containers_have_no_rights_and_are_for_this_machine_only[grafana]",
        suite=ALERTS,
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
