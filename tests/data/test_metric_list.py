"""The typed list of metrics."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evald.data.columns
import evald.data.metric_list
import evald.data.naming
import evald.data.sources
from evald.data import split_metrics
from evald.errors import InvalidRequestError

WORDS = st.from_regex(r"[a-z_0-9]{1,8}", fullmatch=True)
QUOTED = st.text(st.characters(exclude_categories=["C"])).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
METRICS = st.builds(
    lambda name, params: f"{name}({','.join(f'{key}={value}' for key, value in params)})" if params else name,
    WORDS,
    st.lists(st.tuples(WORDS, WORDS | QUOTED), max_size=3),
)


@given(st.lists(METRICS, min_size=1), st.sampled_from([",", ", ", " ,\n"]))
def test_a_joined_list_splits_into_its_metrics(metrics: list[str], comma: str) -> None:
    assert split_metrics(comma.join(metrics)) == metrics


@given(st.text())
def test_any_text_splits_or_is_refused(text: str) -> None:
    try:
        assert all(split_metrics(text))
    except InvalidRequestError as error:
        assert error.reason == "BAD_METRIC_LIST"  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("text", ["", ",", "bleu,", ",bleu", "bleu,,f1", "f1(average=macro", "f1)", 'f1(a="b)'])
def test_unbalanced_and_empty_lists_are_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        split_metrics(text)


@pytest.mark.parametrize(
    "module", [evald.data.columns, evald.data.metric_list, evald.data.naming, evald.data.sources], ids=str
)
def test_examples_of_docstrings(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
