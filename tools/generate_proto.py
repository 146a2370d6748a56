"""Generates the Python code of proto/ into a folder; run by `make proto` with the Python of .venv-proto.

The package is named like the folder (evald.v1), so the generated imports work as they are.
"""

from __future__ import annotations

import re
import sys
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent


def generate(out: Path) -> None:
    """Writes modules, stubs and, for files that declare a service, gRPC code."""
    proto_root = ROOT / "proto"
    files = sorted(proto_root.glob("evald/v1/*.proto"))
    flags = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    well_known = resources.files("grpc_tools") / "_proto"
    if protoc.main(["protoc", f"-I{proto_root}", f"-I{well_known}", *flags, *map(str, files)]) != 0:
        sys.exit("protoc failed")
    for file in files:
        if not re.search(r"^service\s", file.read_text(), flags=re.MULTILINE):
            # protoc writes one for every file; without a service it holds nothing.
            (out / file.relative_to(proto_root)).with_name(f"{file.stem}_pb2_grpc.py").unlink()


if __name__ == "__main__":
    generate(Path(sys.argv[1]).resolve())
