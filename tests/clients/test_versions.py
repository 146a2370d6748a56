"""Clients carry the version of evald."""

from __future__ import annotations

import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET


def test_java_has_the_version_of_evald(root: Path) -> None:
    evald = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    project = ET.parse(root / "clients" / "java" / "pom.xml").getroot()  # noqa: S314 - our own file
    assert project.findtext("{http://maven.apache.org/POM/4.0.0}version") == evald
