"""evald: is the new model really better, where, and by how much?

    >>> import evald
    >>> result = evald.evaluate(["a b c d"], ["a b c d"], metrics=["exact_match"], replicates=0)
    >>> result["exact_match"].value
    100.0

Names are loaded when they are first used: `import evald` costs milliseconds and imports no gRPC, NumPy or pandas.
"""

# What type checkers see is in __init__.pyi: imports here would tie every room to the client.

from typing import Any

_HOMES = {
    "Client": "evald.client.sync",
    "Comparison": "evald.results",
    "Evaluation": "evald.results",
    "Model": "evald.data.table",
    "Options": "evald.client.request",
    "Table": "evald.data.table",
    "compare": "evald.embedded",
    "evaluate": "evald.embedded",
    "get_metric": "evald.embedded",
    "list_metrics": "evald.embedded",
    "read_file": "evald.data.sources",
    "table_of": "evald.data.naming",
}

__all__ = [*_HOMES]  # noqa: PLE0604 - keys of a dict of strings


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'evald' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
