"""Files and frames: what is read, and file and line in every error."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.data import read_file, source_of, table_of
from evald.errors import InvalidRequestError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
# Two names of a column that differ only in what CSV cannot tell apart would be another test.
NAMES = st.text(st.characters(categories=["L"]), min_size=1, max_size=5)


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> tuple[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        table_of(read_file(path))
    assert "secret" not in str(caught.value)
    return caught.value.reason, caught.value.violations[0].field.removeprefix(str(path))


@given(
    rows=st.lists(st.fixed_dictionaries({"id": TEXTS, "prediction": TEXTS}, optional={"x": st.integers()}), min_size=1)
)
def test_jsonl_reads_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Mapping[str, Any]]) -> None:
    for ending, ascii_only in (("\n", True), ("\r\n", False)):
        lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
        path = write(tmp_path_factory.mktemp("jsonl"), "a.jsonl", ending.join(lines) + ending)
        found = read_file(path)
        assert found.columns["prediction"] == [row["prediction"] for row in rows]
        assert found.where(len(rows) - 1) == f"{path}:{len(rows)}"


@given(
    names=st.lists(NAMES, min_size=1, max_size=3, unique=True),
    cells=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=3, max_size=3),
        min_size=1,
    ),
    delimiter=st.sampled_from([",", "\t"]),
)
def test_csv_reads_back(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], cells: list[list[str]], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / ("a.csv" if delimiter == "," else "a.tsv")
    rows = [row[: len(names)] for row in cells]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([names, *rows])
    found = read_file(path)
    assert found.columns == {name: [row[index] for row in rows] for index, name in enumerate(names)}


@given(st.binary(max_size=200), st.sampled_from(["jsonl", "csv", "tsv"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str) -> None:
    path = write(tmp_path_factory.mktemp("bytes"), f"a.{kind}", content)
    try:
        assert read_file(path).length > 0
    except InvalidRequestError as error:
        named = error.violations[0].field
    else:
        named = str(path)
    assert named.startswith(str(path))


def test_byte_order_mark_and_crlf_are_no_part_of_the_data(tmp_path: Path) -> None:
    bom = "\ufeff"
    jsonl = write(tmp_path, "a.jsonl", bom + '{"prediction": "a", "reference": "b"}\r\n\r\n')
    table = write(tmp_path, "a.csv", bom + 'prediction,reference\r\n"a\nb",c\r\n')
    assert read_file(jsonl).columns == {"prediction": ["a"], "reference": ["b"]}
    assert read_file(table).columns == {"prediction": ["a\nb"], "reference": ["c"]}


@pytest.mark.parametrize(
    ("content", "reason", "place"),
    [
        (b"", "EMPTY", ""),
        (b"\n \n", "EMPTY", ""),
        (b"\xff\xfe{", "BAD_TEXT", ":1"),
        (b'{"id": 1}\n{"id": "\xe9"}', "BAD_TEXT", ":2"),
        (b'{"id": 1}\n\n{"id": secret}', "BAD_JSON", ":3"),
        (b'{"id": 1}\n{"id": 2} {"secret": 3}', "BAD_JSON", ":2"),
        (b'["secret"]', "BAD_JSON", ":1"),
        (b'"secret"', "BAD_JSON", ":1"),
        (b'{"prediction": NaN}', "BAD_JSON", ":1"),
        (b'{"prediction": [0.5, Infinity]}', "BAD_JSON", ":1"),
        (b'{"id": ' + b"1" * 5000 + b"}", "BAD_JSON", ":1"),
        (b"[" * 100_000, "BAD_JSON", ":1"),
        (b'{"prediction": "a", "reference": "b"}\n{"reference": "b"}', "MISSING_VALUE", ":2 (prediction)"),
        (b'{"prediction": "a", "reference": "b"}\n{"prediction": "b"}', "MISSING_VALUE", ":2 (reference)"),
        (b'{"prediction": "a", "reference": null}', "MISSING_VALUE", ":1 (reference)"),
        (b'{"prediction": "a", "reference": [null]}', "MISSING_VALUE", ":1 (reference[0])"),
        (b'{"prediction": [1.5, true], "reference": "b"}', "BAD_TYPE", ":1 (prediction[1])"),
        (b'{"prediction": "\\ud800", "reference": "b"}', "BAD_TEXT", ":1 (prediction)"),
        (b'{"secret": "a", "reference": "b"}'.replace(b"secret", b"x"), "MISSING_FIELD", ""),
        (b'{"id": 1, "prediction": "a", "label": "b"}\n{"prediction": "a", "label": "b"}', "MISSING_VALUE", ":2 (id)"),
        (
            b'{"id": 1, "prediction": "a", "label": "b"}\n{"id": "1", "prediction": "a", "label": "b"}',
            "DUPLICATE_ID",
            ":2",
        ),
        (b'{"output": "a", "answer": "b", "reference": "c"}', "AMBIGUOUS_COLUMN", ""),
    ],
)
def test_bad_jsonl_is_refused_with_file_and_line(tmp_path: Path, content: bytes, reason: str, place: str) -> None:
    assert refusal(write(tmp_path, "a.jsonl", content)) == (reason, place)


@pytest.mark.parametrize(
    ("content", "reason", "place"),
    [
        (b"", "EMPTY", ""),
        (b"prediction,reference\n", "EMPTY", ""),
        (b'prediction,reference\n"a\nb",c\nsecret\n', "BAD_CSV", ":4"),
        (b'prediction,reference\n"a"secret,b\n', "BAD_CSV", ":2"),
        (b'prediction,reference\n"a,b\n', "BAD_CSV", ":2"),
        (b"prediction,prediction\na,b\n", "BAD_CSV", ":1"),
        (b"prediction,reference\na,\xe9\n", "BAD_TEXT", ":2"),
        (b"id,prediction,reference\n1,a,b\n1,a,b\n", "DUPLICATE_ID", ":3"),
        (b"id,prediction,reference\n,a,b\n", "MISSING_VALUE", ":2 (id)"),
    ],
)
def test_bad_csv_is_refused_with_file_and_line(tmp_path: Path, content: bytes, reason: str, place: str) -> None:
    assert refusal(write(tmp_path, "a.csv", content)) == (reason, place)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.jsonl") == ("FILE_ERROR", "")
    assert refusal(tmp_path / "unknown.xyz") == ("BAD_FORMAT", "")
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv") == ("FILE_ERROR", "")


def test_format_can_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "prediction\na\n")
    assert read_file(path, "csv").columns == {"prediction": ["a"]}


class TwoColumns:
    """What evald uses of a datasets.Dataset."""

    column_names = ("prediction", "label")

    def __getitem__(self, name: str) -> tuple[Any, ...]:
        return {"prediction": ("a", "b"), "label": ("a", "c")}[name]

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize(
    "data",
    [
        [{"prediction": "a", "label": "a"}, {"prediction": "b", "label": "c"}],
        pd.DataFrame({"prediction": ["a", "b"], "label": ["a", "c"]}, index=[3, 9]),
        TwoColumns(),
        ({"prediction": p, "label": r} for p, r in [("a", "a"), ("b", "c")]),
    ],
)
def test_frames_data_sets_and_dicts_are_the_same(data: Any) -> None:
    found = table_of(data)
    assert found.systems["system"].values == ["a", "b"]  # type: ignore[union-attr]
    assert found.references is not None
    assert found.references.values == ["a", "c"]


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        ([], "EMPTY", "rows"),
        (["a"], "BAD_TYPE", "rows[0]"),
        ("a.jsonl", "BAD_TYPE", "rows"),
        ({"prediction": ["a"]}, "BAD_TYPE", "rows"),
        (5, "BAD_TYPE", "rows"),
        ([{"prediction": "a", "label": "b", "messages": []}], "RESERVED_FIELD", "rows.messages"),
        ([{"prediction": "a", "label": b"b"}], "BAD_TYPE", "rows[0].label"),
        (pd.DataFrame({"prediction": ["a", None], "label": ["a", None]}), "MISSING_VALUE", "rows[1].label"),
    ],
)
def test_bad_rows_are_refused(data: Any, reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        table_of(data)
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)


def test_a_set_of_splits_names_them() -> None:
    class Splits(TwoColumns):
        column_names = {"train": ["a"], "test": ["a"]}  # type: ignore[assignment]  # noqa: RUF012

    with pytest.raises(InvalidRequestError, match="train, test"):
        source_of(Splits())
