"""Sums do not depend on order: any permutation, batch split and merge order gives the same bytes.

Everything is compared, intervals and p-values included. Rows carry ids, so that nothing depends on positions; rows are
not reported one by one, since those columns are in the order of the rows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.build import AWKWARD, Question, Row, labels, result_of, texts

from evald import _native
from evald.errors import CancelledError, InvalidRequestError
from evald.v1.instance_pb2 import Prediction

EVERYTHING = (
    "bleu",
    "rouge_1(stemmer=true)",
    "rouge_l",
    "exact_match",
    "token_f1",
    "accuracy",
    "f1(average=macro)",
    "precision(average=weighted,zero_division=nan)",
    "confusion_matrix",
)
EVALUATE = Question(EVERYTHING, systems=("one", "two"), statistics={"replicates": 100})
COMPARE = EVALUATE.asking(kind="compare", systems=("base", "new", "newer"))
QUESTIONS = pytest.mark.parametrize("question", [EVALUATE, COMPARE], ids=["evaluate", "compare"])

WORDS = ("the", "cat", "sat", "on", "a", "mat", ".", "dogs", "running", "na\u00efve", "\u212a")


def make_rows(count: int, systems: int, seed: int = 0, missing: float = 0.1, clusters: int = 0) -> list[Row]:
    """Rows with ids, texts and labels; some predictions are missing, some empty or awkward."""
    choose = random.Random(seed)

    def text() -> str:
        awkward = choose.random() < 0.1
        return choose.choice(AWKWARD) if awkward else " ".join(choose.choices(WORDS, k=choose.randint(0, 9)))

    def prediction() -> Prediction:
        if choose.random() < missing:
            return Prediction()
        return Prediction(text=text(), labels=[choose.choice("abcde")])

    return [
        Row(
            id=f"row {seed}-{number}",
            cluster=f"document {choose.randrange(clusters)}" if clusters else "",
            references=[text() for _ in range(choose.randint(1, 2))],
            labels=[choose.choice("abcd")],
            predictions=[prediction() for _ in range(systems)],
        )
        for number in range(count)
    ]


def split(rows: Sequence[Row], cuts: Sequence[int]) -> list[Sequence[Row]]:
    """The rows in pieces that end at the cuts."""
    ends = [*sorted({cut for cut in cuts if 0 < cut < len(rows)}), len(rows)]
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def merged_in_pairs(question: Question, states: list[bytes], choose: random.Random) -> _native.Accumulator:
    """A tree of merges in random order."""
    while len(states) > 1:
        pair = [states.pop(choose.randrange(len(states))) for _ in range(2)]
        states.append(question.merge(pair).state())
    return question.merge(states)


@st.composite
def arrangements(draw: st.DrawFn, size: int) -> tuple[list[int], list[int], random.Random]:
    """An order of rows, places where they are cut, and a source of further choices."""
    order = draw(st.permutations(range(size)))
    cuts = draw(st.lists(st.integers(1, size - 1), max_size=5))
    return order, cuts, random.Random(draw(st.integers(0, 2**32)))


@QUESTIONS
@pytest.mark.parametrize("clusters", [0, 7])
@given(arrangement=arrangements(40), seed=st.integers(0, 9))
def test_any_order_split_and_merge_gives_the_same_bytes(
    question: Question, clusters: int, arrangement: tuple[list[int], list[int], random.Random], seed: int
) -> None:
    order, cuts, choose = arrangement
    rows = make_rows(40, len(question.systems), seed, clusters=clusters)
    whole = question.accumulate(rows)
    answer, state = whole.finish(), whole.state()
    pieces = split([rows[at] for at in order], cuts)
    pushed = question.accumulate(*pieces)
    assert pushed.state() == state
    assert pushed.finish() == answer
    merged = merged_in_pairs(question, [question.accumulate(piece).state() for piece in pieces], choose)
    assert merged.state() == state
    assert merged.finish() == answer
    # One shard goes on after it took the other's sums.
    late = question.accumulate(*pieces[:1])
    if pieces[1:]:
        late.merge(question.accumulate(*pieces[1:]).state())
    assert late.finish() == answer


@pytest.mark.parametrize("count", [4_090, 4_095, 4_096, 4_097, 4_110, 10_000])
def test_the_border_of_exact_slots(count: int) -> None:
    """Up to 4,096 keys each has a slot of its own; beyond, slots are shared. How one got there does not show."""
    question = COMPARE.asking(metrics=("exact_match", "token_f1", "f1(average=macro)"), systems=("base", "new"))
    choose = random.Random(count)
    rows = make_rows(count, 2, seed=1, missing=0.02)
    whole = question.accumulate(rows)
    answer, state = whole.finish(), whole.state()
    assert question.read(answer).provenance.slots == min(count, 4_096)
    shuffled = choose.sample(rows, count)
    # Shards below the border that cross it together; one far above it; a small one that joins last, and first.
    for cuts in ([count // 2], [count - 4, count - 2], [5, 20, 4_000]):
        pieces = split(shuffled, cuts)
        states = [question.accumulate(piece).state() for piece in pieces]
        for order in (states, states[::-1]):
            merged = question.merge(order)
            assert merged.state() == state
            assert merged.finish() == answer
        late = question.accumulate(*pieces[1:], pieces[0])
        assert late.state() == state


@QUESTIONS
def test_clusters_cross_the_border_with_their_rows(question: Question) -> None:
    """Many rows, few clusters: slots are the clusters, and rows of one cluster may lie in different shards."""
    question = question.asking(metrics=("exact_match", "accuracy"))
    rows = make_rows(6_000, len(question.systems), clusters=300)
    answer = question.accumulate(rows).finish()
    provenance = question.read(answer).provenance
    assert (provenance.slots, provenance.row_key) == (300, "cluster")
    halves = [question.accumulate(rows[start::2]).state() for start in (0, 1)]
    assert question.merge(halves).finish() == question.merge(halves[::-1]).finish() == answer


@pytest.mark.parametrize("missing", [[True, False], [False, True], [True, True]])
def test_predictions_missing_in_one_shard_only(missing: list[bool]) -> None:
    """Sums of excluded rows begin in the middle: in the first shard, the second, or one shard a side."""
    question = COMPARE.asking(systems=("base", "new"))
    rows = make_rows(60, 2, missing=0.0)
    for side, lost in enumerate(missing):
        for row in rows[side * 30 : side * 30 + 9]:
            if lost:
                row.predictions[side].Clear()
    answer = question.accumulate(rows).finish()
    first, second = (question.accumulate(rows[start : start + 30]).state() for start in (0, 30))
    assert question.merge([first, second]).finish() == question.merge([second, first]).finish() == answer
    comparison = question.read(answer).comparisons[0]  # type: ignore[union-attr]
    assert comparison.difference.n == 60 - 9 * sum(missing)
    assert comparison.difference.n_failed == 9 * sum(missing)


@QUESTIONS
def test_another_seed_gives_other_draws(question: Question) -> None:
    rows = make_rows(50, len(question.systems))
    answers = [question.asking(statistics={"replicates": 100, "seed": seed}).answer(rows) for seed in (1, 2, 1)]
    assert answers[0] == answers[2] != answers[1]
    first, other = (result_of(answer, "rouge_l").estimate for answer in answers[:2])
    assert (first.value, first.n) == (other.value, other.n)
    assert {first.low, first.high, first.std_error}.isdisjoint({other.low, other.high, other.std_error})


@pytest.mark.parametrize("kind", ["evaluate", "compare"])
def test_without_replicates_there_is_no_interval(kind: str) -> None:
    question = {"evaluate": EVALUATE, "compare": COMPARE}[kind].asking(statistics={"replicates": 0})
    rows = make_rows(50, len(question.systems))
    answer = question.answer(rows)
    estimates = [metric.estimate for system in answer.systems for metric in system.metrics]
    estimates += [comparison.difference for comparison in getattr(answer, "comparisons", [])]
    assert len(estimates) >= 18
    for estimate in estimates:
        assert not any(estimate.HasField(name) for name in ("low", "high", "std_error"))
        assert estimate.method == ""
    halves = [question.accumulate(rows[start::2]).state() for start in (0, 1)]
    assert question.read(question.merge(halves).finish()) == answer


def test_a_number_does_not_depend_on_its_neighbours() -> None:
    """A metric, a system and more replicates of others do not move an interval."""
    rows = make_rows(60, 3, missing=0.0)
    alone = EVALUATE.asking(metrics=("rouge_l",)).answer(
        [Row(id=row.id, references=row.references, predictions=row.predictions[:2]) for row in rows]
    )
    together = COMPARE.answer(rows)
    assert result_of(alone, "rouge_l").estimate == result_of(together, "rouge_l").estimate


def test_rows_without_ids_cannot_come_from_two_shards() -> None:
    """Their positions would be the same: refused, and nothing is added."""
    question = Question(["exact_match"])
    rows = texts([["a", "b"]], [["a"], ["c"]])
    accumulator = question.accumulate(rows)
    before = accumulator.state()
    with pytest.raises(InvalidRequestError) as caught:
        accumulator.merge(before)
    assert caught.value.reason == "OVERLAPPING_POSITIONS"
    assert accumulator.state() == before


def test_an_error_adds_nothing() -> None:
    """A batch whose last row is wrong leaves sums, classes and positions as they were."""
    question = Question(["accuracy"], classes=("a", "b"))
    accumulator = question.accumulate(labels([["a", "b"]], ["a", "a"]))
    before = accumulator.state()
    batch = question.spec().from_lists([["a", "b"]], ["b", "z"])
    with pytest.raises(InvalidRequestError) as caught:
        accumulator.push(batch)
    assert caught.value.reason == "UNKNOWN_LABEL"
    assert accumulator.state() == before


def test_a_cancelled_accumulator_gives_nothing() -> None:
    """Some rows of the cancelled push may be in its sums."""
    question = Question(["bleu"])
    cancel = _native.CancelFlag()
    accumulator = _native.Accumulator(question.spec(), cancel)
    accumulator.push(question.spec().from_lists([["a"]], ["a"]))
    state = accumulator.state()
    batch = question.spec().from_lists([["a"] * 1000], ["a"] * 1000)
    cancel.set()
    for use in (
        partial(accumulator.push, batch),
        partial(accumulator.merge, state),
        accumulator.state,
        accumulator.finish,
    ):
        with pytest.raises(CancelledError):
            use()


def test_reading_goes_on_while_rows_are_scored() -> None:
    question = Question(["bleu"])
    spec = question.spec()
    predictions, references = ["a b c", "b", "c d"] * 400, ["a b", "b", "d c"] * 400
    whole = _native.Accumulator(spec)
    whole.push(spec.from_lists([predictions], references))
    accumulator = _native.Accumulator(spec)
    batch = spec.from_lists([predictions], references, None, 0, 700)
    batch = accumulator.push(batch, lambda: spec.from_lists([predictions], references, None, 700, 5000))
    assert len(batch) == 500
    assert len(accumulator.push(batch, lambda: spec.from_lists([predictions], references, None, 5000, 5001))) == 0
    assert accumulator.state() == whole.state()


def test_what_is_done_meanwhile_may_fail() -> None:
    """The rows are added all the same; but an error of theirs comes first."""
    question = Question(["accuracy"], classes=("a", "b"))
    spec = question.spec()
    accumulator = question.accumulate(labels([["a"]], ["a"]))
    with pytest.raises(InvalidRequestError) as caught:
        accumulator.push(spec.from_lists([["b"]], ["b"]), lambda: spec.from_lists([["a", "\ud800"]], ["a", "b"]))
    assert caught.value.violations[0].field == "predictions[1]"
    assert accumulator.state() == question.accumulate(labels([["a", "b"]], ["a", "b"])).state()
    with pytest.raises(InvalidRequestError) as caught:
        accumulator.push(spec.from_lists([["z"]], ["b"]), lambda: 1 / 0)
    assert caught.value.reason == "UNKNOWN_LABEL"
    with pytest.raises(ZeroDivisionError):
        accumulator.push(spec.from_lists([["b"]], ["b"]), lambda: 1 / 0)


def test_no_rows_are_no_answer() -> None:
    accumulator = Question(["bleu"]).accumulate()
    with pytest.raises(InvalidRequestError) as caught:
        accumulator.finish()
    assert caught.value.reason == "EMPTY_REQUEST"
    # An empty shard changes nothing, though.
    full = Question(["bleu"]).accumulate(texts([["a"]], [["a"]]))
    expected = full.finish()
    full.merge(accumulator.state())
    assert full.finish() == expected
