"""BLEU, chrF and TER against sacrebleu; BLEU's profiles against the definition of evaluate, bleuscore and nltk."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import bleuscore
from nltk.translate.bleu_score import corpus_bleu, sentence_bleu
from sacrebleu.metrics import BLEU, CHRF, TER
from tests.metrics import test_chrf
from tests.metrics.pieces import KINDS, model_file, processor
from tests.metrics.test_bleu import TOKENIZERS
from tests.metrics.test_bleu_profiles import HF, NLTK, hf_score
from tests.metrics.test_ter import OPTIONS as TER_OPTIONS
from tests.metrics.translations import streams
from tests.parity.generate import Pair, corpus, long_pair, moved_pair
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances
from tests.properties.build import Row

from evald.v1.instance_pb2 import Prediction, Tokens

SEPARATORS = dict.fromkeys(range(0x1C, 0x20), " ")
SMOOTHINGS = (("exp", None), ("none", None), ("floor", None), ("floor", 0.25), ("add-k", None), ("add-k", 2.5))


@cache
def bleu_scorers(tokenizer: str, smoothing: str, value: float | None, order: int, flags: tuple[bool, bool]) -> Any:
    """The scorer of corpora, and that of sentences, which has the effective order."""
    options = {"lowercase": flags[0], "smooth_method": smoothing, "smooth_value": value, "max_ngram_order": order}
    return tuple(
        BLEU(**options, tokenize="none" if tokenizer == "given" else tokenizer, effective_order=effective)
        for effective in (flags[1], True)
    )


def bleu_option(choose: random.Random, tokenizer: str) -> tuple[str, Any]:
    """Any combination of options, as evald and as sacrebleu writes it."""
    smoothing, value = choose.choice(SMOOTHINGS)
    order = choose.choice((4, choose.randint(1, 9)))
    flags = choose.random() < 0.5, choose.random() < 0.5
    lowercase, effective = (str(flag).lower() for flag in flags)
    form = f"effective_order={effective},lowercase={lowercase},max_order={order},smoothing={smoothing}"
    form += "" if value is None else f",smoothing_value={value}"
    return f"bleu({form},tokenizer={tokenizer})", bleu_scorers(tokenizer, smoothing, value, order, flags)


def bleu_expected(scorers: tuple[BLEU, BLEU], drawn: Sequence[Pair]) -> Expected:
    """Lengths, matches, precisions and scores of sacrebleu."""
    whole, sentence = scorers
    by_row = statistics(whole, drawn)
    sums = [sum(column) for column in zip(*by_row, strict=True)]
    score = whole._aggregate_and_compute(by_row)
    orders = range(1, whole.max_ngram_order + 1)
    parts = {"sys_len": score.sys_len, "ref_len": score.ref_len, "brevity_penalty": score.bp}
    for n in orders:
        parts |= {f"precision_{n}": score.precisions[n - 1], f"correct_{n}": sums[n + 1]}
        parts[f"total_{n}"] = sums[n + 1 + len(orders)]
    return Expected(score.score, rows_of(sentence, by_row), parts)


def statistics(scorer: Any, drawn: Sequence[Pair]) -> Any:
    """The integers of every row that sacrebleu makes scores of."""
    references = streams([one.references for one in drawn])
    return scorer._extract_corpus_statistics([one.prediction for one in drawn], references)


def rows_of(scorer: Any, by_row: Any) -> list[float]:
    """Scores of sentences."""
    return [scorer._aggregate_and_compute([of_row]).score for of_row in by_row]


def bleu_case(choose: random.Random, drawn: Sequence[Pair]) -> Case:
    """Every tokenizer, each with other options, beside the defaults."""
    options = dict(bleu_option(choose, tokenizer) for tokenizer in TOKENIZERS)
    options["bleu"] = bleu_scorers("13a", "exp", None, 4, (False, False))
    return Case(instances(drawn), {form: bleu_expected(scorers, drawn) for form, scorers in options.items()})


def given_case(choose: random.Random) -> Case:
    """Tokens of the caller, beside words between spaces."""
    form, scorers = bleu_option(choose, "given")
    lists = [[words(one.prediction), *map(words, one.references)] for one in corpus(choose)]
    joined = [Pair(" ".join(said), tuple(map(" ".join, asked))) for said, *asked in lists]
    rows = [
        # An empty answer has no tokens; its text says that it is there.
        Row(predictions=[Prediction(tokens=said, text="")], reference_tokens=[Tokens(tokens=one) for one in asked])
        for said, *asked in lists
    ]
    return Case(rows, {form: bleu_expected(scorers, joined)})


def pieces_case(choose: random.Random, drawn: Sequence[Pair]) -> Case:
    """The pieces of a SentencePiece model of any kind, as Google's package cuts them."""
    kind = choose.choice(list(KINDS))
    form, scorers = bleu_option(choose, "none")
    form = form.replace("tokenizer=none", "model=pieces,tokenizer=sentencepiece")
    lowercase = "lowercase=true" in form

    def cut(text: str) -> str:
        text = text.lower() if lowercase else text
        return " ".join(processor(kind).encode(text.rstrip(), out_type=str))

    joined = [Pair(cut(one.prediction), tuple(map(cut, one.references))) for one in drawn]
    expected = {form: bleu_expected(scorers, joined)}
    return Case(instances(drawn), expected, resources={"pieces": model_file(kind)})


def words(text: str) -> list[str]:
    """Words between spaces."""
    return text.split() or ["x"]


def hf_case(choose: random.Random) -> Case:
    """The definition that evaluate uses, written out."""
    drawn = corpus(choose)
    expected = {}
    for form in choose.sample(list(HF), 2):
        by_row = [hf_score([one.prediction], [one.references], **HF[form]) for one in drawn]
        said, asked = [one.prediction for one in drawn], [one.references for one in drawn]
        expected[form] = Expected(hf_score(said, asked, **HF[form]), by_row)
    return Case(instances(drawn), expected)


def bleuscore_case(choose: random.Random) -> Case:
    """The port of that definition to Rust, on texts that have tokens: without any the definition divides by zero."""
    drawn = [Pair(plain(one.prediction), tuple(map(plain, one.references))) for one in corpus(choose)]
    expected = {}
    for smooth in (False, True):
        order = choose.randint(1, 9)
        found: Any = bleuscore.compute(
            [[*one.references] for one in drawn], [one.prediction for one in drawn], order, smooth
        )
        parts = {f"precision_{n}": found["precisions"][n - 1] for n in range(1, order + 1)}
        parts |= {"sys_len": found["translation_length"], "ref_len": found["reference_length"]}
        form = f"bleu(max_order={order},profile=hf,smoothing={'add-one' if smooth else 'none'})"
        expected[form] = Expected(found["bleu"], None, parts)
    return Case(instances(drawn), expected)


def plain(text: str) -> str:
    """A text with a token, without the spaces U+001C to U+001F: bleuscore does not split at them as Python does."""
    return (text.translate(SEPARATORS).replace("<skipped>", "").strip()) or "x"


def nltk_case(choose: random.Random) -> Case:
    """Words between spaces."""
    drawn = corpus(choose)
    split = [one.prediction.split() for one in drawn]
    asked = [[reference.split() for reference in one.references] for one in drawn]
    expected = {}
    for form in choose.sample(list(NLTK), 2):
        by_row = [sentence_bleu(other, said, **NLTK[form]) for said, other in zip(split, asked, strict=True)]
        expected[form] = Expected(float(corpus_bleu(asked, split, **NLTK[form])), list(map(float, by_row)))
    return Case(instances(drawn), expected)


@cache
def chrf_scorer(options: tuple[tuple[str, Any], ...]) -> CHRF:
    """A scorer with its options."""
    return CHRF(**dict(options))


def chrf_option(choose: random.Random) -> tuple[str, CHRF]:
    """Any combination."""
    options = {
        "beta": choose.choice((0, 0.5, 1, 2, 3)),
        "char_order": choose.randint(1, 10),
        "eps_smoothing": choose.random() < 0.3,
        "lowercase": choose.random() < 0.5,
        "whitespace": choose.random() < 0.5,
        "word_order": choose.choice((0, 2, choose.randint(0, 9))),
    }
    form = ",".join(f"{name}={str(value).lower()}" for name, value in options.items())
    return f"chrf({form})", chrf_scorer(tuple(options.items()))


def chrf_case(choose: random.Random, drawn: Sequence[Pair]) -> Case:
    """chrF, chrF++ and others."""
    options = {"chrf": chrf_scorer(()), "chrf(word_order=2)": chrf_scorer((("word_order", 2),))}
    options |= dict([chrf_option(choose)])
    expected = {}
    for form, scorer in options.items():
        by_row = statistics(scorer, drawn)
        sums = [sum(column) for column in zip(*by_row, strict=True)]
        names = test_chrf.names(scorer)
        value = scorer._aggregate_and_compute(by_row).score
        expected[form] = Expected(value, rows_of(scorer, by_row), dict(zip(names, sums, strict=True)))
    return Case(instances(drawn), expected)


def ter_case(choose: random.Random, drawn: Sequence[Pair], forms: Sequence[str] = ()) -> Case:
    """One or two combinations of flags."""
    expected = {}
    for form in forms or (choose.choice(list(TER_OPTIONS)),):
        scorer = TER(**TER_OPTIONS[form])
        by_row = statistics(scorer, drawn)
        score = scorer._aggregate_and_compute(by_row)
        parts = {"edits": score.num_edits, "ref_len": score.ref_length}
        expected[form] = Expected(score.score, rows_of(scorer, by_row), parts)
    return Case(instances(drawn), expected)


def long_ter(choose: random.Random) -> Case:
    """The reference takes seconds for 150 words in another order, and a minute for 10,000 of which few moved."""
    if choose.random() < 0.1:
        return ter_case(choose, [moved_pair(choose, 10_000)], ["ter"])
    return ter_case(choose, [long_pair(choose, 150)], ["ter"])


def translation() -> list[Check]:
    """BLEU, chrF and TER."""
    return [
        CaseCheck(
            lambda choose: bleu_case(choose, corpus(choose)),
            long=lambda choose: bleu_case(choose, [long_pair(choose, 10_000)]),
        ),
        CaseCheck(
            lambda choose: pieces_case(choose, corpus(choose)),
            long=lambda choose: pieces_case(choose, [long_pair(choose, 10_000)]),
        ),
        CaseCheck(given_case),
        CaseCheck(hf_case),
        CaseCheck(bleuscore_case),
        CaseCheck(nltk_case),
        CaseCheck(
            lambda choose: chrf_case(choose, corpus(choose)),
            long=lambda choose: chrf_case(choose, [long_pair(choose, 10_000)]),
        ),
        CaseCheck(
            lambda choose: ter_case(choose, corpus(choose, 3)),
            long=long_ter,
        ),
    ]
