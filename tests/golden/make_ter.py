"""Write ter.json from sacrebleu 2.6.0, under Python 3.11."""

import random

from make_golden import PAIRS, Pairs
from row_statistics import sacrebleu_table, write
from sacrebleu.metrics import TER


def moved(seed: int, length: int, kinds: int) -> tuple[str, list[str]]:
    """A text of which runs of words are moved and words are changed."""
    choose = random.Random(seed)
    reference = [f"w{choose.randrange(kinds)}" for _ in range(length)]
    words = list(reference)
    for _ in range(choose.randrange(1, 5)):
        start = choose.randrange(len(words))
        run = words[start : start + choose.randrange(1, 13)]
        del words[start : start + len(run)]
        target = choose.randrange(len(words) + 1)
        words[target:target] = run
        words[choose.randrange(len(words))] = f"w{choose.randrange(kinds)}"
    return " ".join(words), [" ".join(reference)]


# Snover et al. 2006, section 2; shifts below and above the lengths where the beam cuts; what the tokenizer changes.
TEXTS: Pairs = [
    (
        "THIS WEEK THE SAUDIS denied information published in the new york times",
        ["SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times"],
    ),
    *(moved(length, length, 20) for length in (8, 15, 23, 24, 25, 26, 27, 40, 63, 64, 65, 66, 90)),
    *(moved(length, length, 4) for length in (14, 30, 70)),
    (" ".join("ab"[i % 2] for i in range(60)), [" ".join("ba"[i % 2] for i in range(60))]),
    (" ".join(f"x{i}" for i in range(70)), ["x0 x69"]),
    ("x0 x69", [" ".join(f"x{i}" for i in range(120))]),
    ("Joe's dog, the neighbours' \"cat\": it's 5's.", ["Joe 's dog , the neighbours' \" cat \" : it 's 5 's"]),
    ("end\n-of line\n- x", ["endof line x"]),
    ("\u6211\u559c\u6b22\u732b\u3002\u3231\u31c0 \u3042\u30ab\uff01 ab\u3400", ["\u6211 \u559c \u6b22 \u732b ab"]),
    ("a, (b). c\u3002d ; - \uff1f!", ["a b cd -", "A, (B)."]),
]
# The reference takes seconds for one very long pair.
ALL = [pair for pair in PAIRS if len(pair[0]) < 1000] + TEXTS

FLAGS = ("asian_support", "case_sensitive", "no_punct", "normalized")


if __name__ == "__main__":
    every = [{flag: bool(bits >> at & 1) for at, flag in enumerate(FLAGS)} for bits in (0, 2, 4, 8, 5, 9, 12, 13, 15)]
    tables = [sacrebleu_table("ter", TER(**params), params, ALL, ("edits", "ref_len")) for params in every]
    write("ter.json", "sacrebleu 2.6.0, Python 3.11", 1e-12, ALL, tables)
