"""The tables and tokenizers of BLEU equal the reference's for every code point; tokens that rows carry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU
from tests.metrics.test_bleu import TOKENIZERS, TOLERANCE, check_rows
from tests.properties.build import AWKWARD, Question, Row, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction, Tokens

EVERY = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)

# What may stand before and behind a mark in the rules.
NEIGHBOURS = ("", " ", "1", "a", ".", ",", "-", "\u4e00", "\u0663", "\u3001", "\u20ac")


def table(root: Path, name: str) -> set[int]:
    """The code points of a table of the core."""
    source = (root / "native/core/src/text/unicode18.rs").read_text()
    body = source.partition(f"pub const {name}:")[2].partition("];")[0]
    pairs = re.findall(r"\(0x([0-9a-f]+), 0x([0-9a-f]+)\)", body)
    return {code for low, high in pairs for code in range(int(low, 16), int(high, 16) + 1)}


@pytest.mark.parametrize(("name", "category"), [("NUMBER", "N"), ("PUNCTUATION", "P"), ("SYMBOL", "S")])
def test_the_tables_are_those_of_regex(root: Path, name: str, category: str) -> None:
    """If this fails, the installed regex follows another Unicode than the pinned one: see make_unicode18.py."""
    assert table(root, name) == {ord(c) for c in regex.findall(rf"\p{{{category}}}", EVERY)}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_every_code_point(tokenizer: str) -> None:
    """Between letters, and between a digit and a letter; a wrong split changes the lengths."""
    metric = f"bleu(max_order=1,tokenizer={tokenizer})"
    scorer = BLEU(tokenize=tokenizer, max_ngram_order=1)
    # Outside of the basic plane, only intl tells characters apart.
    tested = EVERY if tokenizer == "intl" else EVERY[:0x12000]
    rows = [tested[at : at + 2048] for at in range(0, len(tested), 2048)]
    predictions = [" ".join(f"a{c}b" for c in row) for row in rows]
    references = [" ".join(f"1{c}b" for c in row) for row in rows]
    answer = Question([metric], rows=True).answer(
        Row(predictions=[Prediction(text=prediction)], references=[reference])
        for prediction, reference in zip(predictions, references, strict=True)
    )
    expected = scorer.corpus_score(predictions, [references])
    parts = components(result_of(answer, metric))
    assert [parts["sys_len"], parts["ref_len"]] == [expected.sys_len, expected.ref_len]
    assert [parts["correct_1"], parts["total_1"]] == [expected.counts[0], expected.totals[0]]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_all_neighbours_of_marks(tokenizer: str) -> None:
    marked = [a + b + c + d for a in NEIGHBOURS for b in NEIGHBOURS for c in NEIGHBOURS for d in NEIGHBOURS[:7]]
    check_rows(marked, [[" ".join(text)] for text in marked], tokenizer)


def test_the_signature_names_the_version_of_the_tables() -> None:
    row = Row(predictions=[Prediction(text="a")], references=["a"])
    metric = result_of(Question(["bleu(tokenizer=intl)"]).answer([row]), "bleu(tokenizer=intl)")
    assert "|unicode:14.0.0+18.0.0|" in metric.signature
    assert "|unicode:14.0.0+18.0.0|" in metric.row_signature
    again = Question([metric.signature]).answer([row]).systems[0].metrics[0]
    assert again.signature == metric.signature
    with pytest.raises(InvalidRequestError) as caught:
        Question([metric.signature.replace("+18.0.0", "")]).spec()
    assert caught.value.reason == "SIGNATURE_VERSION"


GIVEN = "bleu(tokenizer=given)"


def row_of(prediction: Sequence[str], references: Sequence[Sequence[str]]) -> Row:
    """A row of tokens."""
    lists = [Tokens(tokens=reference) for reference in references]
    return Row(predictions=[Prediction(tokens=prediction)], reference_tokens=lists)


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=9)
token_lists = st.lists(st.one_of(st.sampled_from(["a", "b", "C", "c", "."]), words), min_size=1, max_size=12)


@given(st.lists(st.tuples(token_lists, st.lists(token_lists, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_given_tokens_equal_words_between_spaces(rows: list[tuple[list[str], list[list[str]]]]) -> None:
    """Joined by spaces, tokens without spaces are the words of the tokenizer none."""
    by_tokens = Question([GIVEN], rows=True).answer(row_of(*row) for row in rows)
    by_words = Question(["bleu(tokenizer=none)"], rows=True).answer(
        Row(predictions=[Prediction(text=" ".join(prediction))], references=map(" ".join, references))
        for prediction, references in rows
    )
    assert result_of(by_tokens, GIVEN).components == result_of(by_words, "bleu(tokenizer=none)").components
    assert value_of(result_of(by_tokens, GIVEN)) == value_of(result_of(by_words, "bleu(tokenizer=none)"))
    assert row_scores(by_tokens, GIVEN) == row_scores(by_words, "bleu(tokenizer=none)")


def test_given_tokens_may_be_anything() -> None:
    tokens = [*AWKWARD, "two words", "", "\n"]
    answer = Question([GIVEN]).answer([row_of(tokens, [tokens[:-1], tokens])])
    result = result_of(answer, GIVEN)
    assert components(result)["correct_1"] == len(tokens)
    assert value_of(result) == pytest.approx(100, rel=0, abs=TOLERANCE)
    assert result.reference_signature == ""


def test_an_empty_answer_has_no_tokens() -> None:
    row = Row(predictions=[Prediction(text="")], reference_tokens=[Tokens(tokens=["a"])])
    result = result_of(Question([GIVEN]).answer([row]), GIVEN)
    assert (value_of(result), components(result)["sys_len"]) == (0, 0)


def test_given_tokens_in_lower_case() -> None:
    metric = "bleu(lowercase=true,max_order=1,tokenizer=given)"
    answer = Question([metric]).answer([row_of(["A", "\u03a3\u0391\u03a3", "x"], [["a", "\u03c3\u03b1\u03c2", "X"]])])
    assert components(result_of(answer, metric))["correct_1"] == 3


@pytest.mark.parametrize(
    "row",
    [
        Row(predictions=[Prediction(text="a")], references=["a"]),
        Row(predictions=[Prediction(tokens=["a"])], references=["a"]),
        Row(predictions=[Prediction(text="a")], reference_tokens=[Tokens(tokens=["a"])]),
    ],
)
def test_rows_without_tokens_are_refused(row: Row) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question([GIVEN]).answer([row])
    assert "tokens" in caught.value.violations[0].field
