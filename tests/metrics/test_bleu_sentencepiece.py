"""BLEU on the pieces of a SentencePiece model equals sacrebleu on those of Google's package; both run beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU
from tests.metrics.conftest import lines
from tests.metrics.pieces import KINDS, model_file, processor
from tests.properties.build import AWKWARD, Question, any_text, components, row_scores, texts, value_of

import evald
from evald.errors import InvalidRequestError

TOLERANCE = 1e-9

EVERY_KIND = pytest.mark.parametrize("kind", KINDS)

PIECES = "bleu(model=pieces,tokenizer=sentencepiece)"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models as files."""
    folder = tmp_path_factory.mktemp("models")
    for kind in KINDS:
        (folder / kind).write_bytes(model_file(kind))
    return folder


def check(kind: str, predictions: Sequence[str], references: Sequence[str], **options: bool) -> None:
    """Counts are equal, and so are the scores of corpus and rows, to sacrebleu's on the pieces of Google's package."""

    def pieces(text: str) -> str:
        text = text.lower() if options.get("lowercase") else text
        return " ".join(processor(kind).encode(text.rstrip(), out_type=str))

    given = ["model=pieces", "tokenizer=sentencepiece", *(f"{name}=true" for name in options), "max_order=6"]
    question = Question([f"bleu({','.join(sorted(given))})"], rows=True, resources={"pieces": model_file(kind)})
    answer = question.answer(texts([predictions], [[text] for text in references]))
    result = answer.systems[0].metrics[0]
    scorer = BLEU(tokenize="none", max_ngram_order=6)
    cut = [list(map(pieces, side)) for side in (predictions, references)]
    expected = scorer.corpus_score(cut[0], [cut[1]])
    parts = components(result)
    assert [parts[f"correct_{order}"] for order in range(1, 7)] == expected.counts
    assert [parts[f"total_{order}"] for order in range(1, 7)] == expected.totals
    assert (parts["sys_len"], parts["ref_len"]) == (expected.sys_len, expected.ref_len)
    assert value_of(result) == pytest.approx(expected.score, abs=TOLERANCE)
    alone = BLEU(tokenize="none", max_ngram_order=6, effective_order=True)
    scores = [alone.sentence_score(one, [other]).score for one, other in zip(*cut, strict=True)]
    assert row_scores(answer, result.metric) == pytest.approx(scores, abs=TOLERANCE)


@EVERY_KIND
def test_awkward_texts(kind: str) -> None:
    awkward = [*AWKWARD, "<sep>the cat<sep> the  cat  ing <unk><s>", "\u2581\u2581 \u2581a", "the cat sat " * 3400]
    others = [*awkward[1:], "the cat sat"]
    check(kind, awkward, awkward)
    check(kind, awkward, others)
    check(kind, awkward, others, lowercase=True)


@EVERY_KIND
@given(st.lists(st.tuples(any_text(), any_text()), min_size=1, max_size=6))
def test_any_texts(kind: str, pairs: list[tuple[str, str]]) -> None:
    predictions, references = zip(*pairs, strict=True)
    check(kind, predictions, references)


@pytest.mark.parametrize("kind", ["unigram", "bpe with bytes"])
def test_real_translations(kind: str, shared_data: Path) -> None:
    folder = shared_data / "mt-wmt17-en-de"
    predictions, references = (lines(folder / name)[:500] for name in ("online-A.txt", "reference.txt"))
    check(kind, predictions, references)


def refused(resources: dict[str, Path], metric: str) -> tuple[str, str]:
    """Field and text of the error."""
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(["a"], [["a"]], metrics=metric, resources=resources, replicates=0)
    (violation,) = caught.value.violations
    return violation.field, violation.description


def test_the_signature_has_the_digest(folder: Path) -> None:
    result = evald.evaluate(
        ["the cat"], [["the cat"]], metrics=PIECES, resources={"pieces": folder / "bpe"}, replicates=0
    )[PIECES]
    assert "model=pieces@" in result.signature
    assert not result.reference_signature


def test_what_is_wrong_is_named(folder: Path, tmp_path: Path) -> None:
    model = {"pieces": folder / "unigram"}
    field = "spec.metrics[0].params.model"
    assert refused(model, "bleu(tokenizer=sentencepiece)")[0] == field
    assert "needs a model" in refused(model, "bleu(tokenizer=sentencepiece)")[1]
    assert refused(model, "bleu(model=pieces)") == (
        field,
        "only the tokenizer sentencepiece has a model: choose it, or leave the model out",
    )
    assert "there are pieces" in refused(model, "bleu(model=other,tokenizer=sentencepiece)")[1]
    assert refused(model, "bleu(profile=nltk,model=pieces,tokenizer=none)")[0] == field
    assert refused(model, "bleu(profile=hf,model=pieces,tokenizer=sentencepiece)")[0].startswith("spec.metrics[0]")
    good = model_file("unigram")
    broken = {
        "text": b"the cat sat on the mat",
        "empty": b"",
        "cut": good[:-3],
        "half": good[: len(good) // 2],
        "long": b"\x0a\xff\xff\xff\xff\x0f" + good,
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        assert refused({"pieces": tmp_path / name}, PIECES)[0] == field, name
    assert "folder" in refused({"pieces": folder}, PIECES)[1]
