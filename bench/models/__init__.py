"""Speed of models behind the batcher, over gRPC, against plain loops and transformers: one small module a section.

Needs the libraries of the extra `torch`, which make the models that are measured.
"""

from __future__ import annotations

from bench.sections import Section

SECTIONS = (
    Section("throughput"),
    Section("pipelines"),
    Section("callers"),
    Section("likelihood"),
    Section("torch_loop"),
)
