"""Parameters of ROUGE: several references, scripts other than Latin, sentences, limits; what a profile refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.metrics.golden import named
from tests.properties.build import Question, components, result_of, row_scores, texts, value_of

import evald
from evald.errors import InvalidRequestError

# Half of the longer reference is found, all of the shorter one.
LONGER_AND_SHORTER = ["a b c d", "a b"]


def parts(metric: str, prediction: str, *references: str) -> list[float | None]:
    """Precision, recall, F of one prediction."""
    answer = Question([named(metric)]).answer(texts([[prediction]], [list(references)]))
    found = components(result_of(answer, metric))
    return [found[name] for name in ("precision", "recall", "fmeasure")]


@pytest.mark.parametrize("metric", ["rouge_1", "rouge_l", "rouge_lsum"])
@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("default", [1, 1, 1]), ("best", [1, 1, 1]), ("average", [1, 0.75, 5 / 6]), ("pooled", [1, 2 / 3, 0.8])],
)
def test_several_references(metric: str, aggregation: str, expected: list[float]) -> None:
    assert parts(f"{metric}(aggregation={aggregation})", "a b", *LONGER_AND_SHORTER) == pytest.approx(
        expected, rel=1e-15
    )


def test_the_script_pools_or_takes_the_best_recall() -> None:
    assert parts("rouge_1(profile=1.5.5)", "a b", *LONGER_AND_SHORTER) == [1, 0.66667, 0.8]
    best = "rouge_1(aggregation=best,profile=1.5.5)"
    assert parts(best, "a b", *LONGER_AND_SHORTER) == [1, 1, 1]
    # The first has the higher recall, the second the higher F.
    assert parts(best, "a b c d e f g h", "a", "a b c d x y z w") == [0.125, 1, 0.22222]
    assert parts("rouge_1", "a b c d e f g h", "a", "a b c d x y z w") == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("text", "words", "graphemes"),
    [
        ("今天天气很好。", 6, 6),
        ("สวัสดี ครับ", 7, 7),
        ("नमस्ते दुनिया", 2, 6),
        ("Ünïcode Straße", 2, 14),
        ("😀 👨‍👩‍👧 !?", 0, 0),
    ],
    ids=["chinese", "thai", "hindi", "german", "emoji"],
)
def test_words_of_any_script(text: str, words: int, graphemes: int) -> None:
    """One letter more than the text has shows how many tokens it has: precision is n / (n + 1)."""
    for tokenizer, count in (("unicode_words", words), ("graphemes", graphemes)):
        for profile in ("google", "lin2004"):
            metric = f"rouge_1(profile={profile},tokenizer={tokenizer})"
            expected = [count / (count + 1), min(count, 1), 2 * count / (2 * count + 1)]
            assert parts(metric, f"{text} q", text) == pytest.approx(expected, rel=1e-15)
            assert parts(metric, text, text) == [min(count, 1)] * 3


def test_letters_that_are_dropped_are_noted() -> None:
    result = evald.evaluate(["今天", "a"], ["今天", "a"], metrics=["rouge_1"], replicates=0)
    assert result["rouge_1"].value == 0.5
    assert [note.code for note in result["rouge_1"].notes] == ["NON_ASCII_DROPPED"]


def test_sentences_are_lines_or_what_the_rules_find() -> None:
    """Two sentences in the other order: one line is a single sequence."""
    prediction, reference = "Ann ran. Bob sat.", "Bob sat. Ann ran."
    assert parts("rouge_lsum", prediction, reference)[2] == 0.5
    assert parts("rouge_lsum(sentences=built_in)", prediction, reference)[2] == 1
    assert parts("rouge_lsum", prediction.replace(". ", ".\n"), reference.replace(". ", ".\n"))[2] == 1
    # A full stop of an abbreviation ends nothing.
    assert parts("rouge_lsum(sentences=built_in)", "Dr. B came.", "B came Dr.")[2] == pytest.approx(2 / 3)
    split = "rouge_lsum(sentences=built_in,tokenizer=unicode_words)"
    assert parts(split, "今天好。明天坏！", "明天坏！今天好。")[2] == 1
    assert parts("rouge_lsum(tokenizer=unicode_words)", "今天好。明天坏！", "明天坏！今天好。")[2] == 0.5


def test_one_line_of_several_sentences_is_noted() -> None:
    for metric, noted in (("rouge_lsum", True), ("rouge_lsum(sentences=built_in)", False), ("rouge_l", False)):
        result = evald.evaluate(["One. Two."], ["One. Two."], metrics=[metric], replicates=0)
        assert [note.code for note in result[metric].notes] == ["NO_NEWLINE_FOR_LSUM"] * noted


def test_limits_cut_texts() -> None:
    """Only the script has them; bytes may end within a word."""
    assert parts("rouge_1(profile=1.5.5,word_limit=2)", "a b x y", "a b c d") == [1, 1, 1]
    assert parts("rouge_1(byte_limit=6,profile=1.5.5)", "abc defx", "abc def") == [1, 1, 1]
    assert parts("rouge_1(byte_limit=6,profile=1.5.5)", "abc dxf", "abc def") == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("metric", "field"),
    [
        ("rouge_1(word_limit=3)", "params.word_limit"),
        ("rouge_1(alpha=0.3)", "params.alpha"),
        ("rouge_l(byte_limit=3,profile=lin2004)", "params.byte_limit"),
        ("rouge_w(profile=lin2004,stop_words=x)", "params.stop_words"),
        ("rouge_1(profile=1.5.5,tokenizer=graphemes)", "params.tokenizer"),
        ("rouge_1(aggregation=average,profile=1.5.5)", "params.aggregation"),
        ("rouge_1(byte_limit=3,profile=1.5.5,word_limit=3)", "params.byte_limit"),
        ("rouge_1(exceptions=x,profile=1.5.5)", "params.exceptions"),
        ("rouge_s(profile=lin2004,stemmer=true,tokenizer=unicode_words)", "params.stemmer"),
        ("rouge_s(skip_distance=-2)", "params.skip_distance"),
        ("rouge_w(weight=0.5)", "params.weight"),
        ("rouge_lsum(alpha=0.2)", "params.alpha"),
        ("rouge_w(profile=google)", "profile"),
        ("rouge_lsum(profile=1.5.5)", "profile"),
        ("rouge_10", "name"),
    ],
)
def test_what_is_refused_is_named(metric: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(["a"], ["a"], metrics=[metric], replicates=0)
    assert [violation.field for violation in caught.value.violations] == [f"spec.metrics[0].{field}"]


def test_files_of_the_script_must_be_readable(tmp_path: Path) -> None:
    files = {"forms": b"mice mouse\nmen\n", "latin": b"caf\xe9"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for written, name in (("exceptions=forms,stemmer=true", "exceptions"), ("stop_words=latin", "stop_words")):
        with pytest.raises(InvalidRequestError) as caught:
            evald.evaluate(
                ["a"],
                ["a"],
                metrics=[f"rouge_1(profile=1.5.5,{written})"],
                resources={name: tmp_path / name for name in files},
                replicates=0,
            )
        assert caught.value.violations[0].field == f"spec.metrics[0].params.{name}"


EVERY = (
    *(f"rouge_{name}(profile=1.5.5)" for name in ("1", "9", "l", "w", "s", "su")),
    *(f"rouge_{name}(profile=lin2004)" for name in ("1", "9", "l", "w", "s", "su")),
    *(f"rouge_{name}(profile=lin2004,skip_distance=-1)" for name in ("s", "su")),
    *("rouge_1", "rouge_9", "rouge_l", "rouge_lsum"),
)


@pytest.mark.parametrize("empty", ["", " ", "\n\n", "?!", "\x00", "\u200b"])
def test_texts_without_words_score_nothing(empty: str) -> None:
    rows = texts([[empty, empty, "a b"]], [[empty], ["a b"], [empty]])
    answer = Question([named(metric) for metric in EVERY], rows=True).answer(rows)
    for metric in EVERY:
        assert row_scores(answer, metric) == [0, 0, 0], metric


@pytest.mark.parametrize("kinds", [2, 10_000])
def test_ten_thousand_words(kinds: int) -> None:
    """Of equal texts and of texts whose words come in the other order."""
    words = [f"w{at % kinds}" for at in range(10_000)]
    together, reverse = " ".join(words), " ".join(reversed(words))
    metrics = [metric for metric in EVERY if not metric.startswith("rouge_w(profile=1.5.5")]
    answer = Question([named(metric) for metric in metrics]).answer(texts([[together]], [[together]]))
    assert all(value_of(result_of(answer, metric)) == 1 for metric in metrics)
    answer = Question([named(metric) for metric in EVERY]).answer(texts([[together]], [[reverse]]))
    if kinds == 10_000:
        assert value_of(result_of(answer, "rouge_s(profile=lin2004,skip_distance=-1)")) == 0
        # All words and no pair.
        expected = 10_000 / (10_000 + 10_000 * 9_999 / 2)
        found = value_of(result_of(answer, "rouge_su(profile=lin2004,skip_distance=-1)"))
        assert found == pytest.approx(expected, rel=1e-9)
        assert value_of(result_of(answer, "rouge_l")) == pytest.approx(1 / 10_000, rel=1e-12)


def test_texts_whose_table_is_too_large_are_refused() -> None:
    long = "a " * 17_000
    for metric in ("rouge_w", "rouge_w(profile=lin2004)", "rouge_s(skip_distance=-1)"):
        with pytest.raises(InvalidRequestError) as caught:
            evald.evaluate([long], [["a", long]], metrics=[metric], replicates=0)
        assert caught.value.violations[0].field.endswith("references[0][1]")
    result = evald.evaluate([long], [long], metrics=["rouge_s", "rouge_l"], replicates=0)
    assert result["rouge_s"].value == result["rouge_l"].value == 1
