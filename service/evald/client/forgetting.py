"""What is asked of tasks: target tasks and rates of adaptation, from text forms or dicts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evald.data import split_metrics
from evald.errors import InvalidRequestError
from evald.v1 import forgetting_pb2 as pb

# A text form such as "emar(accuracy, target_task=medical, benchmark_task=general)", or its parts by name.
Emar = str | Mapping[str, str]

_FORM = "emar(METRIC, target_task=TASK, benchmark_task=TASK), perhaps with variant="
_VARIANTS = {name.removeprefix("EMAR_VARIANT_").lower(): name for name in pb.EmarVariant.keys()[1:]}
_PARTS = ("metric", "target_task", "benchmark_task", "variant")
_CALL = re.compile(r"\s*emar\s*\((.*)\)\s*", re.DOTALL)
_NAMED = re.compile(r"(target_task|benchmark_task|variant)\s*=\s*(.*)", re.DOTALL)


def forgetting_spec(forgetting: Any, target_tasks: Any, emar: Any) -> pb.ForgettingSpec | None:
    """The message; None if nothing is asked. Raises InvalidRequestError (BAD_FORGETTING)."""
    if not (forgetting is None or isinstance(forgetting, bool)):
        raise _bad("forgetting", "must be True or False; target_tasks names tasks")
    targets = [target_tasks] if isinstance(target_tasks, str) else target_tasks
    rates = [emar] if isinstance(emar, str | Mapping) else emar
    for name, value in (("target_tasks", targets), ("emar", rates)):
        if not isinstance(value, Sequence | None) or isinstance(value, bytes):
            raise _bad(name, f"must be a list, not {type(value).__name__}")
    if not (forgetting or targets or rates):
        return None
    if forgetting is False:
        raise _bad("forgetting", "is False beside target_tasks or emar: leave it out")
    for index, task in enumerate(targets or ()):
        if not isinstance(task, str):
            raise _bad(f"target_tasks[{index}]", f"must be a str, not {type(task).__name__}")
    return pb.ForgettingSpec(
        target_tasks=targets or (), emar=[_emar(one, f"emar[{index}]") for index, one in enumerate(rates or ())]
    )


def _emar(given: Any, path: str) -> pb.EmarSpec:
    parts = _parts(given, path) if isinstance(given, str) else given
    if not isinstance(parts, Mapping) or not parts.keys() <= set(_PARTS):
        raise _bad(path, f"must be written {_FORM}, or be a dict of {', '.join(_PARTS)}")
    for name, value in parts.items():
        if not isinstance(value, str | None):
            raise _bad(f"{path}.{name}", f"must be a str, not {type(value).__name__}")
    for name in _PARTS[:3]:
        if not parts.get(name):
            raise _bad(f"{path}.{name}", f"is missing: write {_FORM}")
    variant = parts.get("variant")
    if variant and variant not in _VARIANTS:
        raise _bad(f"{path}.variant", f"must be one of {', '.join(_VARIANTS)}; left out, all are computed")
    return pb.EmarSpec(
        metric=parts["metric"],
        target_task=parts["target_task"],
        benchmark_task=parts["benchmark_task"],
        variant=_VARIANTS[variant] if variant else None,
    )


def _parts(text: str, path: str) -> dict[str, str]:
    """The parts of a text form. Names of tasks with commas, parentheses or spaces at their ends go in double quotes."""
    call = _CALL.fullmatch(text)
    if call is None:
        raise _bad(path, f"must be written {_FORM}")
    try:
        first, *others = split_metrics(call[1])
    except InvalidRequestError as error:
        raise _bad(path, error.violations[0].description.removeprefix(f"{call[1][:80]!r} ")) from None
    parts = {"metric": first}
    for other in others:
        named = _NAMED.fullmatch(other)
        if named is None or named[1] in parts:
            raise _bad(path, f"{other[:80]!r} is unknown or given twice: write {_FORM}")
        parts[named[1]] = _unquoted(named[2])
    return parts


def _unquoted(text: str) -> str:
    if len(text) < 2 or not (text.startswith('"') and text.endswith('"')):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


def _bad(field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("BAD_FORGETTING", field, problem)
