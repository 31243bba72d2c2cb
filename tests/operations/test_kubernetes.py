"""Kubernetes: each field is one that there is, and what the files name exists."""

import re
from typing import Any

import aiohttp
import kubernetes_validate
import pytest
import yaml

from server.cli.examples import example
from server.house import HOUSE
from server.processes.supervisor import _GRACE_S
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.operations.promql import selectors_in
from tests.operations.shipped import SECRETS, documents, image, settings_of
from tests.running import running

OF_OTHERS = {"PodMonitor"}
"""Kinds that a program in the cluster defines, not Kubernetes."""
OLDEST = "1.30"
"""The oldest version that the file says it is for."""


def every() -> list[dict[str, Any]]:
    return [*documents("kubernetes"), *documents("autoscaling")]


def one(kind: str) -> dict[str, Any]:
    [found] = [each for each in every() if each["kind"] == kind]
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = one("Deployment")["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    [found] = pod()["containers"]
    assert isinstance(found, dict)
    return found


def env() -> dict[str, str]:
    """The variables of a container: those of the image, and those of the pod over them."""
    found = {k: v for k, v in image()[-1].env.items() if k.startswith("LIVEROOM_")}
    for each in container()["env"]:
        found[each["name"]] = each.get("value") or SECRETS[each["name"]]
    return found


@pytest.mark.parametrize("document", every(), ids=lambda each: each["kind"])
@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
def test_every_field_is_one_that_kubernetes_has(document: dict[str, Any], version: str) -> None:
    if document["kind"] in OF_OTHERS:
        assert document["apiVersion"] == "monitoring.coreos.com/v1"
        return
    assert f"Kubernetes {OLDEST} or newer" in example("kubernetes")
    kubernetes_validate.validate(document, version, strict=True)


def test_the_pod_is_that_of_the_image_and_has_no_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    run = image()[-1]
    user = int(run.only("USER").value.partition(":")[0])
    rights = pod()["securityContext"]
    assert rights["runAsNonRoot"] is True
    assert {rights[name] for name in ("runAsUser", "runAsGroup", "fsGroup")} == {user}
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "command" not in container()  # the image's ENTRYPOINT
    assert container()["args"] == run.only("CMD").words
    assert pod()["enableServiceLinks"] is False
    assert pod()["automountServiceAccountToken"] is False

    settings = settings_of(env(), monkeypatch)
    assert settings.mode == "production"
    assert settings.server.trusted_proxies
    assert settings.records.url.startswith("postgresql://")
    [port] = container()["ports"]
    assert port == {"name": "http", "containerPort": settings.server.port}
    mounted = {each["mountPath"]: each["name"] for each in container()["volumeMounts"]}
    assert mounted.keys() == {settings.data.dir, "/tmp"}
    assert sorted(mounted.values()) == sorted(each["name"] for each in pod()["volumes"])


def test_secrets_are_named_and_never_written() -> None:
    keys = set()
    for each in container()["env"]:
        is_secret = each["name"] in SECRETS
        assert ("valueFrom" in each) == is_secret, each
        if is_secret:
            named = each["valueFrom"]["secretKeyRef"]
            assert named["name"] == "liveroom"
            keys.add(named["key"])
    head = example("kubernetes").partition("apiVersion")[0]
    assert set(re.findall(r"--from-literal=([\w-]+)=", head)) == keys
    assert len(keys) == len(SECRETS)


def test_a_pod_that_goes_has_time_to_move_its_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    drain_s = settings_of(env(), monkeypatch).server.drain_s
    before_s = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod()["terminationGracePeriodSeconds"] > before_s + drain_s + _GRACE_S
    # By then the pod's place in the Service is known to be gone.
    readiness = container()["readinessProbe"]
    assert before_s > readiness["periodSeconds"]
    scale_down = one("HorizontalPodAutoscaler")["spec"]["behavior"]["scaleDown"]
    [step] = scale_down["policies"]
    assert (step["type"], step["value"]) == ("Pods", 1)
    assert step["periodSeconds"] > pod()["terminationGracePeriodSeconds"]
    budget = one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    deployed = one("Deployment")["spec"]
    assert deployed["replicas"] > 1
    assert deployed["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.blocking_allowed
async def test_the_probes_ask_what_a_server_answers(make_settings: MakeSettings) -> None:
    settings = make_settings(redis={"durability": "memory"})  # ready is who can store
    probes = [container()[name] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    paths = [probe["httpGet"]["path"] for probe in probes]
    monitor = one("PodMonitor")["spec"]["podMetricsEndpoints"]
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        for path in (*paths, *(each["path"] for each in monitor)):
            async with session.get(worker.url + path) as answer:
                assert answer.status == 200, path
    ready, alive = paths[1], {paths[0], paths[2]}
    assert (ready, alive) == ("/readyz", {"/healthz"})
    assert {probe["httpGet"]["port"] for probe in probes} | {each["port"] for each in monitor} == {
        "http"
    }


def test_whatever_names_the_pods_names_them_by_their_labels() -> None:
    labels = one("Deployment")["spec"]["template"]["metadata"]["labels"]
    selected = [
        one("Deployment")["spec"]["selector"]["matchLabels"],
        one("Service")["spec"]["selector"],
        one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        one("PodMonitor")["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod()["topologySpreadConstraints"]),
    ]
    assert [each for each in selected if each != labels] == []
    for kind in ("Service", "NetworkPolicy"):
        spec = one(kind)["spec"]
        named = (
            [port["targetPort"] for port in spec["ports"]]
            if kind == "Service"
            else [port["port"] for rule in spec["ingress"] for port in rule["ports"]]
        )
        assert named == ["http"]


def test_the_autoscaler_asks_for_a_metric_that_comes_to_it() -> None:
    scaled = one("HorizontalPodAutoscaler")["spec"]
    deployed = one("Deployment")
    target = scaled["scaleTargetRef"]
    assert (target["apiVersion"], target["kind"]) == (deployed["apiVersion"], deployed["kind"])
    assert target["name"] == deployed["metadata"]["name"]
    assert scaled["minReplicas"] >= deployed["spec"]["replicas"]
    [metric] = [each["pods"] for each in scaled["metrics"]]

    [rule] = yaml.safe_load(one("ConfigMap")["data"]["config.yaml"])["rules"]
    [series] = selectors_in(rule["seriesQuery"])
    gauges = {f.name for f in Metrics().registry.collect() if f.type == "gauge"}
    assert series.metric in gauges
    assert re.fullmatch(rule["name"]["matches"], series.metric)
    assert rule["name"]["as"] == metric["metric"]["name"]
    # Of a pod's workers, one sample each: their sum is the pod's.
    assert rule["metricsQuery"] == "sum by (<<.GroupBy>>) (<<.Series>>{<<.LabelMatchers>>})"
    assert set(rule["resources"]["overrides"]) == {each.label for each in series.matchers}
    wanted = int(metric["target"]["averageValue"])
    defaults = HOUSE.settings_model.model_validate({"jwt": {"secret": "s" * 32}})
    assert 0 < wanted < defaults.edge.connections_max
