"""Short answers against the definitions of their evaluation scripts, which golden tables of the scripts hold."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tests.metrics import test_squad2, test_truthfulqa
from tests.metrics.answer_oracles import drop_scores, overlap, squad2_scores
from tests.metrics.test_drop import PIECES as DROP_PIECES
from tests.metrics.test_drop import span_rows
from tests.metrics.test_matches import CONTAINS, read_number
from tests.metrics.test_matches import PIECES as NUMBER_PIECES
from tests.metrics.test_squad import f1, normalised
from tests.metrics.test_triviaqa import NORMALIZERS, OPTIONS
from tests.metrics.test_truthfulqa import REPORTS
from tests.parity.generate import Pair, corpus, long_pair, near, pair, text
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

PATTERNS = (r"\bthe\b", r"^.*(\d+)[.,]\d+ ?(cat|%)?.*$", r"(?:a|an)\s+[a-z]\w+", r"[^a-z]{4,}|\.$", r"\w\W\w", r"^\S+$")


def percent(scores: Sequence[float | bool]) -> Expected:
    """Rows and their mean on the scale of 100."""
    rows = [100.0 * score for score in scores]
    return Expected(float(np.mean(rows)), rows)


def short(choose: random.Random) -> Pair:
    """Answers that are often equal but for case, articles and punctuation."""
    one = pair(choose, 7)
    said = choose.choice(one.references) if choose.random() < 0.3 else one.prediction
    dressed = choose.choice(("{}", "the {}", "{}.", "A {}!", " {}\r\n", "{} an")).format(said)
    return Pair(dressed if choose.random() < 0.5 else said, one.references)


def shorts(choose: random.Random) -> list[Pair]:
    """Few or many."""
    return [short(choose) for _ in range(choose.choice((1, 5, 60)))]


def squad1(drawn: Sequence[Pair]) -> Case:
    """Version 1.1, through words and through texts."""
    exact = [any(normalised(one.prediction) == normalised(gold) for gold in one.references) for one in drawn]
    overlaps = [max(f1(one.prediction, gold)[2] for gold in one.references) for one in drawn]
    return Case(instances(drawn), {"exact_match": percent(exact), "token_f1": percent(overlaps)})


def squad2(drawn: Sequence[Pair]) -> Case:
    """Version 2.0: the metrics, and the profiles of version 1.1's metrics."""
    scores = [squad2_scores(one.prediction, one.references) for one in drawn]
    exact, overlaps = (percent(column) for column in zip(*scores, strict=True))
    expected = {"squad2_exact": exact, "exact_match(profile=squad2)": exact}
    expected |= {"squad2_f1": overlaps, "token_f1(profile=squad2)": overlaps}
    return Case(instances(drawn), expected)


def thresholds(choose: random.Random) -> Case:
    """The best threshold of no-answer scores, with ties."""
    levels = [choose.uniform(-3, 3) for _ in range(choose.choice((1, 5, 80)))] + [0.0, -0.0]
    drawn = [short(choose) for _ in range(choose.choice((1, 8, 120)))]
    questions: list[dict[str, Any]] = [
        {
            "prediction": one.prediction if choose.random() < 0.7 else "",
            "references": [*one.references] if any(one.references) and choose.random() < 0.6 else [""],
            "no_answer_score": choose.choice(levels),
        }
        for one in drawn
    ]
    scores = [squad2_scores(question["prediction"], question["references"]) for question in questions]
    expected = {}
    for metric, column in zip(test_squad2.BEST, zip(*scores, strict=True), strict=True):
        best, threshold = test_squad2.best_threshold(questions, column)
        expected[metric] = Expected(best, None, {"threshold": threshold})
    return Case(test_squad2.rows_of(questions), expected)


def normalizers(choose: random.Random) -> Case:
    """TriviaQA, the languages of MLQA, the options of Hugging Face, no change."""
    drawn = shorts(choose)
    expected = {}
    for form in ("profile=triviaqa", "profile=plain", *choose.sample(list(NORMALIZERS), 3)):
        words = NORMALIZERS.get(form, str.split)
        lists = [(words(one.prediction), [words(gold) for gold in one.references]) for one in drawn]
        expected[f"token_f1({form})"] = percent(
            [max(overlap(said, gold)[2] for gold in golds) for said, golds in lists]
        )
        if form in NORMALIZERS:
            expected[f"exact_match({form})"] = percent([said in golds for said, golds in lists])
    for form, change in OPTIONS.items():
        hits = [change(one.prediction) in map(change, one.references) for one in drawn]
        expected[f"exact_match({form})"] = percent(hits)
    return Case(instances(drawn), expected)


def drop_texts(choose: random.Random) -> Case:
    """DROP, of numbers in all spellings and of any texts."""

    def answer() -> str:
        if choose.random() < 0.4:
            return text(choose)
        return "".join(choose.choices(DROP_PIECES, k=choose.randint(0, 8)))

    drawn = []
    for _ in range(choose.choice((1, 50))):
        said = answer()
        golds = [near(choose, said) if choose.random() < 0.5 else answer() for _ in range(choose.randint(1, 4))]
        drawn.append(Pair(said, tuple(golds)))
    scores = [drop_scores([one.prediction], [[gold] for gold in one.references]) for one in drawn]
    columns = dict(zip(("drop_em", "drop_f1"), zip(*scores, strict=True), strict=True))
    expected = {metric: Expected(float(np.mean(column)), column) for metric, column in columns.items()}
    return Case(instances(drawn), expected)


def drop_spans(choose: random.Random) -> Case:
    """DROP, of several spans."""

    def spans() -> list[str]:
        return [" ".join(choose.choices(pool, k=choose.randint(1, 3))) for _ in range(choose.randint(1, 5))]

    pool = ["a", "b", "c", "5", "6", "x y", "5 x", "the", text(choose), choose.choice(DROP_PIECES)]
    answers = [(spans(), [spans() for _ in range(choose.randint(1, 3))]) for _ in range(20)]
    scores = [drop_scores(said, golds) for said, golds in answers]
    columns = dict(zip(("drop_em(spans=tokens)", "drop_f1(spans=tokens)"), zip(*scores, strict=True), strict=True))
    return Case(span_rows(answers), {metric: Expected(rows=column) for metric, column in columns.items()})


def contains(choose: random.Random) -> Case:
    """Python's operator `in`."""
    drawn = []
    for one in shorts(choose):
        golds = [gold[choose.randint(0, len(gold)) :][: choose.randint(0, 9)] for gold in one.references]
        drawn.append(Pair(one.prediction, tuple(gold.upper() if choose.random() < 0.1 else gold for gold in golds)))
    expected = {}
    for metric in CONTAINS:
        change: Callable[[str], str] = str.lower if "ignore_case" in metric else str
        join = all if "require" in metric else any
        expected[metric] = percent([join(change(g) in change(one.prediction) for g in one.references) for one in drawn])
    return Case(instances(drawn), expected)


def patterns(choose: random.Random) -> Case:
    """What Python's re and Rust's regex have in common, on ASCII; their classes follow different Unicodes beyond."""
    drawn = [
        Pair(one.prediction.encode("ascii", "ignore").decode(), (choose.choice(PATTERNS),)) for one in shorts(choose)
    ]
    drawn = [Pair(re.sub(r"[\x1c-\x1f]", " ", one.prediction), one.references) for one in drawn]
    mode, ignored = choose.choice(("search", "full")), choose.random() < 0.5
    flags = re.IGNORECASE | re.ASCII if ignored else re.ASCII
    hits = []
    for one in drawn:
        # A dollar is the end of the text, in Python the end of its last line too.
        pattern = re.compile(one.references[0].replace("$", r"\Z"), flags)
        hits.append((pattern.search if mode == "search" else pattern.fullmatch)(one.prediction) is not None)
    return Case(instances(drawn), {f"regex_match(ignore_case={str(ignored).lower()},mode={mode})": percent(hits)})


def numeric(choose: random.Random) -> Case:
    """Numbers as the documentation defines them, compared as NumPy does."""
    which, decimal = choose.choice(("first", "last", "only")), choose.choice(".,")
    percents = choose.choice(("ignore", "fraction"))
    absolute, relative = (choose.choice((0.0, 0.5, 1e-6, choose.uniform(0, 3))) for _ in range(2))
    form = f"absolute_tolerance={absolute!r},decimal={'point' if decimal == '.' else 'comma'},extract={which}"
    form += f",percent={percents},relative_tolerance={relative!r}"

    def written() -> str:
        if choose.random() < 0.3:
            return text(choose)
        return "".join(choose.choices(NUMBER_PIECES, k=choose.randint(0, 10)))

    drawn: list[Pair] = []
    hits: list[bool] = []
    while len(drawn) < 50:
        one = Pair(written(), tuple(written() for _ in range(choose.randint(1, 3))))
        said = read_number(one.prediction, which, decimal, percents)
        golds = [read_number(gold, which, decimal, percents) for gold in one.references]
        if any(gold is not None for gold in golds):
            drawn.append(one)
            hits.append(any(is_close(said, gold, absolute, relative) for gold in golds))
    return Case(instances(drawn), {f"numeric_match({form})": percent(hits)})


def is_close(said: float | None, gold: float | None, absolute: float, relative: float) -> bool:
    """As NumPy has it; no number is near to none."""
    return said is not None and gold is not None and bool(np.isclose(said, gold, atol=absolute, rtol=relative))


def truthfulqa(choose: random.Random) -> Case:
    """Scores of sacrebleu and rouge-score, as lm-evaluation-harness calls them."""
    cases: list[test_truthfulqa.Case] = []
    for _ in range(20):
        one, wrong = pair(choose, 3), pair(choose, 1)
        close = [near(choose, gold) if choose.random() < 0.3 else gold for gold in wrong.references]
        cases.append((one.prediction, one.references, [*close, "a cat"]))
    found = [test_truthfulqa.expected_of(case) for case in cases]
    expected = {}
    for name in ("bleu", *test_truthfulqa.NAMES):
        for report in REPORTS:
            rows = [of_row[name][report] for of_row in found]
            expected[f"truthfulqa_{name}(report={report})"] = Expected(float(np.mean(rows)), rows)
    return Case([test_truthfulqa.row_of(case) for case in cases], expected)


def answers() -> list[Check]:
    """SQuAD, TriviaQA, DROP, TruthfulQA's generated answers, and what is contained in an answer."""

    def both(drawn: Sequence[Pair]) -> Case:
        one, other = squad1(drawn), squad2(drawn)
        return Case(one.rows, {**one.expected, **other.expected})

    return [
        CaseCheck(lambda choose: both(shorts(choose)), long=lambda choose: both([long_pair(choose, 10_000)])),
        CaseCheck(lambda choose: both(corpus(choose))),
        *map(CaseCheck, (thresholds, normalizers, drop_texts, drop_spans, contains, patterns, numeric, truthfulqa)),
    ]
