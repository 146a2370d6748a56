"""Files of other programs; the small ones here are written for this project, by the shape of the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.data import read_file, table_of
from evald.data.columns import ABSENT, Column
from evald.data.formats import recognised
from evald.errors import InvalidRequestError


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def sample(doc_id: int, right: bool, **more: Any) -> dict[str, Any]:
    """A multiple-choice sample as lm-eval 0.4 logs it."""
    return {
        "doc_id": doc_id,
        "doc": {"question": f"What is {doc_id} + 1?", "choices": ["0", str(doc_id + 1)]},
        "target": "1",
        "arguments": {"gen_args_0": {"arg_0": "Q", "arg_1": " 0"}, "gen_args_1": {"arg_0": "Q", "arg_1": " 1"}},
        "resps": [[["-2.5", "False"]], [["-0.5" if right else "-3.5", "False"]]],
        "filtered_resps": [["-2.5", "False"], ["-0.5" if right else "-3.5", "False"]],
        "filter": "none",
        "metrics": ["acc", "acc_norm", "brier_score", "word_perplexity"],
        "doc_hash": "a",
        "prompt_hash": "b",
        "target_hash": "c",
        "acc": float(right),
        "acc_norm": right,
        "brier_score": 0.5,
        "word_perplexity": [-3.0, 2],
        **more,
    }


def generated(doc_id: int, by: str, match: float) -> dict[str, Any]:
    """A generation with two filters, as of gsm8k."""
    return {
        "doc_id": doc_id,
        "doc": {"problem": "p"},
        "target": "#### 4",
        "arguments": {},
        "resps": [["It is 4."]],
        "filtered_resps": ["4" if by == "strict-match" else "It is 4."],
        "filter": by,
        "metrics": ["exact_match"],
        "exact_match": match,
    }


def test_samples_of_lm_eval(tmp_path: Path) -> None:
    source = read_file(written(tmp_path / "samples_a.jsonl", [sample(0, True), sample(7, False)]))
    assert source.kind == "lm-eval samples"
    assert source.columns["id"] == ["0", "7"]
    assert source.columns["input"] == ["What is 0 + 1?", "What is 7 + 1?"]
    assert source.columns["reference"] == ["1", "1"]
    assert source.columns["prediction"] == ["1", "0"]
    assert source.columns["scores"] == [
        {"acc": 1.0, "acc_norm": 1.0, "brier_score": 0.5},
        {"acc": 0.0, "acc_norm": 0.0, "brier_score": 0.5},
    ]
    assert list(source.metrics) == [
        {"name": "score", "params": {"of": "acc", "direction": "higher"}, "key": "acc"},
        {"name": "score", "params": {"of": "acc_norm", "direction": "higher"}, "key": "acc_norm"},
        {"name": "score", "params": {"of": "brier_score", "direction": "lower"}, "key": "brier_score"},
    ]


def test_older_samples_have_no_list_of_metrics(tmp_path: Path) -> None:
    old = [{name: value for name, value in sample(0, True, target=1).items() if name not in ("metrics", "filter")}]
    source = read_file(written(tmp_path / "a.jsonl", old))
    assert [metric["key"] for metric in source.metrics] == ["acc", "acc_norm", "brier_score"]
    assert source.columns["reference"] == ["1"]


def test_several_filters_are_scores_of_one_row(tmp_path: Path) -> None:
    rows = [generated(doc, by, doc) for by in ("strict-match", "flexible-extract") for doc in (0, 1)]
    source = read_file(written(tmp_path / "a.jsonl", rows))
    assert source.length == 2
    assert source.columns["prediction"] == ["4", "4"]
    assert source.columns["scores"][1] == {"exact_match,strict-match": 1, "exact_match,flexible-extract": 1}
    assert [metric["key"] for metric in source.metrics] == ["exact_match,strict-match", "exact_match,flexible-extract"]
    assert source.where(1).endswith("a.jsonl:2")


def test_a_log_likelihood_is_no_perplexity(tmp_path: Path) -> None:
    rows = [sample(0, True, metrics=["acc", "perplexity"], perplexity=-3.25)]
    assert [metric["key"] for metric in read_file(written(tmp_path / "a.jsonl", rows)).metrics] == ["acc"]


def completion(custom_id: str, *texts: str | None, **more: Any) -> dict[str, Any]:
    choices = [{"index": place, "message": {"role": "assistant", "content": text}} for place, text in enumerate(texts)]
    body = {"object": "chat.completion", "choices": choices}
    return {"id": "b", "custom_id": custom_id, "response": {"status_code": 200, "body": body}, "error": None, **more}


def test_batch_outputs_of_openai(tmp_path: Path) -> None:
    failed = {"id": "b", "custom_id": "r2", "response": None, "error": {"code": "batch_expired"}}
    refused = completion("r3", None)
    refused["response"]["body"]["usage"] = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    refused["response"]["body"]["choices"][0]["message"]["refusal"] = "I will not."
    limited = completion("r4", "x")
    limited["response"]["status_code"] = 429
    parts = completion("r5", None)
    parts["response"]["body"]["choices"][0]["message"]["content"] = [{"type": "text", "text": "a"}, {"text": "b"}]
    answer = {"output": [{"type": "reasoning"}, {"type": "message", "content": [{"type": "output_text", "text": "c"}]}]}
    answer["usage"] = {"input_tokens": 7, "output_tokens": 2}  # type: ignore[assignment]
    responses = {"custom_id": "r6", "response": {"status_code": 200, "body": answer}}
    rows = [completion("r1", "Paris"), failed, refused, limited, parts, responses]
    source = read_file(written(tmp_path / "batch.jsonl", rows))
    assert source.kind == "OpenAI batch output"
    assert source.columns["id"] == ["r1", "r2", "r3", "r4", "r5", "r6"]
    assert source.columns["prediction"] == ["Paris", None, "I will not.", None, "ab", "c"]
    assert "sample" not in source.columns
    assert source.columns["input_tokens"] == [ABSENT, ABSENT, 9, ABSENT, ABSENT, 7]
    assert source.columns["output_tokens"] == [ABSENT, ABSENT, 4, ABSENT, ABSENT, 2]


def test_several_choices_are_samples(tmp_path: Path) -> None:
    source = read_file(written(tmp_path / "batch.jsonl", [completion("r1", "a", "b"), completion("r2", "c")]))
    assert source.columns["id"] == ["r1", "r1", "r2"]
    assert source.columns["sample"] == [0, 1, 0]
    assert [source.where(row)[-2:] for row in range(3)] == [":1", ":1", ":2"]


def test_chats_of_openai(tmp_path: Path) -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": [{"type": "text", "text": "Capital of France?"}]},
        {"role": "assistant", "content": "Paris"},
    ]
    rows = [{"messages": turns, "prediction": "Rome"}, {"messages": turns[:3], "prediction": "Hi"}]
    source = read_file(written(tmp_path / "chats.jsonl", rows))
    assert source.kind == "OpenAI chats"
    assert source.columns["reference"] == ["Paris", "Hi"]
    assert source.columns["input"][1] == "system: Be brief.\nuser: Hello"
    column = table_of(source).systems["system"]
    assert isinstance(column, Column)
    assert list(column.values) == ["Rome", "Hi"]


@pytest.mark.parametrize(
    ("rows", "place", "problem"),
    [
        ([sample(0, True), sample(0, False)], ":2", "has the same doc_id as"),
        ([sample(0, True), {"acc": 1}], ":2", "has no doc_id"),
        ([completion("a", "b"), {"custom_id": "c"}], ":2", "has no custom_id and response"),
        ([completion("a")], ":1", "holds no choices"),
        ([{"custom_id": "a", "response": {"body": {"choices": [3]}}}], ":1", "has a choice without message"),
        ([{"messages": [{"role": "user", "content": "a"}]}], ":1", "has no text of the assistant"),
        ([{"messages": [{"role": "assistant", "content": None}]}], ":1", "has no text of the assistant"),
        ([{"messages": ["a"]}], ":1", "has no messages with roles"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, rows: list[Any], place: str, problem: str) -> None:
    path = written(tmp_path / "a.jsonl", rows)
    with pytest.raises(InvalidRequestError) as caught:
        read_file(path)
    (violation,) = caught.value.violations
    assert violation.field == f"{path}{place}"
    assert problem in violation.description


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    source = read_file(written(tmp_path / "a.jsonl", [{"id": "a", "prediction": "b", "reference": "b"}]))
    assert (source.kind, list(source.metrics)) == ("", [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("doc_id", "doc", "target", "filtered_resps", "filter", "metrics", "acc", "custom_id", "response", "messages")


@given(
    rows=st.lists(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8), max_size=4),
    first=st.sampled_from([{"doc_id": 0, "filtered_resps": []}, {"custom_id": "a", "response": {}}, {"messages": []}]),
)
def test_free_content_is_read_or_refused(rows: list[dict[str, Any]], first: dict[str, Any]) -> None:
    records = [{**first, **row} for row in rows]
    refused: list[InvalidRequestError] = []
    found = None
    try:
        found = recognised(records, lambda row: f"file:{row + 1}")
    except InvalidRequestError as error:
        refused.append(error)
    assert all(error.reason in ("BAD_FORMAT", "DUPLICATE_ID") for error in refused)
    assert all(error.violations[0].field.startswith("file:") for error in refused)
    assert found is None or len(found.records) == len(found.origins)
