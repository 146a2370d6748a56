"""Speed of the metrics against their reference packages: one small module a section.

A section has `run(quick) -> list[Figure]`. To add one, write the module and name it in SECTIONS.
"""

from __future__ import annotations

from bench.sections import Section

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
