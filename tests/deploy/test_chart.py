"""The Helm chart: what Helm makes of it, held against the schemas of Kubernetes and its meaning."""

import json
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
from charts import helm, rendered
from typer.main import get_command

from service.cli.app import app
from service.node import Role
from service.router.routes_file import load_routes
from service.settings import PREFIX, known_keys

CHART = Path(__file__).parents[2] / "deploy/helm/senoscope"
PODS = "10.244.0.0/16"
SITE = (f"canary.networks={{{PODS}}}",)
"""What every site must say."""
BACKUP = ("backup.enabled=true", "backup.existingClaim=backups")
EVERYTHING = ("worker.gpu.enabled=true", "keda.enabled=true", "listener.replicas=2", *BACKUP)
KEDA = {
    "scaleTargetRef",
    "minReplicaCount",
    "maxReplicaCount",
    "cooldownPeriod",
    "pollingInterval",
    "triggers",
}
"""What we may say to KEDA: config/crd/bases/keda.sh_scaledobjects.yaml of kedacore/keda."""
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
}
"""Pod Security Standards, restricted, and a root that nobody writes to."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return helm(tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="module")
def objects(program):
    """All that the chart can make."""
    return rendered(program, CHART, *SITE, *EVERYTHING)


def of_kind(objects, kind):
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def pods(objects):
    jobs = of_kind(objects, "CronJob")
    templated = {name: one["spec"]["jobTemplate"] for name, one in jobs.items()}
    templated |= of_kind(objects, "Deployment")
    return {name: one["spec"]["template"]["spec"] for name, one in templated.items()}


def containers(objects):
    return {name: pod["containers"][0] for name, pod in pods(objects).items()}


def test_helm_finds_nothing(program):
    command = [program, "lint", "--strict", CHART, "--set", *SITE]

    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stdout


@pytest.mark.parametrize("version", ["1.27", "1.37"])
@pytest.mark.parametrize("sets", [SITE, (*SITE, *EVERYTHING)], ids=["as it comes", "everything"])
def test_every_object_is_as_kubernetes_says(program, version, sets):
    made = [one for one in rendered(program, CHART, *sets) if one["kind"] != "ScaledObject"]

    for one in made:
        kubernetes_validate.validate(one, version, strict=True)

    assert len(made) > 10


def test_each_role_has_a_deployment_and_workers_have_one_for_each_kind_of_device(objects):
    commands = [one["command"] for one in containers(objects).values()]

    roles = [command[-1] for command in commands if command[1:2] == ["serve"]]

    assert sorted(roles) == sorted(set(Role) - {Role.WORKER})
    assert ["senoscope", "worker", "--device", "cpu"] in commands
    assert ["senoscope-gpu-worker"] in commands


def test_a_canary_is_believed_from_the_networks_alone_that_a_site_names(objects):
    name = f"{PREFIX}CANARY__NETWORKS"

    told = {e["value"] for c in containers(objects).values() for e in c["env"] if e["name"] == name}

    assert [json.loads(one) for one in told] == [[PODS]]


def test_a_worker_for_gpus_has_one_each(objects):
    worker = containers(objects)["s-worker-gpu"]

    assert worker["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert worker["image"].endswith("-gpu")


def test_every_variable_of_ours_is_a_setting_and_every_secret_a_file(objects):
    settings = {PREFIX + key.upper().replace(".", "__") for key in known_keys()}
    given = {each["name"]: each for one in containers(objects).values() for each in one["env"]}
    files = {name: each["value"] for name, each in given.items() if "FILE" in name}

    assert set(given) <= settings
    assert all(value.startswith("/run/secrets/senoscope/") for value in files.values())
    assert {f"{PREFIX}LEDGER__PASSWORD_FILE", f"{PREFIX}QUEUE__PASSWORD_FILE"} <= set(files)


def test_no_pod_may_do_more_than_it_must(objects):
    for name, pod in pods(objects).items():
        assert pod["containers"][0]["securityContext"] == RESTRICTED, name
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["containers"][0]["resources"]["limits"]["memory"]


def test_every_pod_is_asked_whether_it_lives_and_is_given_time_to_drain(objects):
    lasting = of_kind(objects, "Deployment")
    for name, one in ((name, containers(objects)[name]) for name in lasting):
        assert {"livenessProbe", "startupProbe"} <= set(one), name
        if "worker" not in name:
            assert {"readinessProbe", "lifecycle"} <= set(one), name
    grace = {name: pods(objects)[name]["terminationGracePeriodSeconds"] for name in lasting}
    assert grace["s-worker-gpu"] == grace["s-worker-cpu"] == 960
    assert min(grace.values()) == 60


def test_what_is_selected_is_there(objects):
    labels = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in of_kind(objects, "Deployment").values()
    ]
    selectors = [one["spec"]["selector"] for one in of_kind(objects, "Service").values()]
    selectors += [
        one["spec"]["selector"]["matchLabels"]
        for one in of_kind(objects, "PodDisruptionBudget").values()
    ]
    selectors += [
        one["spec"]["podSelector"]["matchLabels"]
        for one in of_kind(objects, "NetworkPolicy").values()
    ]

    unmet = [one for one in selectors if not any(one.items() <= each.items() for each in labels)]

    assert len(selectors) == 11
    assert unmet == []


def test_what_is_mounted_is_there(objects):
    claims, maps = of_kind(objects, "PersistentVolumeClaim"), of_kind(objects, "ConfigMap")
    for pod in pods(objects).values():
        volumes = {one["name"]: one for one in pod["volumes"]}
        mounted = {one["name"] for one in pod["containers"][0]["volumeMounts"]}

        assert mounted == set(volumes)
        assert volumes["data"]["persistentVolumeClaim"]["claimName"] in claims
        assert volumes["routes"]["configMap"]["name"] in maps


def test_a_backup_is_made_by_a_command_of_ours_into_the_claim_that_is_named(objects):
    pod = pods(objects)["s-backup"]
    (container,) = pod["containers"]
    claims = {
        one["name"]: one["persistentVolumeClaim"]["claimName"]
        for one in pod["volumes"]
        if "persistentVolumeClaim" in one
    }
    mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}

    program, name, *rest = container["command"]
    told = get_command(app).commands[name].make_context(name, list(rest)).params

    assert program == "senoscope"
    assert claims[mounted[str(told["shelf"])]] == "backups"
    assert claims[mounted["/var/lib/senoscope"]] == "s-data"


def test_the_routes_are_routes(objects, tmp_path):
    file = tmp_path / "routes.toml"
    file.write_text(of_kind(objects, "ConfigMap")["s-routes"]["data"]["routes.toml"])

    routes = load_routes(file, ["super-resolution"])

    assert [route.name for route in routes.routes] == ["screening"]


def test_workers_are_scaled_by_the_jobs_that_wait_as_keda_is_told(objects):
    scaled = of_kind(objects, "ScaledObject")

    targets = {one["spec"]["scaleTargetRef"]["name"] for one in scaled.values()}
    triggers = [one for each in scaled.values() for one in each["spec"]["triggers"]]

    assert targets == {"s-worker-cpu", "s-worker-gpu"}
    assert all(set(one["spec"]) <= KEDA for one in scaled.values())
    assert all(isinstance(value, str) for one in triggers for value in one["metadata"].values())
    assert all('senoscope_jobs{state="queued"' in one["metadata"]["query"] for one in triggers)
    # KEDA says how many: the Deployment must not say it too.
    deployments = of_kind(objects, "Deployment")
    assert [name for name in targets if "replicas" in deployments[name]["spec"]] == []


def test_an_update_takes_every_pod_away_before_it_starts_the_next(objects):
    strategies = [one["spec"]["strategy"] for one in of_kind(objects, "Deployment").values()]

    assert len(strategies) == 6
    assert all(one == {"type": "Recreate"} for one in strategies)


def test_what_is_stopped_has_no_pod_and_nothing_starts_one(program):
    told_by_us = rendered(program, CHART, *SITE, *BACKUP, "stopped=true")
    told_by_keda = rendered(program, CHART, *SITE, "stopped=true", "keda.enabled=true")

    deployments = of_kind(told_by_us, "Deployment").values()
    scaled = of_kind(told_by_keda, "ScaledObject").values()

    assert {one["spec"]["replicas"] for one in deployments} == {0}
    assert of_kind(told_by_us, "CronJob")["s-backup"]["spec"]["suspend"]
    paused = [one["metadata"]["annotations"] for one in scaled]
    assert paused == [{"autoscaling.keda.sh/paused-replicas": "0"}]


def test_with_the_spool_in_s3_no_volume_is_shared(program):
    sets = ("data.ephemeral=true", "environment.SENOSCOPE_SPOOL__URL=s3://bucket/mammo")

    made = rendered(program, CHART, *SITE, *sets)

    volumes = [one for pod in pods(made).values() for one in pod["volumes"]]
    assert not of_kind(made, "PersistentVolumeClaim")
    assert not any("persistentVolumeClaim" in one for one in volumes)


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("worker.gpus.enabled=true", "gpus"),
        ("ledger.url=sqlite:///ledger", "/ledger/url"),
        ("networkPolicy.senders={modality-1}", "/networkPolicy/senders/0"),
        ("environment.SENOSCOP_X=1", "SENOSCOP_X"),
        ("data.ephemeral=true", "SENOSCOPE_SPOOL__URL"),
        ("backup.enabled=true", "backup.existingClaim"),
        ("canary.networks=null", "canary.networks: name"),
        ("canary.networks={pods}", "/canary/networks/0"),
    ],
)
def test_a_mistake_in_the_values_is_named(program, mistake, told):
    command = [program, "template", "s", CHART, "--set", *SITE, "--set", mistake]

    answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode != 0
    assert told in answer.stderr
