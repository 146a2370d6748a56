"""Opens graphs in ONNX Runtime on the device that is asked for, and finds out how many rows they need at once.

Must not know what a graph computes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from evald.backends.folder import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from evald.backends.registry import ModelOptions
    from evald.backends.weights import OnnxFiles

_PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    # The default doubles the arena each time it grows.
    "cuda": ("CUDAExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"}),
}
# The runtime's errors quote token ids, which tell of a text; the batcher logs their class.
_FATAL_ONLY = 4
# Of inputs that hold token ids, masks or positions.
INTEGERS: dict[str, type[np.integer[Any]]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
# In the metadata of a graph that computes no padding but in attention: the width of its hidden states.
PACKED_WIDTH = "evald.packed_width"
# What is asked of a graph to find out whether its answers depend on the rows beside them.
PROBE_LENGTHS = (8, 32)
PROBE_ROWS = (1, 2, 3, 4, 7, 16)
PROBE_TEXT = "an answer must not depend on the rows that it was batched with , so we ask for it again"


def open_session(path: Path, options: ModelOptions) -> Any:
    """A session on the device that was asked for. The runtime itself falls back to the CPU without an error."""
    if options.device not in _PROVIDERS:
        raise LoadError(f"unknown device {options.device}; known are {', '.join(_PROVIDERS)}")
    provider = _PROVIDERS[options.device]
    if provider[0] not in onnxruntime.get_available_providers():
        raise LoadError(f"device {options.device} was asked for, but this onnxruntime is built without {provider[0]}")
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options.threads
    session_options.inter_op_num_threads = 1
    session_options.log_severity_level = _FATAL_ONLY
    # Spinning threads take the cores away from everything else on a busy machine.
    session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session_options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Patterns are kept by shape, and shapes vary here.
    session_options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(str(path), session_options, providers=[provider])
    except Exception as error:  # onnxruntime raises classes of its own, and RuntimeError
        raise LoadError(f"onnxruntime cannot load {path.name} ({type(error).__name__})") from error
    got = session.get_providers()[0]
    if got != provider[0]:
        raise LoadError(f"device {options.device} was asked for, but onnxruntime fell back to {got}")
    return session


def packed_width(session: Any) -> int:
    """See `ModelInfo.packed_width`. Raises LoadError."""
    found = session.get_modelmeta().custom_metadata_map.get(PACKED_WIDTH, "0")
    if not (found.isascii() and found.isdigit()):
        raise LoadError(f"the graph says {PACKED_WIDTH}={found[:20]!r}, which is no number")
    return int(found)


def check_precision(files: OnnxFiles, options: ModelOptions) -> None:
    """Refuses weights of another precision than was asked for: a graph cannot be converted here."""
    if options.precision not in ("auto", files.weights.precision):
        found = f"{files.graph.name} has {files.weights.precision}"
        raise LoadError(f"precision {options.precision} was asked for, {found}")


def least_rows(is_invariant: Callable[[int], bool]) -> tuple[int, bool]:
    """How many rows a batch must have, and whether answers do not depend on what is beside them then.

    `is_invariant` finds that out for batches of at least so many rows. Some matrix libraries take another path for a
    single row. Then single rows are run twice over, which is cheap beside answers that change with the load of the
    server.
    """
    for rows in (1, 2):
        try:
            if is_invariant(rows):
                return rows, True
        except LoadError:
            raise
        except Exception as error:  # onnxruntime raises classes of its own, and RuntimeError
            raise LoadError(f"the model fails on a first text ({type(error).__name__})") from error
    return 1, False
