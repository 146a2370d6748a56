"""deploy/kubernetes fits the server: what a schema cannot know."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from evald.__main__ import _parser
from evald.settings import FIELDS, Settings, load, split_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Server

# Of the server, beside its two settings: app.py's _LAST_WORDS_SECONDS.
LAST_WORDS = 2
# What a server without models needs itself, with its threads and what the allocator keeps.
OWN_BYTES = 512 << 20
UNITS = {"Mi": 1 << 20, "Gi": 1 << 30}


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def objects(folder: Path) -> dict[str, Any]:
    """Every object by kind and name."""
    documents = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in documents if one["kind"] != "Kustomization"}


@pytest.fixture(scope="module")
def pod(objects: dict[str, Any]) -> Any:
    return objects["Deployment/evald"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod: Any) -> Any:
    (only,) = pod["containers"]
    return only


@pytest.fixture(scope="module")
def settings(container: Any) -> Settings:
    """What the server makes of the container's arguments."""
    flags = vars(_parser().parse_args(container["args"]))
    return load({name: value for name, value in flags.items() if name in FIELDS}, environ={})


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def test_kustomize_takes_every_file(folder: Path) -> None:
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")


def test_everything_is_in_the_namespace_that_is_restricted(objects: dict[str, Any]) -> None:
    namespace = objects["Namespace/evald"]["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [one["metadata"] for kind, one in objects.items() if not kind.startswith("Namespace/")]
    assert len(others) == 3
    assert {one["namespace"] for one in others} == {namespace["name"]}


def test_the_tag_is_the_version(root: Path, folder: Path, container: Any) -> None:
    version = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    (image,) = yaml.safe_load((folder / "kustomization.yaml").read_text())["images"]
    assert container["image"] == f"evald:{version}"
    assert image == {"name": "evald", "newName": "evald", "newTag": version}


def test_probes_ask_for_pages_that_a_server_has(
    container: Any, settings: Settings, start_server: Callable[..., Server]
) -> None:
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {
        "grpc": split_address(settings.grpc_address)[1],
        "http": split_address(settings.http_address)[1],
    }
    probes = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    server = start_server()
    try:
        server.wait_until(lambda: server.app.ready)
        for probe in probes.values():
            assert probe["port"] == "http"
            assert server.get(probe["path"])[0] == 200
    finally:
        server.close()
    assert [probe["path"] for probe in probes.values()] == ["/startupz", "/readyz", "/livez"]


def test_a_pod_is_reached_from_outside(settings: Settings) -> None:
    for address in (settings.grpc_address, settings.http_address):
        assert split_address(address)[0] == "0.0.0.0"  # noqa: S104 (what is tested)
    # Which no server is that nobody told to.
    assert split_address(Settings().grpc_address)[0] == split_address(Settings().http_address)[0] == "127.0.0.1"


def test_a_pod_is_not_killed_while_it_drains(pod: Any, container: Any, settings: Settings) -> None:
    assert pod["terminationGracePeriodSeconds"] > settings.pre_stop_seconds + settings.grace_seconds + LAST_WORDS
    # The kubelet would send SIGTERM after the hook only, and the server waits again.
    assert "lifecycle" not in container
    readiness = container["readinessProbe"]
    assert settings.pre_stop_seconds > readiness["periodSeconds"] * readiness["failureThreshold"]


def test_memory_is_enough_for_the_calls_that_are_let_in(container: Any, settings: Settings) -> None:
    resources = container["resources"]
    assert size(resources["limits"]["memory"]) >= 3 * settings.max_bytes_in_progress + OWN_BYTES
    assert resources["limits"]["memory"] == resources["requests"]["memory"]
    assert int(resources["requests"]["cpu"]) == settings.scoring_threads


def selected(objects: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    for kind, one in objects.items():
        if kind.startswith("Service/"):
            yield kind, one["spec"]["selector"]
        if kind.startswith("Deployment/"):
            yield kind, one["spec"]["selector"]["matchLabels"]


def test_selectors_find_the_pods_and_ports_are_the_containers(objects: dict[str, Any], container: Any) -> None:
    labels = objects["Deployment/evald"]["spec"]["template"]["metadata"]["labels"]
    selectors = dict(selected(objects))
    assert len(selectors) == 3
    for kind, selector in selectors.items():
        assert selector.items() <= labels.items(), kind
    named = {port["name"] for port in container["ports"]}
    services = [one["spec"] for kind, one in objects.items() if kind.startswith("Service/")]
    assert all(port["targetPort"] in named for spec in services for port in spec["ports"])
    assert objects["Service/evald-headless"]["spec"]["clusterIP"] == "None"


def test_the_pod_keeps_the_rules_of_restricted(pod: Any, container: Any) -> None:
    """Those of the Pod Security Standards, and a few that they leave open."""
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
    assert all("hostPort" not in port for port in container["ports"])
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert all(volume.keys() == {"name", "emptyDir"} for volume in volumes.values())
    assert all("sizeLimit" in volume["emptyDir"] for volume in volumes.values())
    assert {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]} == {"tmp": "/tmp"}  # noqa: S108 (in the pod)
