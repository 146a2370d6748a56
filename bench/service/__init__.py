"""What serving costs beside computing: evald, a bare gRPC echo and a plain gRPC service, each pinned to one core.

The load comes from `evald-load` (clients/load, in Go) on another core, so a machine needs two, and Linux.
"""

from __future__ import annotations

from bench.sections import Section

SECTIONS = (Section("calls"), Section("profile"))
