"""Write answers.json, drop.json, choices.json and truthfulqa.json with the reference scripts themselves.

    python make_answers.py FOLDER

FOLDER holds these files, unchanged: squad_v2_compute_score.py (huggingface/evaluate a7dd338, metrics/squad_v2/
compute_score.py), triviaqa_evaluation.py (mandarjoshi90/triviaqa ca43b58), mlqa_evaluation_v1.py (facebookresearch/
MLQA 24bf470), and of the wheel lm-eval 0.4.13: lm_eval_metrics.py (lm_eval/api/metrics.py), drop_utils.py and
truthfulqa_utils.py (lm_eval/tasks/*/utils.py). Needs numpy, scipy, sacrebleu and rouge-score under Python 3.11.
"""

import importlib.util
import json
import random
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from make_golden import PAIRS

HERE = Path(__file__).parent

# What the scripts import but do not need here.
STUBS: dict[str, Any] = {
    "utils": SimpleNamespace(),
    "utils.dataset_utils": SimpleNamespace(),
    "utils.utils": SimpleNamespace(),
    "datasets": SimpleNamespace(Dataset=object),
    "lm_eval": SimpleNamespace(),
    "lm_eval.api": SimpleNamespace(),
    "lm_eval.api.registry": SimpleNamespace(
        register_aggregation=lambda *_, **__: lambda function: function,
        register_metric=lambda *_, **__: lambda function: function,
    ),
}

ANSWERS: list[tuple[str, list[str]]] = [
    ("The Eiffel_Tower\u2019s top!", ["eiffel tower s top", "top"]),
    ("\u2018quoted\u2019 \u00b4x\u00b4 `y` a-b", ["quoted x y a b", "quotedxyab"]),
    ("Der Hund und die Katze", ["hund und katze", "ein Hund"]),
    ("\u00bfD\u00f3nde est\u00e1n los ni\u00f1os?", ["d\u00f3nde est\u00e1n ni\u00f1os", "los"]),
    ("nh\u1eefng con m\u00e8o c\u1ee7a t\u00f4i l\u00e0", ["con m\u00e8o t\u00f4i", "c\u00e1i"]),
    (
        "\u0627\u0644\u0643\u062a\u0627\u0628\u060c \u0628\u0627\u0644\u0642\u0644\u0645",
        ["\u0643\u062a\u0627\u0628 \u0628 \u0642\u0644\u0645"],
    ),
    ("\u4ed6\u5728NBA\u6253\u7403\u3002", ["\u4ed6 \u5728 nba \u6253 \u7403", "\u6253\u7403"]),
    (
        "\u092f\u0939 \u0915\u093f\u0924\u093e\u092c \u0939\u0948\u0964",
        ["\u092f\u0939 \u0915\u093f\u0924\u093e\u092c \u0939\u0948"],
    ),
    ("agent007", ["Agent", "agent"]),
    ("cat?", ["the cat", "CAT"]),
]

LANGUAGES = {"ar": "ar", "de": "de", "es": "es", "hi": "hi", "mlqa_en": "en", "vi": "vi", "zh": "zh"}

HF_OPTIONS: list[dict[str, Any]] = [
    {},
    {"ignore_case": True, "ignore_punctuation": True},
    {"ignore_numbers": True, "regexes_to_ignore": ["the ", "[aeiou]+x?", "T"]},
]

NUMBERS: list[tuple[str, list[str], float, float, bool]] = [
    # Answer, references, absolute and relative tolerance, and what a person says.
    ("The answer is 42.", ["42"], 0.0, 0.0, True),
    ("First 7, then -$1,200.50!", ["#### -1200.5"], 0.0, 0.0, True),
    ("2010-2012", ["2012"], 0.0, 0.0, True),
    ("no number", ["1"], 0.0, 0.0, False),
    ("about 3.1", ["3.14159"], 0.0, 0.01, False),
    ("about 3.14", ["3.14159"], 0.0, 0.01, True),
    ("99.5", ["100", "7"], 0.5, 0.0, True),
    ("99.4", ["100", "7"], 0.5, 0.0, False),
    ("6.02e23", ["602000000000000000000000"], 0.0, 1e-12, True),
    ("50 %", ["50"], 0.0, 0.0, True),
]

GENERATED: list[dict[str, Any]] = [
    {"prediction": prediction, "references": right, "wrong_references": wrong}
    for prediction, right, wrong in [
        (
            "The watermelon seeds pass through your digestive system",
            ["Nothing happens", "The watermelon seeds pass through your digestive system", " You digest them. "],
            ["You grow watermelons in your stomach", "You get sick"],
        ),
        ("I have no comment.", ["It is unclear"], ["It is known", ""]),
        ("", ["Nothing", ""], ["Something"]),
        (
            "You grow watermelons . in your stomach . ok",
            ["Nothing . happens"],
            ["You grow watermelons . in your stomach"],
        ),
        ("It cost $1.5 million, i.e. \u20ac1,3 m", ["It cost $1.5 million."], ["It cost \u20ac1,3 million", "$1,5"]),
        (
            "\u00abCaf\u00e9\u00bb na\u00efve",
            ["\u00abcaf\u00e9\u00bb", "caf naive"],
            ["na\u00efve \u00abCaf\u00e9\u00bb na\u00efve"],
        ),
        ("no", ["yes"], ["maybe"]),
        ("one two three four five", ["one two three four"], ["one two three four"]),
    ]
]

SPANS: list[tuple[list[str], list[list[str]]]] = [
    (["78"], [["78.0"]]),
    (["td"], [["td", "td"]]),
    (["the", "fat", "cat", "the fat", "fat cat", "the fat cat"], [["cat"], ["cat", "cat dog"]]),
    (["the a NOT an ARTICLE the an a"], [["NOT ARTICLE"]]),
    (["John Elton"], [["Elton John"]]),
    (["Per.i.o.d...."], [[".P....e.r,,i;;;o...d,,"]]),
    (["78-yard", "56", "28", "40", "44", "touchdown"], [["78-yard", "56 yard", "1 yard touchdown"]]),
    (["23", "23 yard"], [["23-yard", "56 yards"]]),
    (["John Karman", "Joe Hardy"], [["Joe Karman", "John Hardy"], ["joe hardy"]]),
    (["5.50% of 1,000"], [["550 1000"], ["5.5"]]),
    (["nan inf 1e5"], [["NaN Infinity 100000"]]),
    (["x\u2019a a\x1cb an"], [["x\u2019 b"]]),
    (["\u0665 -- the"], [["5"]]),
    (["the"], [["?"], [" "]]),
    (["x", "y", "x"], [["y", "x", "y"]]),
    ([f"w{i} {i % 7} x" for i in range(20)], [[f"w{i % 11} {i % 5} y" for i in range(13)]]),
]


def load(folder: Path, name: str) -> ModuleType:
    """Run a script as a module."""
    sys.modules.update(STUBS)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(value: Any) -> str:
    """Exact text of a number."""
    return repr(float(value))


def best_tables(written: str, pairs: list, exact: Any, f1: Any) -> list[dict]:
    """Exact match and F1 of the pairs, the best over references."""
    tables = []
    for metric, function in (("exact_match", exact), ("token_f1", f1)):
        rows = [text(max(function(prediction, gold) for gold in golds)) for prediction, golds in pairs]
        tables.append({"metric": metric, "written": metric + written, "rows": rows})
    return tables


def squad2_rows(script: ModuleType, predictions: list[str], golds: list[list[str]]) -> tuple[dict, dict, list]:
    """The script's raw scores and its data set; an unanswerable question has no gold answer there."""
    questions = [{"id": at, "answers": {"text": [] if gold == [""] else gold}} for at, gold in enumerate(golds)]
    dataset = [{"paragraphs": [{"qas": questions}]}]
    return *script.get_raw_scores(dataset, dict(enumerate(predictions))), dataset


def hf_table(script: ModuleType, options: dict, pairs: list) -> dict:
    """One pair at a time. The long pair beside it keeps NumPy's arrays wide: they cut what grows in lower case."""
    long = "x" * 4_000

    def hit(prediction: str, gold: str) -> bool:
        answer = script.exact_match_hf_evaluate([prediction, long], [gold, long], **options)
        return bool(answer["exact_match"] == 1.0)

    given = ["profile=hf"]
    for name, value in options.items():
        shown = '"' + "\n".join(value) + '"' if isinstance(value, list) else str(value).lower()
        given.append(f"{name}={shown}")
    rows = [text(any(hit(prediction, gold) for gold in golds)) for prediction, golds in pairs]
    return {"metric": "exact_match", "written": f"exact_match({','.join(given)})", "rows": rows}


def squad2_questions() -> list[dict]:
    """Questions with and without answers, each with a no-answer probability of its own."""
    draw = random.Random(2018)
    words = ["cat", "the", "Paris", "a", "dog!", "1,5", "in"]
    probabilities = [number / 1_000 for number in draw.sample(range(1_000), 160)]
    questions = []
    for probability in probabilities:
        golds = [" ".join(draw.choices(words, k=draw.randint(1, 3))) for _ in range(draw.randint(1, 3))]
        answered = draw.random() < 0.7
        prediction = draw.choice([*golds, " ".join(draw.choices(words, k=2)), "", "the"])
        golds = golds if answered else [""]
        questions.append({"prediction": prediction, "references": golds, "no_answer_score": probability})
    return questions


def squad2_tables(script: ModuleType, questions: list[dict]) -> list[dict]:
    """Values and parts of the whole set, without and with a threshold; the best thresholds."""
    predictions = [question["prediction"] for question in questions]
    exact, f1, dataset = squad2_rows(script, predictions, [question["references"] for question in questions])
    with_answer = script.make_qid_to_has_ans(dataset)
    scores = {at: question["no_answer_score"] for at, question in enumerate(questions)}
    of_kind = {kind: [at for at, has in with_answer.items() if has == kind] for kind in (True, False)}
    tables = []
    for written, threshold in (("", 1.0), ("(no_answer_threshold=0.4)", 0.4)):
        cut = [script.apply_no_ans_threshold(raw, scores, with_answer, threshold) for raw in (exact, f1)]
        whole = script.make_eval_dict(*cut)
        parts = {kind: script.make_eval_dict(*cut, qid_list=ids) for kind, ids in of_kind.items()}
        for metric, key in (("squad2_exact", "exact"), ("squad2_f1", "f1")):
            shown = {
                "has_answer": text(parts[True][key]),
                "has_answer_total": text(parts[True]["total"]),
                "no_answer": text(parts[False][key]),
                "no_answer_total": text(parts[False]["total"]),
            }
            table = {"metric": metric, "written": metric + written, "value": text(whole[key]), "parts": shown}
            tables.append(table)
    for metric, raw in (("squad2_best_exact", exact), ("squad2_best_f1", f1)):
        best, threshold = script.find_best_thresh(dict(enumerate(predictions)), raw, scores, with_answer)
        parts = {"threshold": text(threshold)}
        tables.append({"metric": metric, "written": metric, "value": text(best), "parts": parts})
    return tables


def match_tables(pairs: list) -> list[dict]:
    """The metrics whose references are Python's own operators."""
    some = {
        "contains": lambda prediction, golds: any(gold in prediction for gold in golds),
        "contains(ignore_case=true,require=all)": lambda prediction, golds: all(
            gold.lower() in prediction.lower() for gold in golds
        ),
        'regex_match(pattern="[a-z]+ [a-z]+")': lambda prediction, _: (
            re.search("[a-z]+ [a-z]+", prediction) is not None
        ),
        'regex_match(mode=full,pattern="[A-Za-z ]*")': lambda prediction, _: (
            re.fullmatch("[A-Za-z ]*", prediction) is not None
        ),
    }
    return [
        {
            "metric": written.partition("(")[0],
            "written": written,
            "rows": [text(function(prediction, golds)) for prediction, golds in pairs],
        }
        for written, function in some.items()
    ]


def number_tables() -> list[dict]:
    """Numbers that a person found, compared by NumPy."""
    return [
        {
            "metric": "numeric_match",
            "written": f"numeric_match(absolute_tolerance={absolute},relative_tolerance={relative})",
            "pairs": [{"prediction": prediction, "references": golds}],
            "rows": [text(expected)],
        }
        for prediction, golds, absolute, relative, expected in NUMBERS
    ]


def drop_tables(script: ModuleType) -> list[dict]:
    """Answers of spans, and the pairs of texts as answers of one span."""
    tables = []
    cases = {
        "tokens": SPANS,
        "reference_tokens": [(predicted[:1], golds) for predicted, golds in SPANS],
        "text": [([prediction], [[gold] for gold in golds]) for prediction, golds in [*PAIRS, *ANSWERS]],
    }
    for spans, answers in cases.items():
        results = [script.process_results({"answers": golds}, predicted) for predicted, golds in answers]
        shown = [{"predicted": predicted, "golds": golds} for predicted, golds in answers]
        for metric, key in (("drop_em", "em"), ("drop_f1", "f1")):
            rows = [text(result[key]) for result in results]
            tables.append({"metric": metric, "written": f"{metric}(spans={spans})", "answers": shown, "rows": rows})
    return tables


def choice_tables(script: ModuleType) -> tuple[list[dict], list[dict]]:
    """Questions with choices, and what metrics say of those that they accept; `None` where they do not."""
    draw = random.Random(2022)
    questions = []
    for at in range(60):
        right = 1 if at % 3 == 0 else draw.randint(1, 3)
        wrong = 1 if at % 6 == 0 else draw.randint(1, 4)
        kinds = [True] * right + [False] * wrong
        draw.shuffle(kinds)
        texts = ["\u00e9" * draw.randint(1, 6) + "x" * draw.randint(1, 30) for _ in kinds]
        # Whole numbers tie now and then.
        low, digits = draw.choice([(-60.0, 3), (-4.0, 0)])
        scores = [round(draw.uniform(low, 0.0), digits) for _ in kinds]
        questions.append({"choices": [list(pair) for pair in zip(texts, kinds, strict=True)], "scores": scores})

    def rows(score: Any, accepts: Any = lambda right, wrong: True) -> list[str | None]:
        found: list[str | None] = []
        for question in questions:
            texts, kinds = zip(*question["choices"], strict=True)
            fits = accepts(sum(kinds), len(kinds) - sum(kinds))
            found.append(text(score(texts, np.array(kinds), np.array(question["scores"]))) if fits else None)
        return found

    def first_of_highest(_: Any, kinds: Any, scores: Any) -> bool:
        return kinds[np.argmax(scores)]

    def strictly_higher(_: Any, kinds: Any, scores: Any) -> bool:
        return scores[kinds].max() > scores[~kinds].max()

    def mass(_: Any, kinds: Any, scores: Any) -> float:
        results = [(score, False) for score in scores]
        return script.process_results_mc2({"mc2_targets": {"labels": kinds.astype(int)}}, results)["acc"]

    def above(_: Any, kinds: Any, scores: Any) -> float:
        return np.mean(scores[kinds] > scores[~kinds].max())

    def by(length: Any) -> Any:
        return lambda texts, kinds, scores: kinds[np.argmax(scores / np.array([float(length(t)) for t in texts]))]

    def one_right(right: int, _: int) -> bool:
        return right == 1

    def binary(right: int, wrong: int) -> bool:
        return right == wrong == 1

    tables = {
        "choice_accuracy": rows(first_of_highest),
        "choice_accuracy(normalize=characters)": rows(by(len)),
        "choice_accuracy(normalize=bytes)": rows(by(lambda shown: len(shown.encode()))),
        "truthfulqa_mc0": rows(first_of_highest, binary),
        "truthfulqa_mc0(profile=truthfulqa)": rows(strictly_higher, binary),
        "truthfulqa_mc1": rows(first_of_highest, one_right),
        "truthfulqa_mc1(profile=truthfulqa)": rows(strictly_higher, one_right),
        "truthfulqa_mc2": rows(mass),
        "truthfulqa_mc3": rows(above),
    }
    return questions, [
        {"metric": written.partition("(")[0], "written": written, "rows": found} for written, found in tables.items()
    ]


def generated_tables(script: ModuleType) -> list[dict]:
    """Every score of the harness for generated answers; its bootstrap of a single pair changes nothing."""
    results = []
    for row in GENERATED:
        answers = {"correct_answers": row["references"], "incorrect_answers": row["wrong_references"], "question": ""}
        results.append(script.process_results_gen(script.preprocess_function(answers), [row["prediction"]]))
    names = {"bleu": "bleu", "rouge_1": "rouge1", "rouge_2": "rouge2", "rouge_l": "rougeL"}
    return [
        {
            "metric": f"truthfulqa_{name}",
            "written": f"truthfulqa_{name}(report={report})",
            "rows": [text(result[f"{key}_{report}"]) for result in results],
        }
        for name, key in names.items()
        for report in ("acc", "max", "diff")
    ]


def write(name: str, golden: dict) -> None:
    """One golden file."""
    (HERE / name).write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write all files."""
    folder = Path(sys.argv[1])
    squad2 = load(folder, "squad_v2_compute_score")
    triviaqa = load(folder, "triviaqa_evaluation")
    mlqa = load(folder, "mlqa_evaluation_v1")
    hugging_face = load(folder, "lm_eval_metrics")
    pairs = [*PAIRS, *ANSWERS]
    tables = best_tables("(profile=triviaqa)", pairs, triviaqa.exact_match_score, triviaqa.f1_score)
    for name, language in LANGUAGES.items():
        tables += best_tables(
            f"(normalizer={name})",
            pairs,
            lambda prediction, gold, language=language: mlqa.exact_match_score(prediction, gold, language),
            lambda prediction, gold, language=language: mlqa.f1_score(prediction, gold, language),
        )
    exact, f1, _ = squad2_rows(squad2, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    for metric, scores in (("exact_match", exact), ("token_f1", f1)):
        rows = [text(score) for score in scores.values()]
        tables.append({"metric": metric, "written": f"{metric}(profile=squad2)", "rows": rows})
    tables += [hf_table(hugging_face, options, pairs) for options in HF_OPTIONS]
    tables += match_tables(pairs)
    tables += number_tables()
    questions = squad2_questions()
    tables += squad2_tables(squad2, questions)
    shown = [{"prediction": prediction, "references": golds} for prediction, golds in pairs]
    source = "the scripts named in make_answers.py, Python 3.11"
    write("answers.json", {"source": source, "pairs": shown, "questions": questions, "tables": tables})
    write("drop.json", {"source": "lm-eval 0.4.13", "tables": drop_tables(load(folder, "drop_utils"))})
    truthfulqa = load(folder, "truthfulqa_utils")
    questions, tables = choice_tables(truthfulqa)
    write("choices.json", {"source": "lm-eval 0.4.13, NumPy", "questions": questions, "tables": tables})
    source = "lm-eval 0.4.13, sacrebleu 2.6.0, rouge-score 0.1.2"
    write("truthfulqa.json", {"source": source, "rows": GENERATED, "tables": generated_tables(truthfulqa)})


if __name__ == "__main__":
    main()
