"""One running container of the image."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.deploy.containers import ULIMITS, run
from tests.server.conftest import Api, http, wait_until

if TYPE_CHECKING:
    from tests.deploy.containers import Podman

_MODELS = '--volume "$PWD/examples/models:/models:ro" --env EVALD_MODELS_DIR=/models'


class Container:
    """The `docker run` command of the documentation, in the background and on free ports."""

    def __init__(
        self,
        podman: Podman,
        documented: str,
        root: Path,
        name: str,
        flags: Sequence[str] = (),
        command: Sequence[str] = (),
        models: bool = True,
    ) -> None:
        self._podman = (*podman.podman,)
        self.name = f"evald-test-{name}"
        self.remove()
        words = " ".join([*self._podman, "run", "--detach", *ULIMITS, *flags])
        for here, there in (
            ("docker run --rm --name evald ", f"{words} --name {self.name} "),
            ("127.0.0.1:50051:50051", "127.0.0.1::50051"),
            ("127.0.0.1:9090:9090", "127.0.0.1::9090"),
            (_MODELS, _MODELS if models else ""),
        ):
            assert here in documented, f"docs/deploy.md no longer has {here!r}"
            documented = documented.replace(here, there)
        run(["bash", "-euc", f"{documented} {' '.join(command)}"], cwd=root)
        self.grpc, self.http = (self._port(port) for port in (50051, 9090))
        self.api = Api(self.grpc)

    def _port(self, port: int) -> str:
        return run([*self._podman, "port", self.name, str(port)])

    @property
    def state(self) -> Any:
        """What podman knows of the process: Running, Pid, ExitCode."""
        return self.inspect()["State"]

    def inspect(self) -> Any:
        return json.loads(run([*self._podman, "inspect", self.name]))[0]

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an operations page; 0 while nothing answers."""
        try:
            return http(self.http, path)
        except OSError:
            return 0, ""

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self.state["Running"], self.logs()
            return self.get("/readyz")[0] == 200

        wait_until(ready)

    def python(self, program: str) -> str:
        """What a program prints that runs in the container, as its user."""
        return run([*self._podman, "exec", self.name, "/opt/evald/bin/python", "-c", program])

    def logs(self) -> str:
        done = subprocess.run([*self._podman, "logs", self.name], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def stop(self, seconds: int) -> subprocess.Popen[bytes]:
        """Begins to stop it: SIGTERM, and SIGKILL after `seconds`."""
        command = [*self._podman, "stop", "--time", str(seconds), self.name]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def remove(self) -> None:
        subprocess.run([*self._podman, "rm", "--force", "--time", "0", self.name], capture_output=True, check=False)
