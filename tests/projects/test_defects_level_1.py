"""Each check of a level-1 project turns red for the defect it is there for, and says so.

Without a defect none is red: tests/providers/test_workflows.py really runs the checks of a fresh level-1 repository.
What takes real containers, clusters and workflows to see is in tests/delivery/test_images.py,
tests/delivery/test_cluster.py and tests/providers/test_continuous_training.py.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Bake
from planting import Defect, defect, hold_to, parameters, replace

GITHUB = "tests/project/test_github.py"
LEVEL = "tests/project/test_level.py"
PIPELINE = "tests/pipeline/test_pipeline.py"
REGISTRY = "tests/pipeline/test_registry.py"
TRIGGER = "tests/pipeline/test_trigger.py"
DRIFT = "tests/monitoring/test_drift.py"
LIVE = "tests/serving/test_live.py"

CHECKS = ".github/workflows/checks.yml"
TRAIN = ".github/workflows/train.yml"

SETS = "      - data/processed/train.parquet\n      - data/processed/validation.parquet\n"

DEFECTS = [
    # 1-PIPE
    defect(
        "a stage does not depend on its code",
        replace("dvc.yaml", "      - src/penguin_species/training/models.py\n", ""),
        "1-PIPE",
        says="dvc.yaml: add these to the deps of train: ['src/penguin_species/training/models.py']",
        suite=f"{PIPELINE} -k 'depends_on_the or declare_the_same'",
    ),
    defect(
        "a stage does not depend on its data",
        replace("dvc.yaml", f"{SETS}      - data/schema.yaml\n", "      - data/schema.yaml\n"),
        "1-PIPE",
        says="dvc.yaml: add these to the deps of train: ['data/processed/train.parquet'",
        suite=f"{PIPELINE} -k 'depends_on_the or declare_the_same'",
    ),
    defect(
        "a stage does not depend on its settings",
        replace("dvc.yaml", "      - features\n      - model\n", "      - features\n"),
        "1-PIPE",
        says="test_change_runs_what_depends_on_it",
        suite=f"{PIPELINE} -k 'change_runs'",
    ),
    defect(
        "a second run executes a stage",
        replace("dvc.yaml", "  validate-model:\n", "  validate-model:\n    always_changed: true\n"),
        "1-PIPE",
        says="test_second_run_executes_nothing",
        suite=f"{PIPELINE} -k second_run",
    ),
    # 1-SYM
    defect(
        "a developer trains in another way",
        replace("Makefile", "\t@$(REPRO) train\n", "\t@$(RUN) train\n"),
        "1-SYM",
        says="['Makefile'] train in another way than by the pipeline",
        suite=LEVEL,
    ),
    defect(
        "a workflow trains in another way",
        replace(CHECKS, "- run: make test\n", "- run: .venv/bin/python -m penguin_species ingest train\n"),
        *("1-SYM", "1-CI"),
        says="['checks.yml'] train in another way than by the pipeline",
        suite=f"{LEVEL} {GITHUB}",
    ),
    # 1-SKEW
    defect(
        "values out of their domain are let through",
        replace("src:data/validation.py", "schemas.load().check(", "schemas.load().conform("),
        "1-SKEW",
        says="test_data_that_do_not_fit_the_schema_stop_before_training[out of domain]",
        suite=f"{PIPELINE} -k 'do_not_fit and domain'",
    ),
    defect(
        "an unexpected column is let through",
        replace("src:data/conversion.py", "for name in frame if name not in schema.columns", "for name in ()"),
        "1-SKEW",
        says="test_data_that_do_not_fit_the_schema_stop_before_training[unexpected]",
        suite=f"{PIPELINE} -k 'do_not_fit and unexpected'",
    ),
    # 1-DRIFT, MON-02
    defect(
        "drift is never decided",
        replace("src:monitoring/drift.py", "return self.value > self.limit", "return False"),
        *("1-DRIFT", "MON-02"),
        says="test_shifted_column_is_the_worst_and_violates",
        suite=DRIFT,
    ),
    defect(
        "small windows drift by chance",
        replace("src:monitoring/drift.py", "return max(self.bound, self.chance)", "return self.bound"),
        *("1-DRIFT", "MON-02"),
        says="test_unshifted_windows_never_fire",
        suite=DRIFT,
    ),
    defect(
        "few labels degrade by chance",
        replace("src:monitoring/performance.py", "float(stats.norm.isf(FALSE_ALARMS)) * noise / unit", "0.0"),
        *("1-TRIG", "MON-02"),
        says="test_few_labels_do_not_violate_by_chance",
        suite="tests/monitoring/test_monitor.py -k labels",
    ),
    defect(
        "a log that cannot be read is fine",
        replace(
            "src:monitoring/monitor.py",
            "nothing = Trigger(fires=False, exercised=False",
            "nothing = Trigger(False, True",
        ),
        *("1-TRIG", "MON-02"),
        says="test_no_log_is_not_fine",
        suite="tests/monitoring/test_monitor.py -k not_fine",
    ),
    defect(
        "what monitoring finds asks for nothing",
        replace("src:monitoring/findings.py", '"fires": trigger.fires', '"fires": False'),
        *("1-TRIG", "MON-02"),
        says="test_what_fires_asks_for_a_new_model",
        suite="tests/monitoring/test_monitor.py -k fire",
    ),
    # 1-GATE
    defect(
        "slices are not compared",
        replace("src:training/comparison.py", "for column in params.slices or []:", "for column in ():"),
        "1-GATE",
        says="test_model_that_fails_on_one_slice_is_worse",
        suite=f"{REGISTRY} -k slice",
    ),
    defect(
        "a version is registered whatever it is worth",
        replace("src:registry.py", "    if not compared:\n        compare()\n", ""),
        "1-GATE",
        says="test_model_that_is_worse_than_the_one_in_production",
        suite=f"{REGISTRY} -k worse_than",
    ),
    defect(
        "a version is promoted whatever it is worth",
        replace("src:registry.py", "            compare(folder)\n", "            pass\n"),
        "1-GATE",
        says="test_model_that_is_worse_than_the_one_in_production",
        suite=f"{REGISTRY} -k worse_than",
    ),
    defect(
        "a closed gate stops nothing",
        replace(
            "src:training/gates.py",
            "if closed := [str(gate) for gate in gates if not gate.is_open]:",
            "if closed := []:",
        ),
        *("1-CD", "1-GATE"),
        says="test_closed_gate_leaves_model_registry_and_production_as_they_were",
        suite=f"{REGISTRY} -k closed_gate",
    ),
    defect(
        "the pipeline asks no gate",
        replace("src:training/gates.py", "    require_open(gates)\n", ""),
        *("0-BASE", "0-HAND"),
        says="test_gate_raised_after_the_evaluation_leaves_nothing_to_package",
        suite="tests/model/test_artefact.py -k gate",
    ),
    defect(
        "packaging asks no gate",
        replace("src:serving/package.py", "    require_open(gates)\n", ""),
        *("0-BASE", "0-HAND"),
        says="test_gate_raised_after_the_evaluation_leaves_nothing_to_package",
        suite="tests/model/test_artefact.py -k gate",
    ),
    # 1-META
    defect(
        "the record does not say which model came before",
        replace("src:runs.py", '"previous_model": _in_production()', '"previous_model": None'),
        "1-META",
        says="test_model_in_production_is_on_record",
        suite=f"{PIPELINE} -k on_record",
    ),
    defect(
        "the record has no metrics",
        replace("src:runs.py", "metrics=_metrics()", 'metrics={"train": {}, "test": {}}'),
        "1-META",
        says="test_run_is_on_record",
        suite=f"{PIPELINE} -k run_is_on_record",
    ),
    # 1-REPRO
    defect(
        "a seed is missing",
        replace("src:data/splitting.py", "default_rng(settings.seed)", "default_rng()"),
        "1-REPRO",
        says="test_training_in_another_folder_gives_the_same_hashes",
        suite=f"{PIPELINE} -k same_hashes",
    ),
    # 1-REG
    defect(
        "a rollback stays where it is",
        replace("src:registry.py", "return assign(max(earlier))", "return assign(current)"),
        "1-REG",
        says="test_promote_and_roll_back",
        suite=f"{REGISTRY} -k roll_back",
    ),
    defect(
        "a version may be overwritten",
        replace("src:registry.py", 'git("push", "--quiet", "origin"', 'git("push", "--quiet", "--force", "origin"'),
        "1-REG",
        says="test_version_that_others_made_meanwhile_stays_theirs",
        suite=f"{REGISTRY} -k stays_theirs",
    ),
    defect(
        "a version may be a name for nothing",
        replace("src:registry.py", "    _require_pushed()\n", ""),
        "1-REG",
        says="test_what_is_not_pushed_is_not_registered",
        suite=f"{REGISTRY} -k not_pushed",
    ),
    # 1-TRIG
    defect(
        "there is no cooldown",
        replace("src:trigger.py", 'elif wait and event != "demand":', "elif False:"),
        "1-TRIG",
        says="test_findings_of_others_wait_for_the_cooldown",
        suite=f"{TRIGGER} -k wait_for_the_cooldown",
    ),
    defect(
        "two runs may claim one training",
        replace("src:trigger.py", 'f"--force-with-lease={CLAIM}:{before}"', '"--force"'),
        "1-TRIG",
        says="test_of_two_at_once_one_trains",
        suite=f"{TRIGGER} -k two_at_once",
    ),
    defect(
        "a demand has to wait",
        replace("src:trigger.py", 'elif wait and event != "demand":', "elif wait:"),
        "1-TRIG",
        says="test_demand_is_met_in_the_cooldown_too",
        suite=f"{TRIGGER} -k demand",
    ),
    defect(
        "the newest window need not violate",
        replace("src:monitoring/windows.py", "last[-1] and sum(last)", "sum(last)"),
        "1-TRIG",
        says="test_fires_if_enough_of_the_last_windows_violate_and_the_newest_does[11110-False]",
        suite="tests/monitoring/test_windows.py",
    ),
    defect(
        "one window is enough",
        replace("src:monitoring/windows.py", "sum(last) >= violating", "sum(last) >= 1"),
        "1-TRIG",
        says="test_fires_if_enough_of_the_last_windows_violate_and_the_newest_does[1-False]",
        suite="tests/monitoring/test_windows.py",
    ),
    defect(
        "drift does not start the workflow",
        replace(TRAIN, "types: [new-data, degraded, drift]", "types: [new-data, degraded]"),
        "1-TRIG",
        says="test_training_starts_on_demand_on_schedule_on_new_data",
        suite=GITHUB,
    ),
    defect(
        "time does not start the workflow",
        replace(TRAIN, "  schedule: #", "  release: #"),
        "1-TRIG",
        says="test_training_starts_on_demand_on_schedule_on_new_data",
        suite=GITHUB,
    ),
    # 1-CD
    defect(
        "a delivery may be left out",
        replace(TRAIN, "      - run: make deploy\n", "      - run: make deploy\n        if: vars.DEPLOY_HOST != ''\n"),
        "1-CD",
        says="what may be left out or may fail",
        suite=GITHUB,
    ),
    defect(
        "a gate may fail",
        replace(TRAIN, "      - run: make promote\n", "      - run: make promote\n        continue-on-error: true\n"),
        "1-CD",
        says="what may be left out or may fail",
        suite=GITHUB,
    ),
    defect(
        "publishing pushes to main",
        replace("src:publishing.py", 'f"HEAD:refs/heads/{branch}"', '"HEAD:refs/heads/main"'),
        "1-CD",
        says="test_publishing_leaves_main_alone",
        suite=f"{REGISTRY} -k publishing",
    ),
    defect(
        "a delivery ends whatever version answers",
        replace(
            "src:delivery/arrival.py",
            "while (found := answering(address)) != version:",
            "while not (found := answering(address)):",
        ),
        "1-CD",
        says="test_another_model_is_a_failed_deployment[old",
        suite="tests/delivery",
    ),
    defect(
        "a delivery ends before the service is ready",
        replace("src:delivery/arrival.py", '        get(address, "/ready")\n', ""),
        "1-CD",
        says="test_who_is_not_ready_is_no_answer[False]",
        suite="tests/delivery",
    ),
    defect(
        "a new release gets requests before it is told to",
        replace("src:delivery/docker.py", "        self._weigh(self._new, 0)\n        self._end(self._new)\n", ""),
        "1-CD",
        says="test_a_release_starts_beside_the_one_that_serves_and_gets_no_requests",
        suite="tests/delivery/test_docker.py",
    ),
    defect(
        "a release that is taken back goes on serving",
        replace("src:delivery/docker.py", "            self._weigh(self._old, 100)\n", "            pass\n"),
        "1-CD",
        says="test_taken_back_the_old_one_serves_and_the_new_one_ends",
        suite="tests/delivery/test_docker.py",
    ),
    defect(
        "a release that does not get ready stays in the cluster",
        replace("src:delivery/kubernetes.py", 'self._kubectl.show("rollout", "undo", DEPLOYMENT', "print(DEPLOYMENT"),
        "1-CD",
        says="test_a_release_that_does_not_get_ready_is_taken_back",
        suite="tests/delivery/test_kubernetes.py",
        deploy_target="kubernetes",
    ),
    # 1-PARITY
    defect(
        "serving counts the days of the week otherwise",
        replace("src:features.py", "time.weekday()", "time.isoweekday()"),
        *("1-PARITY", "CI-01"),
        says="test_record_has_the_same_features_in_training_and_serving",
        suite="tests/unit",
    ),
    defect(
        "serving does not bound a number",
        replace("src:features.py", "return bounded(matrix).astype(np.float32)", "return matrix.astype(np.float32)"),
        *("1-PARITY", "CI-01"),
        says="test_record_has_the_same_features_in_training_and_serving[huge numbers]",
        suite="tests/unit",
    ),
    # 1-API
    defect(
        "a body may be of any size",
        replace("src:serving/live.py", "if len(body) > MOST_BYTES:", "if False:"),
        "1-API",
        says="test_too_large_a_request_is_refused",
        suite=f"{LIVE} -k too_large",
    ),
    defect(
        "a refusal does not name the field",
        replace("src:serving/service.py", 'for key in ("loc", "msg", "type")', 'for key in ("msg", "type")'),
        "1-API",
        says="test_wrong_field_is_named",
        suite=f"{LIVE} -k wrong_field",
    ),
    defect(
        "the service is always ready",
        replace("src:serving/routes.py", "status = obstacle()", "status = None"),
        "1-API",
        says="test_ready_until_it_ends",
        suite=f"{LIVE} -k ready",
    ),
    # MON-01
    defect(
        "records are dropped at the end",
        replace("src:serving/live.py", "        await asyncio.to_thread(self._log.close, SECONDS_TO_END)\n", ""),
        "MON-01",
        says="test_told_to_end_it_loses_nothing",
        suite="tests/serving/test_log.py -k told_to_end",
    ),
    # MON-03
    defect(
        "a metric is missing",
        replace("src:serving/telemetry.py", '"model_age_seconds"', '"age"'),
        *("1-API", "MON-03"),
        says="test_metrics_count_what_was_done",
        suite=f"{LIVE} -k metrics",
    ),
    # 1-CI
    defect(
        "pull requests are not checked",
        replace(CHECKS, "  pull_request:\n", ""),
        "1-CI",
        says="test_every_change_is_checked_and_nothing_is_delivered_by_it",
        suite=GITHUB,
    ),
    defect(
        "a push is delivered",
        replace(CHECKS, "      - run: make test\n", "      - run: make test\n      - run: make deploy\n"),
        "1-CI",
        says="test_every_change_is_checked_and_nothing_is_delivered_by_it",
        suite=GITHUB,
    ),
    # CI-05
    defect(
        "a step does not write what it declares",
        replace("src:monitoring/profile.py", "    write_text(REFERENCE, reference.text())\n", ""),
        *("0-PROC", "CI-05"),
        says="models/reference.json",
        suite="tests/steps/test_steps.py",
    ),
    # CI-09
    defect(
        "a stale lock is accepted",
        replace("src:storage.py", "    if stale:\n", "    if stale == [None]:\n"),
        "CI-09",
        says="test_commit_with_a_stale_lock_is_refused",
        suite=f"{PIPELINE} -k commit_wi",
    ),
    defect(
        "data that were not pushed are accepted",
        replace("src:storage.py", "    if missing:\n", "    if not missing:\n"),
        "CI-09",
        says="test_commit_whose_data_were_not_pushed_is_refused",
        suite=f"{PIPELINE} -k commit_w",
    ),
    # CI-10
    defect(
        "the checks need a secret",
        replace(CHECKS, "- run: make test\n", "- run: make test\n        env: {KEY: \"${{ secrets['KEY'] }}\"}\n"),
        "CI-10",
        says="test_checks_need_no_secret",
        suite=GITHUB,
    ),
    defect(
        "the checks need the storage",
        replace(
            "src:storage.py",
            "ci.summary(said)\n        return\n",
            "ci.summary(said)\n        raise\n",
        ),
        "CI-10",
        says="test_remote_that_cannot_be_asked_is_said_and_not_counted",
        suite=f"{PIPELINE} -k cannot_be_asked",
    ),
    # SEC-06
    defect(
        "the image has root for its user",
        replace("deploy/Dockerfile", "USER 10001:10001", "USER 0:0"),
        "SEC-06",
        says="test_the_image_has_a_user_who_is_not_root",
        suite="tests/delivery",
    ),
    defect(
        "the container may write anywhere",
        replace("deploy/service.yaml", "    read_only: true\n", ""),
        "SEC-06",
        says="test_the_container_writes_nowhere_but_to_its_log",
        suite="tests/delivery",
    ),
    defect(
        "the container of the cluster may write anywhere",
        replace(
            "deploy/kubernetes/base/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"
        ),
        "SEC-06",
        says="test_the_container_is_not_root_and_writes_nowhere_but_to_its_log",
        suite="tests/delivery",
        deploy_target="kubernetes",
    ),
    # SEC-04
    defect(
        "a key that lasts is made",
        replace("infrastructure/aws/ci.tf", '"aws_iam_openid_connect_provider" "ci"', '"aws_iam_access_key" "ci"'),
        "SEC-04",
        says="test_no_key_is_made",
        suite="tests/project/test_cloud.py",
        cloud="aws",
    ),
    defect(
        "a key that lasts is handed to CI",
        replace(".github/actions/prepare/action.yml", "service_account: ${{ inputs.account }}", "credentials_json: x"),
        "SEC-04",
        says="test_no_key_is_handed_to_ci",
        suite="tests/project/test_cloud.py",
        cloud="gcp",
    ),
    defect(
        "every branch is let into the cloud",
        replace("infrastructure/gcp/ci.tf", "ref:refs/heads/main", "ref:refs/heads/*"),
        "SEC-04",
        says="test_who_ci_is_is_said_without_a_pattern",
        suite="tests/project/test_cloud.py",
        cloud="gcp",
    ),
]


@pytest.mark.parametrize("planted", parameters(DEFECTS))
def test_defect_turns_its_own_check_red(planted: Defect, copy_of: Bake, environment: Callable[..., Path]) -> None:
    hold_to(planted, copy_of(maturity_level="1", **planted.answers), environment("none", "1"))
