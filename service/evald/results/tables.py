"""Results as tables for papers and for other programs: Markdown, LaTeX, CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal

from evald.results import text

if TYPE_CHECKING:
    from evald.results.findings import Comparison, Evaluation

Style = Literal["md", "latex", "csv"]
STYLES = ("md", "latex", "csv")

_MARKDOWN = str.maketrans({char: f"\\{char}" for char in "\\`*_|[]<>"})
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{char: f"\\{char}" for char in "&%$#_{}"},
        **{char: f"${char}$" for char in "<>|"},
        "–": "--",
        "▲": r"$\uparrow$",
        "▼": r"$\downarrow$",
        "·": r"$\cdot$",
    }
)
# A hyphen in front of a number is a minus; in a name it stays a hyphen.
_SIGN = re.compile(r"(?<!\w)([-+])(?=\d)")


def evaluation(result: Evaluation, style: Style) -> str:
    """One line a system and metric."""
    if style == "csv":
        return _csv([{"system": system.name, **flat(one)} for system in result.systems for one in system.metrics])
    return _drawn(text.metric_head(result), text.metric_cells(result), [], style)


def comparison(result: Comparison, style: Style) -> str:
    """One line a candidate and metric."""
    if style == "csv":
        return _csv([{"baseline": result.baseline, **flat(one)} for one in result.comparisons])
    head = ["candidate", "metric", result.baseline, "candidate", *text.paired_head(result)]
    rows = [
        [one.candidate, one.metric, *text.paired_cells(result, one), text.verdict(one)] for one in result.comparisons
    ]
    gates = result.gate.candidates if result.gate is not None else ()
    return _drawn(head, rows, text.families(result) + [text.gate_line(one) for one in gates], style)


def flat(found: Any, prefix: str = "") -> dict[str, Any]:
    """The numbers and words of a result by name; those of its parts by path, lists left out."""
    record: dict[str, Any] = {}
    for field in fields(found):
        name, value = prefix + field.name, getattr(found, field.name)
        if is_dataclass(value):
            record |= flat(value, f"{name}.")
        elif isinstance(value, Mapping):
            record |= {f"{name}.{key}": part for key, part in value.items()}
        elif isinstance(value, bool):
            record[name] = str(value).lower()
        elif isinstance(value, str):
            record[name] = text.printable(value)
        elif value is None or isinstance(value, int | float):
            record[name] = value
    return record


def _csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Every number at full precision, nothing where there is none."""
    written = io.StringIO()
    names = dict.fromkeys(name for record in records for name in record)
    writer = csv.DictWriter(written, list(names), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(records)
    return written.getvalue().removesuffix("\n")


def _drawn(head: Sequence[str], rows: Sequence[Sequence[str]], below: Sequence[str], style: Style) -> str:
    """The first two columns are words, the others numbers."""
    draw = _markdown if style == "md" else _latex
    return draw([[text.printable(cell) for cell in cells] for cells in (head, *rows)], list(map(text.printable, below)))


def _markdown(rows: Sequence[Sequence[str]], below: Sequence[str]) -> str:
    """A pipe table, as GitHub and most converters read it."""
    head, *others = [[cell.translate(_MARKDOWN) for cell in cells] for cells in rows]
    marks = [":--", ":--", *["--:"] * (len(head) - 2)]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, marks, *others)]
    rest = [f"- {line.translate(_MARKDOWN)}" for line in below]
    return "\n".join([*lines, *([""] if rest else []), *rest])


def _latex(rows: Sequence[Sequence[str]], below: Sequence[str]) -> str:
    r"""A tabular with the rules of the package booktabs."""
    head, *others = [
        " & ".join(_SIGN.sub(r"$\1$", cell.translate(_LATEX)) for cell in cells) + r" \\" for cells in rows
    ]
    columns = "ll" + "r" * (len(rows[0]) - 2)
    return "\n".join(
        [
            r"% \usepackage{booktabs}",
            *(f"% {line}" for line in below),
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            head,
            r"\midrule",
            *others,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )
