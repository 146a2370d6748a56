"""Writes JSON schemas of Kubernetes' objects, one file a kind, from the OpenAPI document of k8s.io/kubernetes.

    python tools/kubernetes_schemas.py VERSION FOLDER

Needs Go, which downloads and verifies the module. kubeconform reads FOLDER/{{.ResourceKind}}{{.KindSuffix}}.json.
A field that no schema has is an error. The public collections of such schemas are repositories of gigabytes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_REF = "#/definitions/"
Schema = dict[str, Any]


def schemas(document: Schema) -> Iterator[tuple[str, Schema]]:
    """Names of files and their schemas, each with the definitions that it needs."""
    definitions = {name: _strict(schema) for name, schema in document["definitions"].items()}
    for name, schema in definitions.items():
        for kind in schema.get("x-kubernetes-group-version-kind", ()):
            group = kind["group"].partition(".")[0]
            file = "-".join(part for part in (kind["kind"], group, kind["version"]) if part).lower()
            needed = _reachable(name, definitions)
            version = "/".join(part for part in (kind["group"], kind["version"]) if part)
            yield f"{file}.json", _of_kind(schema, kind["kind"], version) | {"definitions": needed}


def _of_kind(schema: Schema, kind: str, version: str) -> Schema:
    fixed = {"apiVersion": {"enum": [version]}, "kind": {"enum": [kind]}}
    return schema | {"properties": schema.get("properties", {}) | fixed, "required": ["apiVersion", "kind"]}


def _strict(node: Any) -> Any:
    """The same schema, but unknown fields are refused; what may be written as a number or a text may be either."""
    if isinstance(node, list):
        return [_strict(one) for one in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string" or "Quantity" in str(node.get("$ref")):
        return {"type": ["string", "number"]}
    strict = {key: _strict(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict) and "type" in node and "additionalProperties" not in node:
        strict["additionalProperties"] = False
    return strict


def _reachable(name: str, definitions: dict[str, Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    todo = list(_references(definitions[name]))
    while todo:
        one = todo.pop()
        if one not in found:
            found[one] = definitions[one]
            todo += _references(definitions[one])
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REF)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _references(one)


def main(version: str, folder: Path) -> None:
    """Writes all files."""
    folder.mkdir(parents=True, exist_ok=True)
    module = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"]
    found = json.loads(subprocess.run(module, capture_output=True, text=True, check=True).stdout)
    source = Path(found["Dir"]) / "api" / "openapi-spec" / "swagger.json"
    written = 0
    for name, schema in schemas(json.loads(source.read_text())):
        (folder / name).write_text(json.dumps(schema))
        written += 1
    print(f"{written} schemas in {folder}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
