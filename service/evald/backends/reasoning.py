"""What a model wrote before its answer. Must not know who wrote it."""

from __future__ import annotations

_USUAL = "<think>...</think>"
_BETWEEN = "..."

Marks = tuple[str, str]


def marks_of(setting: str, usual: bool) -> Marks | None:
    """What stands around reasoning by a setting: "auto" (the usual marks, if `usual`), "off" or START...END."""
    if setting == "off" or (setting == "auto" and not usual):
        return None
    start, _, end = (_USUAL if setting == "auto" else setting).partition(_BETWEEN)
    return start, end


def split(text: str, marks: Marks | None) -> tuple[str, str]:
    """Reasoning and answer of what a model wrote."""
    if marks is None:
        return "", text
    start, end = marks
    before, found, answer = text.partition(end)
    if found:
        # Some templates write the start themselves, so that it is not part of the answer.
        return before.strip().removeprefix(start).strip(), answer.strip()
    if text.lstrip().startswith(start):
        return text.strip().removeprefix(start).strip(), ""
    return "", text
