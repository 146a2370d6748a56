"""The manifests are what Kubernetes' own schemas allow."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.image

Outcome = subprocess.CompletedProcess[str]


def kubeconform(root: Path, *files: Path) -> Outcome:
    program, schemas = root / "target" / "tools" / "kubeconform", root / "target" / "kubernetes"
    if not program.exists() or not (schemas / "deployment-apps-v1.json").exists():
        pytest.skip("manifests: SKIPPED as a check, there is no kubeconform; `make test-image` installs it with Go")
    location = f"{schemas}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    command = [str(program), "-strict", "-summary", "-skip", "Kustomization", "-schema-location", location]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)


def test_every_manifest_is_valid(root: Path) -> None:
    files = sorted((root / "deploy" / "kubernetes").glob("*.yaml"))
    done = kubeconform(root, *files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Valid: {len(files) - 1}, Invalid: 0, Errors: 0, Skipped: 1" in done.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("terminationGracePeriodSeconds: 45", "terminationGracePeriod: 45"),
        ("containerPort: 9090", "containerPort: http"),
        ("periodSeconds: 10", "everySeconds: 10"),
        ("apiVersion: apps/v1", "apiVersion: apps/v2"),
    ],
)
def test_a_mistake_is_found(root: Path, tmp_path: Path, right: str, wrong: str) -> None:
    text = (root / "deploy" / "kubernetes" / "deployment.yaml").read_text()
    assert right in text
    (tmp_path / "deployment.yaml").write_text(text.replace(right, wrong))
    assert kubeconform(root, tmp_path / "deployment.yaml").returncode != 0
