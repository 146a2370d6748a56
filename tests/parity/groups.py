"""The groups of checks by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.parity.answers import answers
from tests.parity.choices import choices
from tests.parity.runner import Check
from tests.parity.transcription import transcription
from tests.parity.translation import translation

GROUPS: dict[str, Callable[[], list[Check]]] = {
    "translation": translation,
    "transcription": transcription,
    "answers": answers,
    "choices": choices,
}
