"""What rows are drawn from: pairs of systems whose values by a metric are known."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.calibration.calls import Bytes, Hole, Numbers, Random, Rows, packed
from evald.client.request import Options
from evald.v1.instance_pb2 import Instance, Prediction

# Gold classes are drawn with these shares, and answered rightly with these rates; a wrong answer is any other class.
SHARES = np.array([0.5, 0.3, 0.2])
RATES = np.array([0.9, 0.7, 0.6])
# Most and fewest words of a text, and the share of them that is wrong in one of eight words, on average.
LENGTHS = (3, 12)
WRONG = 0.2


@dataclass(frozen=True)
class Population:
    """Two systems, baseline and candidate, and the values that they would have over all rows there are."""

    name: str
    metric: str
    values: tuple[float, float]
    # One row, with holes for what is drawn; and the bytes for the holes of so many rows.
    shape: Callable[[Hole], Instance]
    draw: Callable[[Random, int], Bytes]
    options: Options = field(default_factory=Options)
    # Row number -> cluster, for so many rows.
    clusters: Callable[[int], npt.NDArray[np.int64]] | None = None

    @property
    def difference(self) -> float:
        """Candidate - baseline."""
        return self.values[1] - self.values[0]

    def rows(self, count: int, slices: int = 0) -> Rows:
        """Rows to fill, in so many slices of equal size."""
        clusters = None if self.clusters is None else self.clusters(count)

        def shape(row: int) -> Callable[[Hole], Instance]:
            def filled(hole: Hole) -> Instance:
                instance = self.shape(hole)
                if clusters is not None:
                    instance.cluster = f"cluster {clusters[row]}"
                if slices:
                    instance.slices["part"] = f"{row % slices}"
                return instance

            return filled

        return Rows(shape(row) for row in range(count))


def shares(base: float, new: float, agreement: float = 0.5) -> Population:
    """Rows right or wrong. In a share of them, the agreement, both systems find the same rows easy."""

    def draw(random: Random, rows: int) -> Bytes:
        first = random.random(rows)
        second = np.where(random.random(rows) < agreement, first, random.random(rows))
        return right_or_wrong(first < base, second < new)

    name = f"right on {base:g}" + (f" and {new:g}" if new != base else "")
    return Population(name, "accuracy", (base, new), labelled, draw)


def flips(rate: float, discordant: float, effect: float) -> Population:
    """Rows right or wrong, by the share of rows that one system alone gets right."""
    wins = (discordant + effect) / 2

    def draw(random: Random, rows: int) -> Bytes:
        drawn = random.random(rows)
        lost = (drawn >= wins) & (drawn < discordant)
        both = (drawn >= discordant) & (drawn < discordant + rate - (discordant - wins))
        return right_or_wrong(lost | both, (drawn < wins) | both)

    return Population(f"right on {rate:g}, {discordant:g} differ", "accuracy", (rate, rate + effect), labelled, draw)


def clustered_shares(clusters: int, rate: float = 0.7, strength: float = 2.0) -> Population:
    """Rows right or wrong in equal clusters, each of which has rates of its own (from a beta distribution)."""

    def draw(random: Random, rows: int) -> Bytes:
        cluster = equal(clusters)(rows)
        rates = random.beta(strength * rate, strength * (1 - rate), size=(2, clusters))
        return right_or_wrong(*(random.random((2, rows)) < rates[:, cluster]))

    name = f"right on {rate:g}, {clusters} clusters"
    return Population(name, "accuracy", (rate, rate), labelled, draw, clusters=equal(clusters))


def normal(effect: float = 0.0, std: float = 1.0) -> Population:
    """Normal scores; the standard deviation is that of the difference."""

    def draw(random: Random, rows: int) -> Bytes:
        base = random.normal(size=rows)
        return packed(base, base + random.normal(effect, std, size=rows))

    return Population("normal scores", "score(of=s)", (0.0, effect), scored, draw)


def log_normal(factor: float = 1.0) -> Population:
    """Skewed scores, as latencies are, correlated between systems."""

    def draw(random: Random, rows: int) -> Bytes:
        row, base, new = random.normal(scale=math.sqrt(0.5), size=(3, rows))
        return packed(np.exp(row + base), factor * np.exp(row + new))

    mean = math.exp(0.5)
    return Population("log-normal scores", "score(of=s)", (mean, factor * mean), scored, draw)


def clustered(
    of_rows: Callable[[int], npt.NDArray[np.int64]], name: str, effect: float = 0.0, correlation: float = 0.5
) -> Population:
    """Normal scores whose differences have variance 1, and this correlation within a cluster."""

    def draw(random: Random, rows: int) -> Bytes:
        cluster = of_rows(rows)
        common = random.normal(scale=math.sqrt(correlation / 2), size=(2, cluster.max() + 1))
        own = random.normal(scale=math.sqrt((1 - correlation) / 2), size=(2, rows))
        base, new = common[:, cluster] + own
        return packed(base, new + effect)

    return Population(name, "score(of=s)", (0.0, effect), scored, draw, clusters=of_rows)


def equal(clusters: int) -> Callable[[int], npt.NDArray[np.int64]]:
    """Clusters of equal size."""
    return lambda rows: np.arange(rows) % clusters


def unequal(clusters: int) -> Callable[[int], npt.NDArray[np.int64]]:
    """Clusters whose sizes grow evenly from the first to the last."""
    return lambda rows: (np.sqrt(np.arange(rows) / rows) * clusters).astype(np.int64)


def word_errors(factor: float = 1.0) -> Population:
    """Words wrong of all words. Longer texts are harder, and so are some of the same length, for both systems."""
    shortest, longest = LENGTHS
    letters = np.arange(longest, dtype=np.uint8) + ord("a")
    lengths = np.arange(shortest, longest + 1)
    value = WRONG / 8 * float((lengths**2).mean() / lengths.mean())

    def draw(random: Random, rows: int) -> Bytes:
        length = random.integers(shortest, longest + 1, size=(rows, 1))
        rate = random.uniform(0, 2 * WRONG, size=(rows, 1)) * length / 8
        # No word occurs twice in a row, so that a wrong one is one edit.
        reference = np.where(np.arange(longest) < length, letters, ord(" "))
        said = [
            np.where((reference != ord(" ")) & (random.random((rows, longest)) < share), ord("x"), reference)
            for share in (rate, rate * factor)
        ]
        return packed(*(spaced(words) for words in (*said, reference)))

    return Population("word error rate", "wer", (value, factor * value), texts, draw)


def macro_f1(loss: float = 0.0) -> Population:
    """Three classes of different sizes; the candidate's rates are lower by the loss."""
    rates = np.stack([RATES, RATES - loss])

    def value(rate: Numbers) -> float:
        wrong = SHARES * (1 - rate) / 2
        predicted = SHARES * rate + wrong.sum() - wrong
        return float((2 * SHARES * rate / (SHARES + predicted)).mean())

    def draw(random: Random, rows: int) -> Bytes:
        gold = random.choice(3, size=rows, p=SHARES)
        drawn = random.random(rows)
        second = np.where(random.random(rows) < 0.5, drawn, random.random(rows))
        others = (gold + random.integers(1, 3, size=(2, rows))) % 3
        right = np.stack([drawn, second]) < rates[:, gold]
        said = np.where(right, gold, others)
        return packed(*(np.asarray(row + ord("a"), dtype=np.uint8) for row in (*said, gold)))

    options: Options = {"classes": ["a", "b", "c"]}
    values = value(rates[0]), value(rates[1])
    return Population("macro-F1", "f1(average=macro)", values, labelled, draw, options)


def bleu() -> Population:
    """The texts of `word_errors` by BLEU, whose value over all rows has no formula: for tests under no effect."""
    return replace(word_errors(), name="BLEU", metric="bleu", values=(math.nan, math.nan))


def labelled(hole: Hole) -> Instance:
    """A gold label and a label of each system."""
    return Instance(labels=[hole.letter], predictions=[Prediction(labels=[hole.letter])] * 2)


def scored(hole: Hole) -> Instance:
    """A score of each system."""
    return scored_by(["s"], 2)(hole)


def scored_by(names: Sequence[str], systems: int) -> Callable[[Hole], Instance]:
    """Several scores of several systems."""
    return lambda hole: Instance(predictions=[Prediction(scores=dict.fromkeys(names, hole.number))] * systems)


def texts(hole: Hole) -> Instance:
    """A reference and a text of each system."""
    text = hole.text(2 * LENGTHS[1] - 1)
    return Instance(references=[text], predictions=[Prediction(text=text)] * 2)


def spaced(words: npt.NDArray[Any]) -> Bytes:
    """Words of one letter, with spaces between them."""
    text = np.full((len(words), 2 * words.shape[1] - 1), ord(" "), dtype=np.uint8)
    text[:, ::2] = words
    return text


def right_or_wrong(base: npt.NDArray[np.bool_], new: npt.NDArray[np.bool_]) -> Bytes:
    """Labels, of which `a` is right."""
    label = np.array([ord("b"), ord("a")], dtype=np.uint8)
    return packed(label[base.astype(np.intp)], label[new.astype(np.intp)], np.full(len(base), ord("a"), dtype=np.uint8))
