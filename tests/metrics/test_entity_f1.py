"""Entity F1 equals seqeval 1.2.2 in both of its modes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval import scheme as schemes
from seqeval.metrics import classification_report
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
from seqeval.metrics.v1 import precision_recall_fscore_support as strict_precision_recall_fscore_support
from tests.metrics.golden_rows import check_tables, same
from tests.properties.build import Question, Row, components, result_of, row_scores, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction, Tokens

AVERAGES = ("micro", "macro", "weighted")
LETTERS = {
    "any": "BIESO",
    "iob1": "IOB",
    "iob2": "IOB",
    "ioe1": "IOE",
    "ioe2": "IOE",
    "iobes": "IOBES",
    "bilou": "BILOU",
}
Sentences = Sequence[Sequence[str]]

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.UndefinedMetricWarning", "ignore:Mean of empty slice", "ignore:.*seems not to be NE tag"
)


def key(average: str = "micro", scheme: str = "any", **params: Any) -> str:
    given = params | {"average": average, "scheme": scheme}
    return "entity_f1(" + ",".join(f"{name}={given[name]}" for name in sorted(given)) + ")"


def tagged(gold: Sentences, predicted: Sentences) -> list[Row]:
    return [
        # An empty sentence has no tokens; its empty text says that it is there.
        Row(predictions=[Prediction(tokens=answer, text="")], reference_tokens=[Tokens(tokens=tags)])
        for tags, answer in zip(gold, predicted, strict=True)
    ]


def reference(gold: Sentences, predicted: Sentences, average: str | None, scheme: str, **options: Any) -> Any:
    true, answered = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    if scheme == "any":
        return precision_recall_fscore_support(true, answered, average=average, **options)
    named = getattr(schemes, scheme.upper())
    return strict_precision_recall_fscore_support(true, answered, average=average, scheme=named, **options)


def check(gold: Sentences, predicted: Sentences, scheme: str = "any", suffix: bool = False) -> None:
    options = {"suffix": "true" if suffix else "false"}
    keys = {
        (average, zero): key(average, scheme, zero_division=zero, **options) for average in AVERAGES for zero in (0, 1)
    }
    answer = Question(list(keys.values()), rows=True).answer(tagged(gold, predicted))
    by_type = reference(gold, predicted, None, scheme, suffix=suffix, zero_division=0)
    for (average, zero), metric in keys.items():
        result = result_of(answer, metric)
        found = components(result)
        if average == "macro" and not len(by_type[0]):
            assert value_of(result) is None
            continue
        precision, recall, f1, support = reference(gold, predicted, average, scheme, suffix=suffix, zero_division=zero)
        assert same(value_of(result), f1, 1e-12), (metric, gold, predicted)
        assert same(found["precision"], precision, 1e-12)
        assert same(found["recall"], recall, 1e-12)
        assert found["support"] == support
        types = [name.split(".")[1] for name in found if name.endswith(".f1")]
        assert types == sorted(types)
        if zero == 0:
            columns = [
                [found[f"type.{kind}.{part}"] for kind in types] for part in ("precision", "recall", "f1", "support")
            ]
            for got, expected in zip(columns, by_type, strict=True):
                assert got == pytest.approx(list(expected), rel=1e-12)


def draws(letters: str, draw: random.Random, count: int, kinds: Sequence[str] = ("P", "L")) -> list[list[str]]:
    """Sentences of random tags."""
    tags = [letter if letter == "O" else f"{letter}-{kind}" for letter in letters for kind in kinds]
    return [draw.choices(tags, k=draw.randrange(8)) for _ in range(count)]


def similar(gold: Sentences, letters: str, draw: random.Random) -> list[list[str]]:
    """The same sentences with some tags changed."""
    other = [draws(letters, draw, 1)[0] or ["O"] for _ in gold]
    return [
        [draw.choice(tags) if draw.random() < 0.2 else tag for tag in sentence]
        for sentence, tags in zip(gold, other, strict=True)
    ]


def test_golden() -> None:
    assert check_tables("entity_f1.json") > 50


@pytest.mark.parametrize("scheme", LETTERS)
def test_every_short_sentence(scheme: str) -> None:
    """All sentences of up to three tags of two types, row by row, against one of them."""
    tags = ["O", *(f"{letter}-{kind}" for letter in LETTERS[scheme] for kind in "PL" if letter != "O")]
    every = [list(sentence) for n in range(4) for sentence in itertools.product(tags, repeat=n)]
    draw = random.Random(3)
    predicted = [draw.choices(tags, k=len(sentence)) for sentence in every]
    check(every, predicted, scheme)
    check(every, every, scheme)
    for gold, answered in draw.sample(list(zip(every, predicted, strict=True)), 30):
        check([gold], [answered], scheme)


@pytest.mark.parametrize("scheme", LETTERS)
@pytest.mark.parametrize("seed", range(5))
def test_random_sentences(scheme: str, seed: int) -> None:
    draw = random.Random(seed)
    gold = draws(LETTERS[scheme], draw, 60)
    check(gold, similar(gold, LETTERS[scheme], draw), scheme)


def test_the_report_of_seqeval() -> None:
    draw = random.Random(12)
    gold = draws("BIO", draw, 40, ["PER", "LOC", "ORG"])
    predicted = similar(gold, "BIO", draw)
    report = classification_report(gold, predicted, output_dict=True, zero_division=0)
    answer = Question([key(average) for average in AVERAGES]).answer(tagged(gold, predicted))
    for average in AVERAGES:
        assert same(value_of(result_of(answer, key(average))), report[f"{average} avg"]["f1-score"], 1e-12)


@pytest.mark.parametrize("kinds", [["X-Y", "Z"], ["", "-", "--A-"], ["日本", "é", "İ"], ["_", "B"]])
def test_odd_types(kinds: list[str]) -> None:
    draw = random.Random(5)
    tags = ["O", *(f"{letter}{hyphen}{kind}" for letter in "BI" for kind in kinds for hyphen in ("-", ""))]
    gold = [draw.choices(tags, k=6) for _ in range(50)]
    predicted = [[draw.choice(tags) if draw.random() < 0.3 else tag for tag in sentence] for sentence in gold]
    check(gold, predicted)
    check(gold, predicted, "iob2")


@pytest.mark.parametrize("scheme", LETTERS)
def test_prefixes_at_the_end(scheme: str) -> None:
    draw = random.Random(6)
    tags = [
        "O",
        *(
            f"{kind}{hyphen}{letter}"
            for letter in LETTERS[scheme]
            for kind in ("P", "L-X")
            for hyphen in ("-", "", "--")
        ),
    ]
    gold = [draw.choices(tags, k=6) for _ in range(50)]
    predicted = [[draw.choice(tags) if draw.random() < 0.3 else tag for tag in sentence] for sentence in gold]
    check(gold, predicted, scheme, suffix=True)


def test_rows_have_their_own_f1() -> None:
    rows = tagged([["B-P", "I-P", "O"], ["O"], ["B-L"]], [["B-P", "I-P", "B-L"], ["O"], ["B-P"]])
    assert row_scores(Question([key()], rows=True).answer(rows), key()) == [2 / 3, 0.0, 0.0]


def test_tags_of_texts() -> None:
    gold, predicted = ["B-P I-P\tO B-L", " O "], ["B-P I-P O O", "O"]
    rows = [Row(predictions=[Prediction(text=p)], references=[g]) for g, p in zip(gold, predicted, strict=True)]
    result = Question(["entity_f1(tags=text)"]).answer(rows).systems[0].metrics[0]
    assert same(
        value_of(result), reference([g.split() for g in gold], [p.split() for p in predicted], "micro", "any")[2], 1e-12
    )


def test_no_entities_are_what_zero_division_says() -> None:
    check([["O", "O"]], [["O", "O"]])
    check([["O", "B-P"]], [["O", "O"]])
    check([["O", "O"]], [["O", "B-P"]])
    check([[]], [[]])


@pytest.mark.parametrize(
    ("gold", "predicted", "scheme", "field"),
    [
        (["O", "O"], ["O"], "any", "instances[0].predictions[0].tokens"),
        (["O", "O"], ["O", "U-P"], "any", "instances[0].predictions[0].tokens[1]"),
        (["O", ""], ["O", "O"], "any", "instances[0].reference_tokens[0].tokens[1]"),
        (["O", "O"], ["S-P", "O"], "iob2", "instances[0].predictions[0].tokens[0]"),
    ],
)
def test_tags_that_are_none_are_refused(gold: list[str], predicted: list[str], scheme: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question([key(scheme=scheme)]).answer(tagged([gold], [predicted]))
    assert caught.value.violations[0].field == field


@given(st.data(), st.sampled_from(list(LETTERS)))
def test_any_sentences(data: st.DataObject, scheme: str) -> None:
    tag = st.builds(
        lambda letter, kind: letter if letter == "O" else f"{letter}-{kind}",
        st.sampled_from(LETTERS[scheme]),
        st.sampled_from(["P", "L", "P-Q", "é"]),
    )
    pairs = data.draw(st.lists(st.lists(st.tuples(tag, tag), max_size=8), min_size=1, max_size=5))
    check([[g for g, _ in row] for row in pairs], [[p for _, p in row] for row in pairs], scheme)
