"""The profile lin2004 equals the paper: its examples, and an oracle written from its definitions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics import rouge_oracle as oracle
from tests.metrics.conftest import lines
from tests.metrics.golden import named
from tests.metrics.golden_rows import check_tables
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts

# A metric, its definition, and the power of its weights.
METRICS: dict[str, tuple[oracle.Measure, float]] = {
    **{f"rouge_{n}(profile=lin2004)": (oracle.n_grams(n), 1) for n in range(1, 10)},
    "rouge_l(profile=lin2004)": (oracle.subsequence, 1),
    "rouge_w(profile=lin2004)": (oracle.weighted_subsequence(1.2), 1.2),
    "rouge_w(profile=lin2004,weight=1)": (oracle.weighted_subsequence(1), 1),
    "rouge_w(profile=lin2004,weight=2)": (oracle.weighted_subsequence(2), 2),
    "rouge_w(profile=lin2004,weight=4)": (oracle.weighted_subsequence(4), 4),
    **{
        f"{name}(profile=lin2004,skip_distance={distance})": (
            oracle.skip_bigrams(distance if distance >= 0 else None, unigrams=name == "rouge_su"),
            1,
        )
        for name in ("rouge_s", "rouge_su")
        for distance in (-1, 0, 1, 4)
    },
}


def with_parameters(metric: str, written: str) -> str:
    return f"{metric.removesuffix(')')},{written})" if written else metric


def check(
    predictions: Sequence[str], references: Sequence[Sequence[str]], written: str = "", **options: str | float
) -> None:
    """F of every row by every metric, and the means of precision and recall."""
    keys = {metric: with_parameters(metric, written) for metric in METRICS}
    answer = Question([named(key) for key in keys.values()], rows=True).answer(texts([predictions], references))
    cut = [[oracle.words(text) for text in of_row] for of_row in references]
    for metric, (measure, power) in METRICS.items():
        triples = [
            oracle.score(measure, oracle.words(prediction), of_row, power=power, **options)  # type: ignore[arg-type]
            for prediction, of_row in zip(predictions, cut, strict=True)
        ]
        key = keys[metric]
        # Sums of weights are rounded in the order of the steps, and powers at their end.
        assert row_scores(answer, key) == pytest.approx([one[2] for one in triples], rel=0, abs=1e-12), key
        means = [sum(column) / len(triples) for column in zip(*triples, strict=True)]
        found = components(result_of(answer, key))
        assert [found[part] for part in ("precision", "recall", "fmeasure")] == pytest.approx(means, rel=0, abs=1e-9)


def score(metric: str, prediction: str, *references: str, part: str = "fmeasure") -> float | None:
    """One part of the score of one prediction."""
    answer = Question([named(metric)]).answer(texts([[prediction]], [list(references)]))
    return components(result_of(answer, metric))[part]


POLICE = "police killed the gunman"


def test_the_examples_of_the_paper_are_the_golden_tables() -> None:
    assert check_tables("rouge_variants.json") > 500


def test_equal_texts_score_one() -> None:
    for metric in METRICS:
        assert score(metric, "a b c d e f g h i j", "a b c d e f g h i j") == 1, metric


def test_words_in_a_row_weigh_more() -> None:
    """Section 3.3: the longest common subsequence is as long for both."""
    together, apart = "a b c d h i k", "a h b k c i d"
    for prediction in (together, apart):
        assert score("rouge_l(profile=lin2004)", prediction, "a b c d e f g", part="recall") == 4 / 7
    values = [
        score("rouge_w(profile=lin2004,weight=2)", one, "a b c d e f g", part="recall") for one in (together, apart)
    ]
    assert values == pytest.approx([4 / 7, 2 / 7], rel=1e-15)


def test_a_weight_of_one_is_rouge_l() -> None:
    for prediction in ("police kill the gunman", "the gunman kill police", "the gunman police killed", ""):
        of_l, of_w = (
            score(metric, prediction, POLICE)
            for metric in ("rouge_l(profile=lin2004)", "rouge_w(profile=lin2004,weight=1)")
        )
        assert of_l == of_w


def test_alpha_weighs_precision() -> None:
    """Two of two words right, two of four found: P = 1, R = 1/2."""
    metric = "rouge_1(alpha={},profile=lin2004)"
    for alpha, expected in ((0, 0.5), (0.5, 2 / 3), (1, 1), (0.25, 0.5 / (0.75 + 0.125))):
        assert score(metric.format(alpha), "police killed", POLICE) == pytest.approx(expected, rel=1e-15)
    check(["police killed", POLICE, "the cat"], [[POLICE, "a cat"]] * 3, "alpha=0.2", alpha=0.2)


@pytest.mark.parametrize("aggregation", ["best", "average", "pooled"])
def test_real_summaries(shared_data: Path, aggregation: str) -> None:
    """Of several references the best one counts, unless it is said otherwise."""
    folder = shared_data / "summ-xsum"
    predictions, reference, other = (lines(folder / f"{name}.txt")[:150] for name in ("convs2s", "reference", "ptgen"))
    references = [[one, two][: 1 + at % 2] for at, (one, two) in enumerate(zip(reference, other, strict=True))]
    written = "" if aggregation == "best" else f"aggregation={aggregation}"
    check(predictions, references, written, aggregation=aggregation)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward * 2, "the cat sat on the mat", ""]
    check([awkward] * len(others), [[other, "a cat"] for other in others])
    check(others, [[awkward]] * len(others))


# Lengths where masks, tables and rows of bits need one word more; few words make many ways of equal weight.
@pytest.mark.parametrize("length", [1, 2, 9, 63, 64, 65, 129, 300])
def test_random_words(length: int) -> None:
    choose = random.Random(length)
    for kinds in (2, 5, 40):
        few = [f"w{number}" for number in range(kinds)]
        pairs = [[" ".join(choose.choices(few, k=choose.randint(1, length))) for _ in range(2)] for _ in range(4)]
        check([one for one, _ in pairs], [[other] for _, other in pairs])


few_words = st.lists(st.sampled_from("abcd"), max_size=24).map(" ".join)


@given(st.lists(st.tuples(few_words, st.lists(few_words, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_any_words(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=4))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references, "aggregation=pooled", aggregation="pooled")
