"""Each check of a level-2 project turns red for the defect it is there for, and says so.

Here are the rows that level 2 adds; those of level 1 have their defects in test_defects_level_1.py. What takes real
containers, clusters and workflows to see is in tests/delivery/test_images.py and tests/delivery/test_cluster.py.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Bake
from planting import Defect, defect, hold_to, parameters, replace

ALERTS = "tests/monitoring/test_alerts.py"
API = "tests/checks/test_api.py"
AUDIT = "tests/delivery/test_audit.py"
BUILD = "tests/delivery/test_build.py"
CLUSTER = "tests/delivery/test_kubernetes.py"
DATA = "tests/checks/test_data.py"
DEPLOY = "tests/delivery/test_deploy.py"
GITHUB = "tests/project/test_github.py"
INFRA = "tests/checks/test_infra.py"
LOAD = "tests/checks/test_load.py"
MODEL = "tests/checks/test_model.py"
OVERLAYS = "tests/delivery/test_overlays.py"
PROMOTION = "tests/delivery/test_promotion.py"
RECORDS = "tests/delivery/test_records.py"
RELEASE = "tests/delivery/test_release.py"
RIGHTS = "tests/delivery/test_rights.py"
SHADOW = "tests/checks/test_shadow.py"
WATCH = "tests/monitoring/test_watch.py"

METRICS = "deploy/monitoring"
CHECKS = ".github/workflows/checks.yml"
DELIVER = ".github/workflows/deliver.yml"
MONITOR = ".github/workflows/monitor.yml"
PROMOTE = ".github/workflows/promote.yml"
ROLLBACK = ".github/workflows/rollback.yml"
TRAIN = ".github/workflows/train.yml"
VERIFY = ".github/workflows/verify.yml"

DEFECTS = [
    # CI-07
    defect(
        "a wheel has the date of the day",
        replace("src:delivery/wheel.py", ' | {"SOURCE_DATE_EPOCH": NO_TIME}', ""),
        "CI-07",
        says="test_the_same_release_has_the_same_files",
        suite=f"{BUILD} -k same_files",
    ),
    defect(
        "wheels of different code have the same version",
        replace("src:delivery/wheel.py", "+code{key_of(files)}", "+code"),
        "CI-07",
        says="test_the_wheel_has_the_package_and_a_version_of_its_own",
        suite=f"{BUILD} -k version_of_its_own",
    ),
    defect(
        "the bill of materials is the lock's, whatever the image has",
        replace("src:delivery/sbom.py", "for package in sorted(installed))", "for package in sorted(locked))"),
        "CI-07",
        says="test_the_bill_of_materials_names_what_is_in_the_image",
        suite=f"{BUILD} -k bill_of_materials",
    ),
    defect(
        "the bill of materials does not know of the model",
        replace("src:delivery/sbom.py", '"machine-learning-model"', '"file"'),
        "CI-07",
        says="test_the_bill_of_materials_names_what_is_in_the_image",
        suite=f"{BUILD} -k bill_of_materials",
    ),
    defect(
        "a file of a release has no checksum",
        replace("src:delivery/build.py", "    files[TOLD.name] = image.sha256_of(TOLD)\n", ""),
        "CI-07",
        says="test_all_that_goes_with_a_release_is_there_and_has_a_checksum",
        suite=f"{BUILD} -k checksum",
    ),
    defect(
        "a release has code that is in no commit",
        replace("src:delivery/build.py", "    require_committed()\n    wanted", "    wanted"),
        "CI-07",
        says="test_code_that_is_in_no_commit_is_refused",
        suite=f"{BUILD} -k no_commit",
    ),
    defect(
        "the pipeline is packaged with all that lies about",
        replace(
            "src:delivery/pipeline.py",
            'git("clone", "--quiet", "--no-local", "--single-branch", ".", str(project))\n'
            '        git("remote", "remove", "origin", folder=project)',
            '__import__("shutil").copytree(".", project)',
        ),
        "CI-07",
        says="test_the_pipeline_is_built_of_a_clone",
        suite=f"{BUILD} -k clone",
    ),
    defect(
        "a known vulnerability passes",
        replace("src:delivery/audit.py", "    if open_ones:", "    if not found and open_ones:"),
        "CI-07",
        says="test_a_known_vulnerability_is_named_with_what_fixes_it",
        suite=f"{AUDIT} -k known_vulnerability",
    ),
    defect(
        "what could not be audited passes in silence",
        replace("src:delivery/audit.py", "    if unknown:", "    if not packages:"),
        "CI-07",
        says="test_what_the_service_does_not_know_is_not_audited",
        suite=f"{AUDIT} -k does_not_know",
    ),
    defect(
        "a lock that cannot be read passes",
        replace("src:delivery/audit.py", "if NO_ANSWER.search(done.stderr):", "if done.stderr:"),
        "CI-07",
        says="test_a_lock_that_cannot_be_read_is_no_pass",
        suite=f"{AUDIT} -k cannot_be_read",
    ),
    defect(
        "an exception needs no reason",
        replace("src:params.py", "if not reason.strip()]", "if reason is None]"),
        "CI-07",
        says="test_an_exception_without_a_reason_is_refused",
        suite=f"{AUDIT} -k without_a_reason",
    ),
    # CD-01
    defect(
        "any version of a package will do",
        replace("src:checks/infra.py", "ours[:leading] == numbers[:leading] and ours >= numbers", "bool(ours)"),
        "CD-01",
        says="test_wrong_version_of_a_package_is_named",
        suite=f"{INFRA} -k version",
    ),
    defect(
        "any memory will do",
        replace("src:checks/infra.py", "memory >= needs.memory_mb", "memory > 0"),
        "CD-01",
        says="test_missing_hardware_is_named",
        suite=f"{INFRA} -k hardware",
    ),
    defect(
        "no accelerator will do",
        replace("src:checks/infra.py", "there = ", "there = True or "),
        "CD-01",
        says="test_missing_hardware_is_named",
        suite=f"{INFRA} -k hardware",
    ),
    defect(
        "an accelerator needs no device",
        replace("src:checks/machine.py", "any(root.glob(device))", "device"),
        "CD-01",
        says="test_accelerator_takes_a_device_and_a_build_that_can_use_it",
        suite=f"{INFRA} -k accelerator_takes",
    ),
    defect(
        "the limits of a container do not count",
        replace("src:checks/machine.py", "(innermost, *innermost.parents)", "()"),
        "CD-01",
        says="test_limits_of_a_container_count",
        suite=f"{INFRA} -k limits",
    ),
    defect(
        "what fails inside of a release is not heard",
        replace("src:checks/inside.py", "if done.returncode:", "if not said:"),
        "CD-01",
        says="test_release_that_lacks_something_is_refused",
        suite=f"{INFRA} -k release",
    ),
    # CD-02
    defect(
        "the answers of another model are fine",
        replace("src:checks/api.py", "distance <= TOLERANCE", "distance < 9e9"),
        "CD-02",
        says="test_service_with_answers_of_another_model_is_refused",
        suite=f"{API} -k answers_of_another",
    ),
    defect(
        "the manifest of another model is fine",
        replace("src:checks/api.py", "found, not other)", "found, True)"),
        "CD-02",
        says="test_service_whose_model_expects_another_input_is_refused",
        suite=f"{API} -k another_input",
    ),
    defect(
        "known answers need not be given",
        replace("src:checks/api.py", "found == case.expect)", "True)"),
        "CD-02",
        says="test_known_answers_must_be_given",
        suite=f"{API} -k known",
    ),
    defect(
        "wrong records may be taken",
        replace("src:checks/api.py", "holds = answer.status == 422 and ", "holds = True or "),
        "CD-02",
        says="test_service_that_takes_wrong_records_is_refused",
        suite=f"{API} -k wrong_records",
    ),
    # CD-03
    defect(
        "no latency is over the budget",
        replace("src:checks/load.py", 'f"{found:.0f}", found <= wanted', 'f"{found:.0f}", True'),
        "CD-03",
        says="test_slow_predictions_are_refused",
        suite=f"{LOAD} -k 'slow or each_part'",
    ),
    defect(
        "the load goes where it is sent on to",
        replace("src:checks/traffic.py", "max_redirects = 0", "max_redirects = 5"),
        "CD-03",
        says="test_only_the_given_address_is_asked",
        suite=f"{LOAD} -k address",
    ),
    defect(
        "the load asks whichever release there is",
        replace("src:checks/traffic.py", ', **PLAN["headers"]', ""),
        "CD-03",
        says="test_only_the_given_address_is_asked",
        suite=f"{LOAD} -k address",
    ),
    # CD-04
    defect(
        "a batch is predicted as it comes",
        replace("src:serving/batch.py", "return given, schema.check(given[needed])", "return given, given[needed]"),
        "CD-04",
        says="test_bad_batch_is_named_and_leaves_no_output",
        suite=DATA,
    ),
    defect(
        "data for training may be anything",
        replace("src:checks/data.py", "learnable(schema.check(table), ", "learnable(table, "),
        "CD-04",
        says="test_data_that_do_not_fit_are_no_data_for_training",
        suite=DATA,
    ),
    # CD-05
    defect(
        "targets need not be met before deployment",
        replace("src:checks/model.py", "*gates.judge(measured, params.gates), ", ""),
        "CD-05",
        says="test_model_that_misses_a_target_is_refused",
        suite=f"{MODEL} -k target",
    ),
    defect(
        "a model may be worse than the one in production",
        replace("src:checks/model.py", ", *_beside_production(predictor, rows, trivial, params)", ""),
        "CD-05",
        says="test_model_that_is_worse_than_the_one_in_production_is_refused",
        suite=f"{MODEL} -k worse",
    ),
    defect(
        "a model may be another one than was scored",
        replace("src:checks/model.py", "same = abs(", "same = 1 or abs("),
        "CD-05",
        says="test_model_that_is_not_the_one_scored_is_refused",
        suite=f"{MODEL} -k scored",
    ),
    # CD-09
    defect(
        "the name of a release ignores its model",
        replace("src:delivery/image.py", 'f"{self.code} {self.model}"', "self.code"),
        "CD-09",
        says="another release has the same name: the model does not count",
        suite=f"{RELEASE} -k part_in_its_name",
    ),
    defect(
        "the name of a release ignores what is beside the code",
        replace("src:delivery/image.py", 'path.rglob("*")', 'path.rglob("*.py")'),
        "CD-09",
        says="another release has the same name: a table beside the code does not count",
        suite=f"{RELEASE} -k part_in_its_name",
    ),
    defect(
        "the name of a release depends on what a run leaves",
        replace("src:delivery/image.py", r'r"__pycache__|.*\.egg-info"', '"none"'),
        "CD-09",
        says="test_it_has_the_same_name_in_every_clone",
        suite=f"{RELEASE} -k every_clone",
    ),
    defect(
        "a release is built each time",
        replace("src:delivery/build.py", "    found = known(wanted)\n", "    found = None\n"),
        "CD-09",
        says="what is built is built anew",
        suite=f"{RELEASE} -k built_once",
    ),
    defect(
        "a tag is deployed in the place of a digest",
        replace("src:delivery/release.py", "_release(shared, _pinned(shared))", "_release(shared, shared.name)"),
        "CD-09",
        says="a release goes by a name that can change",
        suite=f"{RELEASE} -k goes_by_the_digest",
    ),
    defect(
        "a digest is deployed that no other machine finds",
        replace("src:delivery/release.py", "if len(names) == 1 or _pull(image.engine, name)", "if name"),
        "CD-09",
        says="test_it_goes_by_the_digest_that_others_find",
        suite=f"{RELEASE} -k goes_by_the_digest",
    ),
    # CD-10, before users meet a release
    defect(
        "a release may answer otherwise than the one before",
        replace("src:checks/shadow.py", "value <= bound)", "True)"),
        "CD-10",
        says="test_other_answers_are_refused",
        suite=f"{SHADOW} -k other_answers",
    ),
    defect(
        "a release may refuse what is asked",
        replace("src:checks/shadow.py", "found.refused <= bounds.refused)", "True)"),
        "CD-10",
        says="test_requests_that_it_does_not_take_are_refused",
        suite=f"{SHADOW} -k take",
    ),
    defect(
        "a log is made where there is none",
        replace("src:checks/past.py", '?mode=ro&uri=true") if file.is_file() else None', '?uri=true")'),
        "CD-10",
        says="test_too_few_requests_are_no_pass",
        suite=f"{SHADOW} -k too_few",
    ),
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
    # CD-06
    defect(
        "a push to develop starts nothing",
        replace(DELIVER, "branches: [develop, main]", "branches: [main]"),
        "CD-06",
        says="nothing starts on a push to develop",
        suite=GITHUB,
    ),
    defect(
        "a push to develop goes to staging",
        replace(DELIVER, "ENV: ${{ github.ref == 'refs/heads/main' && 'staging' || 'test' }}", "ENV: staging"),
        *("CD-06", "CD-07"),
        says="test_push_to_develop_deploys_to_test_by_itself",
        suite=GITHUB,
    ),
    # CD-07
    defect(
        "a merge to main starts nothing",
        replace(DELIVER, "branches: [develop, main]", "branches: [develop]"),
        "CD-07",
        says="nothing starts on a merge to main",
        suite=GITHUB,
    ),
    defect(
        "a new model on main gets no version",
        replace(DELIVER, "if: github.ref == 'refs/heads/main'", "if: github.ref == 'refs/heads/develop'"),
        "CD-07",
        says="a new model on main gets no version",
        suite=GITHUB,
    ),
    defect(
        "a change of code brings the commit's old model along",
        replace("src:delivery/candidate.py", "(same in past or same < current)", "same is None"),
        "CD-07",
        says="test_a_new_model_of_the_commit_goes",
        suite=f"{PROMOTION} -k new_model_of_the_commit",
    ),
    # CD-08
    defect(
        "one good run too few is enough",
        replace("src:delivery/promotion.py", "if good < wanted:", "if good < wanted - 1:"),
        "CD-08",
        says="test_one_run_too_few_is_too_few",
        suite=PROMOTION,
    ),
    defect(
        "a bad run in staging is forgotten",
        replace("src:delivery/records.py", '== "good" else 0', '== "good" else count'),
        "CD-08",
        says="test_a_bad_run_makes_the_count_begin_anew",
        suite=f"{PROMOTION} {RECORDS}",
    ),
    defect(
        "nobody need say which release is meant",
        replace("src:delivery/promotion.py", "if confirm != release.key:", "if not release.key:"),
        *("CD-08", "CD-09"),
        says="test_a_person_types_which_release_is_meant",
        suite=PROMOTION,
    ),
    defect(
        "new code goes to production by itself",
        replace("src:delivery/promotion.py", "before[-1].code == release.code", "before[-1].code"),
        "CD-08",
        says="test_a_new_model_waits_for_a_person_without_being_wrong",
        suite=PROMOTION,
    ),
    defect(
        "a model that waits for a person is a failure",
        replace("src:delivery/deploy.py", '                tell(f"WAITS', '                raise ProjectError(f"WAITS'),
        "CD-08",
        says="test_a_new_model_waits_for_a_person_without_being_wrong",
        suite=PROMOTION,
    ),
    defect(
        "a promotion starts by itself",
        replace(PROMOTE, "on:\n", "on:\n  push:\n"),
        "CD-08",
        says="promote starts by itself",
        suite=GITHUB,
    ),
    defect(
        "staging is not checked at night",
        replace(VERIFY, '  schedule:\n    - cron: "7 2 * * *"\n', ""),
        "CD-08",
        says="nobody holds staging to its checks at night",
        suite=GITHUB,
    ),
    defect(
        "of two records made at once one is lost",
        replace("src:delivery/records.py", 'f"--force-with-lease={reference}:{before}"', '"--force"'),
        "CD-08",
        says="test_what_others_note_meanwhile_is_not_lost",
        suite=RECORDS,
    ),
    # CD-05, in the workflow
    defect(
        "a model is released unchecked",
        replace(DELIVER, "      - run: make check-model\n", ""),
        "CD-05",
        says="a model is released that nobody checked",
        suite=GITHUB,
    ),
    # CD-09, what is promoted
    defect(
        "production gets what was built last, and not what staging has",
        replace("src:environments.py", 'source=".promotion"', 'source=".candidate"'),
        "CD-09",
        says="test_production_gets_the_very_image_that_staging_has",
        suite=f"{PROMOTION} -k very_image",
    ),
    defect(
        "production is built anew",
        replace(PROMOTE, "      - run: make deploy\n", "      - run: make release\n      - run: make deploy\n"),
        *("CI-07", "CD-09"),
        says="it is built anew elsewhere",
        suite=GITHUB,
    ),
    defect(
        "what was not checked is released",
        replace(DELIVER, "    needs: checks\n", ""),
        *("CI-07", "CD-09"),
        says="what was not checked is released",
        suite=GITHUB,
    ),
    defect(
        "the password of the registry of images is in a command",
        replace("src:delivery/login.py", '"--password-stdin", host', '"--password", password, host'),
        "CD-09",
        says="test_password_is_typed_and_in_no_command",
        suite="tests/delivery/test_login.py",
    ),
    # CD-10, wherever it is deployed
    defect(
        "a failed check is not taken back",
        replace("src:delivery/deploy.py", "        place.back()\n", "        place.reach()\n"),
        "CD-10",
        says="test_what_fails_is_taken_back_and_noted[load]",
        suite=DEPLOY,
    ),
    defect(
        "staging is not put under load",
        replace("src:environments.py", 'after=("..checks.api", "..checks.load")', 'after=("..checks.api",)'),
        "CD-10",
        says="test_release_is_checked_before_beside_and_after_the_old_one",
        suite=DEPLOY,
    ),
    defect(
        "a rollback of a release stays where it is",
        replace("src:delivery/rollback.py", "release = served[-2]", "release = served[-1]"),
        "CD-10",
        says="test_rollback_brings_back_what_served_before",
        suite=DEPLOY,
    ),
    defect(
        "a rollback goes to what was taken back",
        replace("src:delivery/records.py", 'if record.result == "failed" or record.kind', "if record.kind"),
        "CD-10",
        says="test_rollback_passes_over_what_was_taken_back",
        suite=f"{DEPLOY} -k passes_over",
    ),
    defect(
        "the registry does not follow production",
        replace("src:environments.py", "        leads=True,\n", ""),
        "CD-10",
        says="test_the_registry_follows_production_and_nothing_else",
        suite=f"{PROMOTION} -k registry",
    ),
    defect(
        "what was stopped is said to serve",
        replace("src:delivery/records.py", "            stack.clear()\n", ""),
        "CD-10",
        says="test_what_serves_is_told_by_what_was_done",
        suite=f"{RECORDS} -k what_serves",
    ),
    defect(
        "a deployment may be cut off",
        replace(ROLLBACK, "cancel-in-progress: false", "cancel-in-progress: true"),
        "CD-10",
        says="rollback.yml: rollback may run beside another deployment, or be cut off by it",
        suite=GITHUB,
    ),
    defect(
        "staging is checked while it is deployed to",
        replace(VERIFY, "group: deploy-staging", "group: verify"),
        "CD-10",
        says="verify.yml: verify may run beside another deployment, or be cut off by it",
        suite=GITHUB,
    ),
    # META
    defect(
        "the lineage does not tell where a model serves",
        replace("src:registry.py", '"served": served(version.model)', '"served": served("")'),
        "META",
        says="test_lineage_tells_where_a_version_serves",
        suite="tests/pipeline/test_registry.py -k lineage",
    ),
    defect(
        "a model that was rolled back is said to serve",
        replace(
            "src:delivery/status.py",
            "last = records.serving(known)[-1:]",
            "last = [each.release for each in known if each.kind == 'deploy'][-1:]",
        ),
        "META",
        says="test_a_model_is_told_where_it_serves",
        suite=RECORDS,
    ),
    # 1-CI and 1-CD, as level 2 has them
    defect(
        "pull requests are not checked",
        replace(CHECKS, "  pull_request:\n", ""),
        "1-CI",
        says="test_every_change_is_checked_and_nothing_is_delivered_by_that",
        suite=GITHUB,
    ),
    defect(
        "a model goes to production although staging failed",
        replace(TRAIN, "    needs: [train, staging]\n", "    needs: [train, staging]\n    if: always()\n"),
        "1-CD",
        says="what may go on after a failure",
        suite=GITHUB,
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
        suite=f"{GITHUB} -k by_itself",
    ),
    defect(
        "monitoring looks and does nothing",
        replace(MONITOR, "- run: make act\n", "- run: make status\n"),
        "MON-02",
        says="test_workflow_watches_and_acts_by_itself",
        suite=f"{GITHUB} -k by_itself",
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


@pytest.mark.parametrize("planted", parameters(DEFECTS))
def test_defect_turns_its_own_check_red(planted: Defect, copy_of: Bake, environment: Callable[..., Path]) -> None:
    hold_to(planted, copy_of(maturity_level="2", **planted.answers), environment("none", "2"))
