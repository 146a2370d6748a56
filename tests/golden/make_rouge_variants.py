"""Write rouge_variants.json: profile google from rouge-score 0.1.2, the others from cases worked out by hand.

The cases of lin2004 are those of the paper (Lin 2004, https://aclanthology.org/W04-1013), those of 1.5.5 show where the
script parts from it; tests/metrics/test_rouge_155.py compares with what the script printed for real documents.
"""

from fractions import Fraction

from rouge_score.rouge_scorer import RougeScorer
from rows import case, table, write

SUMMARY = "The cat sat on the mat.\nA dog, running happily, saw the cats.\n\nThey ran away from the mat together today."
PAIRS = [
    (SUMMARY, [SUMMARY]),
    (SUMMARY, ["They ran away from the mat together.\nThe dog saw a cat on the mat\r\n\r\nrunning happily today"]),
    (SUMMARY, [SUMMARY.replace("\n", " "), "A cat\nA dog", ""]),
    (SUMMARY.replace("\n", " "), ["The cat sat on the mat.\nA dog, running happily, saw the cats."]),
    ("b\na", ["a\nb"]),
    ("a a\na", ["a\na\na a"]),
    ("", ["a\nb"]),
    ("\n \n", [""]),
    ("a b c d e f g h i j k", ["a b c d e f g h i x j k", "b c d e f g h i j k"]),
    ("na\u00efve \u212aelvin\nwords", ["na ve kelvin words"]),
]

POLICE = "police killed the gunman"
# Of the pairs of POLICE, how many each text has; and how many of its words. Section 4 of the paper, and its S5.
PAPER = [
    ("police kill the gunman", 3, 3),
    ("the gunman kill police", 1, 3),
    ("the gunman police killed", 2, 4),
    ("gunman the killed police", 0, 4),
    (POLICE, 6, 4),
]


def one(prediction, references, precision, recall, fmeasure):
    """One row and its score."""
    row = {"predictions": [{"text": prediction}], "references": references}
    return case([row], fmeasure, precision=precision, recall=recall, fmeasure=fmeasure)


def google(name, kind, stemmer):
    """A metric of rouge-score."""
    scorer = RougeScorer([kind], use_stemmer=stemmer)
    cases = [one(text, of_text, *scorer.score_multi(of_text, text)[kind]) for text, of_text in PAIRS]
    return table(name, {"stemmer": True} if stemmer else {}, cases)


def same(share):
    """Texts of the same length: precision, recall and F are one share."""
    return [float(share)] * 3


def pairs(name, params, extra):
    """Shares of the 6 pairs of words, and of the single words where they count."""
    cases = [one(text, [POLICE], *same(Fraction(hits + extra(words), 6 + extra(4)))) for text, hits, words in PAPER]
    return table(name, {"profile": "lin2004", "skip_distance": -1} | params, cases)


def shares(name, params, hits, units):
    """So many of the units of POLICE in each of the texts."""
    cases = [one(text, [POLICE], *same(Fraction(hit, units))) for (text, _, _), hit in zip(PAPER, hits, strict=True)]
    return table(name, {"profile": "lin2004"} | params, cases)


def in_order():
    """Sections 2 and 3.1: bigrams, which are pairs without a gap, and the longest common subsequence."""
    bigrams = (1, 1, 2, 0, 3)
    return [
        shares("rouge_s", {"skip_distance": 0}, bigrams, 3),
        shares("rouge_2", {}, bigrams, 3),
        shares("rouge_l", {}, (3, 2, 2, 1, 4), 4),
    ]


def weighted():
    """f(k) = k^2: a run of four weighs 16, four words apart weigh 4; the reference weighs 49. Section 3.3."""
    reference = ["a b c d e f g"]
    cases = [
        one("a b c d h i k", reference, *same(Fraction(4, 7))),
        one("a h b k c i d", reference, *same(Fraction(2, 7))),
        one("a b c d e f g", reference, *same(1)),
        one("h i k", reference, *same(0)),
        one("", reference, *same(0)),
        # Three of three words, three of seven.
        one("a b c", reference, 1.0, 3 / 7, 0.6),
    ]
    return table("rouge_w", {"profile": "lin2004", "weight": 2}, cases)


def script():
    """Where the script is not the paper."""
    four = ["a b c d"]
    # The reference weighs f(f(4)), so recall is (f(4) / f(f(4)))^(1/1.2) = 4 / 4^1.2.
    recall = round(4 / 4**1.2, 5)
    fmeasure = round(recall / (0.5 * 1 + 0.5 * recall), 5)
    assert (recall, fmeasure) == (0.75786, 0.86225)
    # SU leaves the last word out: 6 pairs and 3 words; of "a b d c" 5 pairs and the words a, b match.
    share = round(7 / 9, 5)
    return [
        table("rouge_w", {"profile": "1.5.5"}, [one("a b c d", four, 1.0, recall, fmeasure)]),
        table("rouge_su", {"profile": "1.5.5"}, [one("a b d c", four, share, share, share)]),
        table("rouge_s", {"profile": "1.5.5"}, [one("a b d c", four, *[round(5 / 6, 5)] * 3)]),
        # Precision and recall are rounded, then F is made of them and rounded.
        table("rouge_1", {"profile": "1.5.5"}, [one("a x y", four, 0.33333, 0.25, 0.28571)]),
        table("rouge_1", {"profile": "1.5.5"}, [one("a b c d e", ["a b c d e f g h i"], 1.0, 0.55556, 0.71429)]),
    ]


if __name__ == "__main__":
    kinds = {f"rouge_{n}": f"rouge{n}" for n in range(3, 10)} | {"rouge_lsum": "rougeLsum"}
    tables = [google(name, kind, stemmer) for name, kind in kinds.items() for stemmer in (False, True)]
    tables += [pairs("rouge_s", {}, lambda _: 0), pairs("rouge_su", {}, lambda words: words)]
    tables += [*in_order(), weighted()]
    write("rouge_variants.json", "rouge-score 0.1.2; by hand from Lin 2004 and ROUGE-1.5.5", 1e-15, tables + script())
