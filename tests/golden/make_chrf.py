"""Write chrf.json from sacrebleu 2.6.0, under Python 3.11."""

from make_golden import PAIRS, Pairs
from row_statistics import sacrebleu_table, write
from sacrebleu.metrics import CHRF

# Around one edge mark, and around one word of bits.
TEXTS: Pairs = [
    ("(hi) .x x. . ?! \u00e9, \u201ca\u201d \u732b", ["(hi) . x x . ?! \u00e9 ,"]),
    ("x" * 63 + "yz", ["x" * 64, "xyz" * 22]),
    ("ab" * 300, ["ba" * 280, "abc" * 200]),
]
ALL = PAIRS + TEXTS

# Our parameters are named as sacrebleu's.
PARAMS: list[dict] = [
    {},
    {"word_order": 2},
    {"lowercase": True, "whitespace": True},
    {"eps_smoothing": True, "word_order": 1, "beta": 1},
    {"char_order": 10, "word_order": 9, "beta": 3},
    {"char_order": 1, "beta": 0},
    {"char_order": 2, "beta": 0.5, "eps_smoothing": True},
]


PARTS = ("prediction_char_1", "reference_char_1", "matches_char_1")


if __name__ == "__main__":
    tables = [sacrebleu_table("chrf", CHRF(**params), params, ALL, PARTS) for params in PARAMS]
    write("chrf.json", "sacrebleu 2.6.0, Python 3.11", 1e-12, ALL, tables)
