"""Speed of the metrics against their reference packages: one small module a section.

A section has `run(quick) -> list[Figure]`. To add one, write the module and name it in SECTIONS.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A module of this folder, run in a process of its own."""

    name: str
    # The processor path that EVALD_CPU forces; None for the fastest.
    cpu: str | None = None


SECTIONS = (
    Section("bleu"),
    Section("rouge"),
    Section("ports"),
    Section("translation"),
    Section("transcription"),
    Section("skipped"),
    Section("answers"),
    Section("labels"),
    Section("bootstrap"),
    Section("plain_path", cpu="plain"),
    Section("threads"),
    Section("memory"),
)
