"""Write rouge.json and squad.json from the live reference implementations; make_bleu.py takes the same texts.

Needs rouge-score 0.1.2 and nltk 3.10 under Python 3.11 (whose `sum()` of floats is the plain
one). Numbers are written as Python's repr in strings: a JSON reader may round numbers, `float()` does not.
"""

import collections
import json
import re
import string
from pathlib import Path

from rouge_score import rouge_scorer

HERE = Path(__file__).parent
LONG = " ".join(f"word{i % 37} of, the {i % 11}." for i in range(150))

Pairs = list[tuple[str, list[str]]]

# Each pair is scored by all metrics: (prediction, references).
PAIRS: Pairs = [
    ("", [""]),
    ("", ["a reference"]),
    ("a prediction", [""]),
    ("   \t\n ", [" "]),
    ("The cat sat on the mat.", ["The cat sat on the mat."]),
    ("the the the the the the the", ["The cat is on the mat.", "There is a cat on the mat."]),
    ("It is a guide to action", ["It is a guide to action that ensures", "It is the practical guide", "to action"]),
    ("one two three", ["one two three four", "one two"]),
    ("one two three", ["one two", "one two three four"]),
    ("a b c d e f g h i j", ["b a c d f e g h j i k", "a b c x y z"]),
    ("x", ["x"]),
    ("x y", ["x y"]),
    ("x y z", ["x y z"]),
    ("no match at all here", ["completely different words"]),
    # Unicode spaces: str.split() knows 29 of them.
    *((f"left{chr(c)}right, end", ["left right, end"]) for c in (0x0B, 0x1C, 0x1D, 0x1E, 0x1F, 0x85, 0xA0, 0x1680)),
    *((f"left{chr(c)}right, end", ["left right, end"]) for c in (0x2003, 0x2028, 0x202F, 0x205F, 0x3000, 0x200B)),
    # Letters that become ASCII in lower case, and the final sigma.
    ("273\u212a \u0130stanbul \u212aELVIN", ["273k i stanbul kelvin"]),
    ("\u0130\u0130 x\u0130y", ["i i xi y"]),
    (
        "\u039f\u0394\u039f\u03a3 \u039f\u0394\u039f\u03a3. \u03a3",
        ["\u03bf\u03b4\u03bf\u03c2 \u03bf\u03b4\u03bf\u03c3 \u03c3"],
    ),
    ("STRASSE Stra\u00dfe \u1e9e", ["strasse stra\u00dfe \u00df"]),
    ("\u01c5 \ua7da \u1c89 \U00010d50", ["\u01c6 \ua7db \u1c8a \U00010d70"]),
    ("caf\u00e9 nai\u0308ve na\u00efve", ["cafe\u0301 nai\u0308ve naive"]),
    ("\U0001f600 smile \U0001f469\u200d\U0001f467 a\U0001f600", ["\U0001f600 smile \U0001f469\u200d\U0001f467"]),
    ("\u6211\u559c\u6b22\u732b\u3002 cat", ["\u6211\u559c\u6b22\u732b\u3002 \u732b cat"]),
    ("\u0939\u093f the\u0902 a\u093e", ["\u0939\u093f the a"]),
    ("line one\r\nline two\r\n", ["line one\nline two"]),
    ("nul\0 byte a\0 \0 aaaaaaaa\0", ["nul byte a aaaaaaaa"]),
    ("a\0 a\0\0 a", ["a a\0 a\0\0"]),
    # Markup, entities and line ends of mteval-v13a.
    ("&quot;Q&quot; &amp; &lt;b&gt; &amp;lt; &amp;quot; &am &;", ['"Q" & <b> &lt; " &am &;']),
    ("a <skipped> b <skip<skipped>ped> -<skipped>\nc", ["a b <skipped> -\nc c"]),
    ("hyphen-\nation, trailing-\n", ["hyphenation, trailing-"]),
    ("two--\n\nlines-\u00a0", ["two- lines-"]),
    # Numbers, periods, commas, hyphens.
    ("1.5 2,000 3. .5 ,5 1, 2 a.b x,y 9.a b.9", ["1.5 2,000 3 . .5 , 5 1 , 2 a . b"]),
    ("wait... no.. 1..2 1...2 ..5 a..5 1.,2 .,. 5.", ["wait . . . no . . 1..2 1...2 .5"]),
    ("2010-2012 1--2 -9 9- a-b 7-8-9", ["2010 - 2012 1 - -2 -9 9 - a-b 7 - 8 - 9"]),
    ("U.S. don't it's [x] {y} ~z^ `q` @w #h $5 %6 +7 =8 |9| \\ /", ["U.S. do n't it 's [ x ] { y }"]),
    ("\u0663.\u0664 \u00b2,\u00b3 \uff11.\uff12", ["\u0663 . \u0664 \u00b2 , \u00b3"]),
    ("." * 70 + "5", ["." * 69 + " 5"]),
    ("x" * 64 + " " + "y" * 63 + "." + "z", ["x" * 64 + " " + "y" * 63 + " . z"]),
    # Stems: irregular forms, NLTK's extensions, long words.
    ("dying skies news innings proceed flies tied spied agreed", ["die sky new inning proceeding fly ties spy agree"]),
    ("generously running hopped falling filing theology hopefully", ["generous runs hop fall file theologies hopeful"]),
    ("internationalization conditionally radically 2019s yyyyying", ["internationalizing conditional radical 2019"]),
    ("pneumonoultramicroscopicsilicovolcanoconiosises", ["pneumonoultramicroscopicsilicovolcanoconiosis"]),
    # Short answers.
    ("The Eiffel Tower!", ["eiffel tower", "Tower"]),
    ("a an the", ["the"]),
    ("a", ["an"]),
    ("x\u2019a the\u2019s a_b", ["x\u2019 \u2019s ab"]),
    ("20 \u2013 18", ["20-18", "20 18"]),
    ("theatre a1 (an) t-h-e", ["theatre a1"]),
    # Equal up to eight bytes, or up to the ninth.
    ("aaaaaaaa aaaaaaaaa aaaaaaaab baaaaaaaa", ["aaaaaaaab aaaaaaaaa aaaaaaaa aaaaaaaaaa"]),
    # More tokens than one, two and four words of bits.
    (" ".join(f"t{i % 9}" for i in range(70)), [" ".join(f"t{i % 7}" for i in range(65))]),
    (" ".join(f"t{i % 19}" for i in range(140)), [" ".join(f"t{i % 17}" for i in range(129)), "t1 t2"]),
    (" ".join(f"t{i % 19}" for i in range(200)), [" ".join(f"t{i % 17}" for i in range(190))]),
    (LONG, [LONG[400:], LONG[:900] + " tail"]),
]


def numbers(values) -> list[str]:
    """Exact text of numbers."""
    return [repr(float(value)) for value in values]


def is_dropped(texts: list[str]) -> bool:
    """Whether a letter or digit outside ASCII is lost (U+0130 and U+212A become ASCII)."""
    return any(ord(c) > 127 and c.isalnum() and c not in "\u0130\u212a" for text in texts for c in text)


def rouge_tables() -> list[dict]:
    """Precision, recall and F-measure of each row against the best reference."""
    tables = []
    for name, kind in (("rouge_1", "rouge1"), ("rouge_2", "rouge2"), ("rouge_l", "rougeL")):
        for stemmer in (False, True):
            scorer = rouge_scorer.RougeScorer([kind], use_stemmer=stemmer)
            rows = []
            for prediction, references in PAIRS:
                best = scorer.score_multi(references, prediction)[kind]
                rows.append({"stats": numbers(best), "score": repr(float(best.fmeasure))})
                rows[-1]["dropped"] = is_dropped([prediction, *references])
            tables.append({"metric": name, "params": {"stemmer": stemmer}, "rows": rows})
    return tables


def normalize_answer(text: str) -> str:
    """As evaluate-v1.1.py of SQuAD."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def f1_score(prediction: str, reference: str) -> tuple[float, float, float]:
    """As evaluate-v1.1.py of SQuAD, with its parts."""
    left, right = normalize_answer(prediction).split(), normalize_answer(reference).split()
    same = sum((collections.Counter(left) & collections.Counter(right)).values())
    if same == 0:
        return 0.0, 0.0, 0.0
    precision, recall = 1.0 * same / len(left), 1.0 * same / len(right)
    return precision, recall, (2 * precision * recall) / (precision + recall)


def squad_tables() -> list[dict]:
    """Exact match and F1 of each row against the best reference."""
    matches, overlaps = [], []
    for prediction, references in PAIRS:
        match = max(normalize_answer(prediction) == normalize_answer(text) for text in references)
        matches.append({"stats": numbers([match]), "score": repr(100.0 * match)})
        best = max((f1_score(prediction, text) for text in references), key=lambda parts: parts[2])
        overlaps.append({"stats": numbers(best), "score": repr(100.0 * best[2])})
    share = 100.0 * sum(float(row["stats"][0]) for row in matches) / len(matches)
    return [
        {"metric": "exact_match", "params": {}, "rows": matches, "value": repr(share)},
        {"metric": "token_f1", "params": {}, "rows": overlaps},
    ]


def write(name: str, source: str, tolerance: float, tables: list[dict]) -> None:
    """One golden file."""
    pairs = [{"prediction": prediction, "references": references} for prediction, references in PAIRS]
    golden = {"source": source, "tolerance": tolerance, "pairs": pairs, "tables": tables}
    (HERE / name).write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write all files."""
    write("rouge.json", "rouge-score 0.1.2, nltk 3.10.4, Python 3.11", 0.0, rouge_tables())
    write("squad.json", "SQuAD evaluate-v1.1.py, Python 3.11", 0.0, squad_tables())


if __name__ == "__main__":
    main()
