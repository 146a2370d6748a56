"""The environment of the torch stage has none of the references."""

from __future__ import annotations

import os

collect_ignore = ["test_parity.py"] if os.environ.get("EVALD_TORCH") == "required" else []
