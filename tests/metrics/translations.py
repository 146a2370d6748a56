"""What the parity tests of translation metrics share: real systems, and references as sacrebleu takes them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from tests.metrics.conftest import lines

SYSTEMS = ("C-3MA", "FBK", "KIT", "LIUM-NMT", "RWTH-nmt-ensemble", "online-A", "online-B", "uedin-nmt")

NEARLY_EMPTY = [("", ""), ("", "a b"), ("a b", ""), ("a b c d e", "v w x y z"), ("a", "a"), ("a b", "a b"), ("a", "b")]

References = Sequence[Sequence[str]]


def english_german(shared_data: Path) -> dict[str, list[str]]:
    """The reference and eight systems of WMT 2017 by name."""
    folder = shared_data / "mt-wmt17-en-de"
    return {name: lines(folder / f"{name}.txt") for name in ("reference", *SYSTEMS)}


def japanese(shared_data: Path, system: str) -> tuple[list[str], list[list[str]]]:
    """Predictions of a system, and references by row."""
    folder = shared_data / "mt-ted-ja"
    return lines(folder / f"{system}.txt"), single(lines(folder / "ref.txt"))


def single(references: Sequence[str]) -> list[list[str]]:
    """One reference a row."""
    return [[reference] for reference in references]


def streams(references: References) -> list[list[str | None]]:
    """References by row as sacrebleu takes them: one list a reference, None where a row has fewer."""
    width = max(len(of_row) for of_row in references)
    return [[of_row[at] if at < len(of_row) else None for of_row in references] for at in range(width)]


def one_to_three(wmt: dict[str, list[str]]) -> list[tuple[str, ...]]:
    """One to three references a row: the real one and translations of other systems."""
    choose = random.Random(5)
    pool = zip(wmt["reference"], wmt["KIT"], wmt["online-B"], strict=True)
    return [of_row[: choose.randint(1, 3)] for of_row in pool]
