"""BLEU's profiles: hf equals the definition of evaluate (and its port bleuscore), nltk equals nltk, within 1e-9."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from math import exp, inf, log
from pathlib import Path
from typing import Any

import bleuscore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu, sentence_bleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from tests.metrics.conftest import lines
from tests.metrics.test_bleu import TOLERANCE
from tests.properties.build import AWKWARD, Question, Row, any_text, components, result_of, row_scores, texts, value_of

from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Prediction, Tokens

Corpus = tuple[Sequence[str], Sequence[Sequence[str]]]

HF: dict[str, dict[str, Any]] = {
    "bleu(profile=hf)": {},
    "bleu(profile=hf,smoothing=add-one)": {"smooth": True},
    "bleu(max_order=2,profile=hf)": {"max_order": 2},
    "bleu(max_order=7,profile=hf,smoothing=add-one)": {"max_order": 7, "smooth": True},
    "bleu(profile=hf,smoothing=add-one,tokenizer=none)": {"smooth": True, "split": str.split},
}


def split_13a(text: str) -> list[str]:
    """The tokenizer of evaluate: that of sacrebleu, on the text as it is."""
    return str(Tokenizer13a()(text)).split()


def hf_score(
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    smooth: bool = False,
    max_order: int = 4,
    split: Callable[[str], list[str]] = split_13a,
) -> float:
    """BLEU as evaluate defines it; 0 where it divides by zero."""
    correct, total = Counter[int](), Counter[int]()
    sys_len = ref_len = 0
    for prediction, of_row in zip(predictions, references, strict=True):
        tokens, others = split(prediction), [split(reference) for reference in of_row]
        sys_len, ref_len = sys_len + len(tokens), ref_len + min(map(len, others))
        for n in range(1, max_order + 1):
            grams, *allowed = (
                Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1)) for words in (tokens, *others)
            )
            total[n] += grams.total()
            correct[n] += sum(min(count, max(other[gram] for other in allowed)) for gram, count in grams.items())
    orders = range(1, max_order + 1)
    precisions = [(correct[n] + smooth) / ((total[n] + smooth) or inf) for n in orders]
    if min(precisions) == 0 or sys_len == 0 or ref_len == 0:
        return 0.0
    penalty = 1.0 if sys_len > ref_len else exp(1 - ref_len / sys_len)
    return penalty * exp(sum(map(log, precisions)) / max_order)


def check_hf(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Corpus and row scores equal the definition."""
    answer = Question(list(HF), rows=True).answer(texts([predictions], references))
    for metric, options in HF.items():
        result = result_of(answer, metric)
        assert value_of(result) == pytest.approx(hf_score(predictions, references, **options), rel=0, abs=TOLERANCE)
        assert (result.reference_signature, result.row_signature) == ("", "")
        rows = [hf_score([one], [of_row], **options) for one, of_row in zip(predictions, references, strict=True)]
        assert row_scores(answer, metric) == pytest.approx(rows, rel=0, abs=TOLERANCE), metric


CHEN_CHERRY = SmoothingFunction
NLTK: dict[str, dict[str, Any]] = {
    "bleu(profile=nltk)": {},
    "bleu(profile=nltk,smoothing=method0)": {"smoothing_function": CHEN_CHERRY().method0},
    "bleu(profile=nltk,smoothing=method1)": {"smoothing_function": CHEN_CHERRY().method1},
    "bleu(profile=nltk,smoothing=method1,smoothing_value=0.01)": {
        "smoothing_function": CHEN_CHERRY(epsilon=0.01).method1
    },
    "bleu(profile=nltk,smoothing=method2)": {"smoothing_function": CHEN_CHERRY().method2},
    "bleu(profile=nltk,smoothing=method3)": {"smoothing_function": CHEN_CHERRY().method3},
    "bleu(profile=nltk,smoothing=method4)": {"smoothing_function": CHEN_CHERRY().method4},
    "bleu(profile=nltk,smoothing=method4,smoothing_value=1)": {"smoothing_function": CHEN_CHERRY(k=1).method4},
    "bleu(max_order=1,profile=nltk)": {"weights": (1,)},
    "bleu(max_order=6,profile=nltk,smoothing=method3)": {
        "weights": (1 / 6,) * 6,
        "smoothing_function": CHEN_CHERRY().method3,
    },
    "bleu(effective_order=true,profile=nltk)": {"auto_reweigh": True},
    "bleu(effective_order=true,profile=nltk,smoothing=method4)": {
        "auto_reweigh": True,
        "smoothing_function": CHEN_CHERRY().method4,
    },
}


def check_nltk(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Corpus and row scores equal nltk's, of words between spaces."""
    answer = Question(list(NLTK), rows=True).answer(texts([predictions], references))
    split = [prediction.split() for prediction in predictions]
    others = [[reference.split() for reference in of_row] for of_row in references]
    for metric, options in NLTK.items():
        with warnings.catch_warnings(action="ignore"):
            corpus = corpus_bleu(others, split, **options)
            rows = [sentence_bleu(of_row, words, **options) for words, of_row in zip(split, others, strict=True)]
        result = result_of(answer, metric)
        assert value_of(result) == pytest.approx(corpus, rel=1e-9, abs=0), metric
        assert (result.reference_signature, result.row_signature) == ("", "")
        assert row_scores(answer, metric) == pytest.approx(rows, rel=1e-9, abs=0), metric


CHECKS = pytest.mark.parametrize("check", [check_hf, check_nltk], ids=["hf", "nltk"])


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> Corpus:
    folder = shared_data / "mt-wmt17-en-de"
    names = ("KIT", "reference", "FBK", "online-A")
    predictions, *others = (lines(folder / f"{name}.txt")[:400] for name in names)
    choose = random.Random(3)
    return predictions, [of_row[: choose.randint(1, 3)] for of_row in zip(*others, strict=True)]


@CHECKS
def test_a_real_system(wmt: Corpus, check: Callable[..., None]) -> None:
    check(*wmt)


def test_a_real_system_against_bleuscore(shared_data: Path) -> None:
    folder = shared_data / "mt-wmt17-en-de"
    names = ("online-B", "reference", "uedin-nmt")
    predictions, *others = (lines(folder / f"{name}.txt") for name in names)
    references = [list(of_row) for of_row in zip(*others, strict=True)]
    for smooth in (False, True):
        metric = f"bleu(profile=hf,smoothing={'add-one' if smooth else 'none'})"
        expected = bleuscore.compute(references, predictions, 4, smooth)
        result = result_of(Question([metric]).answer(texts([predictions], references)), metric)
        parts = components(result)
        assert value_of(result) == pytest.approx(expected["bleu"], rel=0, abs=TOLERANCE)
        assert [parts[f"precision_{n}"] for n in range(1, 5)] == pytest.approx(expected["precisions"], rel=0, abs=1e-12)
        assert parts["brevity_penalty"] == pytest.approx(expected["brevity_penalty"], rel=0, abs=1e-12)
        lengths = [expected["translation_length"], expected["reference_length"]]
        assert [parts["sys_len"], parts["ref_len"]] == lengths


@CHECKS
@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str, check: Callable[..., None]) -> None:
    others = [awkward, awkward + " x", "x" + awkward, awkward * 2, awkward + "-\n", "the cat sat on the mat", ""]
    check([awkward] * len(others), [[other] for other in others])
    check(others, [[awkward, "the cat"]] * len(others))


@CHECKS
def test_short_corpora(check: Callable[..., None]) -> None:
    """One to four tokens: where orders have no n-gram, and where nltk reweighs."""
    choose = random.Random(11)
    for _ in range(200):
        rows = choose.randint(1, 2)
        draw = [" ".join(choose.choices("abc", k=choose.randint(0, 4))) for _ in range(3 * rows)]
        check(draw[:rows], [draw[rows + 2 * at : rows + 2 * at + 2] for at in range(rows)])


@CHECKS
def test_ten_thousand_tokens(check: Callable[..., None]) -> None:
    choose = random.Random(7)
    prediction, reference = (" ".join(choose.choices([f"w{n}" for n in range(30)], k=10_000)) for _ in range(2))
    check([prediction], [[reference, prediction[:20_000]]])


@CHECKS
@given(rows=st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=4))
def test_any_text(check: Callable[..., None], rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


def test_given_tokens_have_the_score_of_nltk() -> None:
    metric = "bleu(profile=nltk,smoothing=method1,tokenizer=given)"
    tokens, reference = ["New York", "is", "", "big", "."], ["New York", "was", "", "big", "."]
    row = Row(predictions=[Prediction(tokens=tokens)], reference_tokens=[Tokens(tokens=reference)])
    expected = sentence_bleu([reference], tokens, smoothing_function=CHEN_CHERRY().method1)
    assert value_of(result_of(Question([metric]).answer([row]), metric)) == pytest.approx(expected, rel=1e-9, abs=0)


def test_a_profile_has_its_own_scale_and_defaults() -> None:
    row = Row(predictions=[Prediction(text="a b c d")], references=["a b c d"])
    signatures = {
        "bleu": "profile=sacrebleu,smoothing=exp,smoothing_value=none,tokenizer=13a",
        "bleu(profile=hf)": "profile=hf,smoothing=none,smoothing_value=none,tokenizer=13a",
        "bleu(profile=nltk)": "profile=nltk,smoothing=method0,smoothing_value=none,tokenizer=none",
    }
    for metric, rest in signatures.items():
        result = result_of(Question([metric]).answer([row]), metric)
        assert result.signature.startswith(
            f"bleu(effective_order=false,lowercase=false,max_order=4,model=none,{rest})|"
        )
        assert result.scale == (100 if metric == "bleu" else 1)
        assert value_of(result) == pytest.approx(result.scale, rel=0, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("metric", "parameter"),
    [
        ("bleu(smoothing_value=1)", "smoothing_value"),
        ("bleu(smoothing=none,smoothing_value=1)", "smoothing_value"),
        ("bleu(smoothing=floor,smoothing_value=1.5)", "smoothing_value"),
        ("bleu(smoothing=add-k,smoothing_value=-1)", "smoothing_value"),
        ("bleu(smoothing=method1)", "smoothing"),
        ("bleu(smoothing=add-one)", "smoothing"),
        ("bleu(profile=hf,smoothing=exp)", "smoothing"),
        ("bleu(profile=hf,smoothing_value=1,smoothing=add-one)", "smoothing_value"),
        ("bleu(profile=hf,lowercase=true)", "lowercase"),
        ("bleu(profile=hf,effective_order=true)", "effective_order"),
        ("bleu(profile=hf,tokenizer=intl)", "tokenizer"),
        ("bleu(profile=nltk,smoothing=floor)", "smoothing"),
        ("bleu(profile=nltk,smoothing_value=1)", "smoothing_value"),
        ("bleu(profile=nltk,smoothing=method3,smoothing_value=1)", "smoothing_value"),
        ("bleu(profile=nltk,smoothing=method1,smoothing_value=0)", "smoothing_value"),
        ("bleu(profile=nltk,smoothing=method4,smoothing_value=0.5)", "smoothing_value"),
        ("bleu(profile=nltk,lowercase=true)", "lowercase"),
        ("bleu(profile=nltk,tokenizer=13a)", "tokenizer"),
        ("bleu(profile=nltk,effective_order=true,max_order=3)", "effective_order"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(metric: str, parameter: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Question([metric]).spec()
    assert caught.value.reason == "BAD_PARAMETER"
    assert caught.value.violations[0].field == f"spec.metrics[0].params.{parameter}"
