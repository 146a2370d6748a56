"""Builds and runs the image with buildah, podman and runc, in a storage of its own, on bases made of Debian's packages.

Needs root and Debian's packages buildah, podman, runc and mmdebstrap, but no registry and no engine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TOOLS = ("buildah", "podman", "runc", "mmdebstrap")
# Debian 13, as the bases that the Dockerfile names.
SUITE = "trixie"
BUILD_BASE, RUNTIME_BASE = "localhost/evald-build-base", "localhost/evald-runtime-base"
# What the distroless base has: Python, C++, certificates, a user; no shell and no package manager's database.
RUNTIME_PACKAGES = "python3.13,ca-certificates,libstdc++6,media-types"
RUNTIME_HOOKS = (
    'for d in bin sbin lib lib64; do ln -s usr/$d "$1/$d"; done; ln -s python3.13 "$1/usr/bin/python3"',
    'echo "nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin" >"$1/etc/passwd"',
)
# What the image with a compiler for Rust has beside that; the compiler is this machine's, mounted.
BUILD_PACKAGES = "gcc,libc6-dev,ca-certificates,python3-venv"
RUST = "/usr/local/rust"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# runc may not raise limits where this machine's are lower than podman's defaults.
ULIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")


class CannotRunError(Exception):
    """Containers cannot be built or run here; the text says why."""


def run(command: Sequence[str], **options: Any) -> str:
    """Standard output of a command; raises with the end of its standard error."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, check=False, **options
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout.strip()


class Podman:
    """A storage with the two bases, and what is built and run in it. Raises CannotRunError."""

    def __init__(self, folder: Path) -> None:
        _check_tools()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        storage = ("--root", str(folder / "storage"), "--runroot", str(folder / "run"), "--storage-driver", "overlay")
        self.buildah = ("buildah", *storage)
        self.podman = ("podman", *storage, "--cgroup-manager", "cgroupfs", "--runtime", "runc")
        self.sysroot = _sysroot()
        try:
            self._make_base(RUNTIME_BASE, "extract", RUNTIME_PACKAGES, RUNTIME_HOOKS)
            self._check_running()
            self._make_base(BUILD_BASE, "apt", BUILD_PACKAGES, ())
        except RuntimeError as error:
            # No overlay, no cgroups, no mirror of Debian: nothing of that is evald's.
            raise CannotRunError(f"containers do not work here: {' '.join(str(error).split())[-400:]}") from error

    def build(self, command: str, root: Path) -> None:
        """Runs a `docker build` command of the documentation, with our bases and this machine's compiler."""
        given = "docker build "
        assert command.startswith(given), command
        volumes = [f"{self.sysroot}:{RUST}:ro"]
        if Path(CERTIFICATES).exists():
            volumes.append(f"{CERTIFICATES}:{CERTIFICATES}:ro")
        flags = [
            # Without layers to reuse: buildah 1.28 takes those whose labels other arguments made.
            *("--isolation", "chroot", "--build-arg", "PROFILE=quick"),
            *("--build-arg", f"BUILD_BASE={BUILD_BASE}", "--build-arg", f"RUNTIME_BASE={RUNTIME_BASE}"),
            *(part for volume in volumes for part in ("--volume", volume)),
        ]
        words = " ".join([*self.buildah, "bud", *flags])
        run(["bash", "-euc", command.replace(given, f"{words} ", 1)], cwd=root)
        # The image that had this name before.
        run([*self.podman, "image", "prune", "--force"])

    def inspect(self, name: str) -> Any:
        """What podman knows of an image or a container."""
        return json.loads(run([*self.podman, "inspect", name]))[0]

    def mount(self, image: str) -> Path:
        """The files of an image, to be read."""
        return Path(run([*self.podman, "image", "mount", image]))

    def unmount(self, image: str) -> None:
        run([*self.podman, "image", "unmount", image])

    def _make_base(self, name: str, variant: str, packages: str, hooks: Sequence[str]) -> None:
        known = run([*self.buildah, "images", "--format", "{{.Name}}"]).splitlines()
        if name in known:
            return
        folder = self._folder / name.rpartition("/")[2]
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        options = [f"--variant={variant}", f"--include={packages}", '--aptopt=APT::Install-Recommends "false"']
        options += [f"--extract-hook={hook}" for hook in hooks]
        run(["mmdebstrap", "--quiet", *options, SUITE, str(folder / "base.tar")])
        path = f"{RUST}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        (folder / "Dockerfile").write_text(f"FROM scratch\nADD base.tar /\nENV PATH={path}\n")
        run([*self.buildah, "bud", "--isolation", "chroot", "--tag", name, str(folder)])
        shutil.rmtree(folder)

    def _check_running(self) -> None:
        command = [*self.podman, "run", "--rm", *ULIMITS, "--publish", "127.0.0.1::9090", "--memory", "64m"]
        run([*command, "--read-only", "--user", "65532:65532", RUNTIME_BASE, "/usr/bin/python3", "-c", "pass"])


def _check_tools() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise CannotRunError(f"there is no {' and no '.join(missing)}; try: apt-get install {' '.join(TOOLS)}")
    if os.geteuid() != 0:
        raise CannotRunError("building and running containers with runc needs root here")


def _sysroot() -> Path:
    sysroot = Path(run(["rustc", "--print", "sysroot"]))
    if not (sysroot / "bin" / "cargo").exists() or sysroot == Path("/usr"):
        raise CannotRunError(f"the Rust toolchain in {sysroot} cannot be mounted into a container; rustup's can")
    return sysroot
