"""How a language model writes: what is asked, which token comes next, and when a text ends. Knows no library.

The sequences of a batch have one length, so that there is no padding whose sums could round differently. One that is
done leaves the batch.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Protocol

import numpy as np

from evald.backends.contract import Choice, Writing, WrittenTokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from evald.backends.contract import Doubles, Floats, GenerationOptions, RowKey, TokenIds, TokenSequence
    from evald.backends.decoding_rules import DecodingRules

# What stands for a token where logits are no numbers.
NO_TOKEN = -1
_GREEDY = Choice(0.0, 1.0, 0.0)


class Decoder(Protocol):
    """A batch of sequences of one length that a model reads on, with what it remembers of them."""

    def read(self, ids: TokenIds) -> None:
        """Reads the next tokens of every sequence, [sequences, tokens]."""

    def choose(self, choices: Sequence[Choice]) -> Iterable[int]:
        """The token that comes next in every sequence; NO_TOKEN where the model's numbers are none."""

    def keep(self, rows: Sequence[int]) -> None:
        """Forgets all sequences but these."""


def write(decoder: Decoder, sequences: Sequence[TokenSequence], rules: DecodingRules) -> list[WrittenTokens]:
    """Continues every sequence until it is done; with a start in the rules, writes behind that."""
    start = time.monotonic()
    asked = [(sequence.writing, list[int]()) for sequence in sequences if sequence.writing]
    results: dict[int, WrittenTokens] = {}
    live = list(range(len(asked)))
    starts = [sequence.ids if rules.start is None else [rules.start] for sequence in sequences]
    ids = np.array(starts, dtype=np.int64)
    while live:
        decoder.read(ids)
        choices = [asked[row][0].choice()._replace(banned=rules.banned(asked[row][1])) for row in live]
        going = []
        for at, (row, chosen) in enumerate(zip(live, decoder.choose(choices), strict=True)):
            writing, written = asked[row]
            forced = rules.forced(len(written), writing.max_tokens)
            token = chosen if forced is None or chosen == NO_TOKEN else forced
            ended = token in rules.ends or token == NO_TOKEN
            if not ended:
                written.append(token)
            # An end that is forced is that of the limit, not of the text.
            stopped = (ended and token == chosen) or writing.is_done(written)
            if not ended and not stopped and len(written) < writing.max_tokens and not writing.is_over():
                going.append(at)
                continue
            seconds = time.monotonic() - start
            results[row] = WrittenTokens(written, len(written) + ended, stopped, token != NO_TOKEN, seconds)
        if going and len(going) < len(live):
            decoder.keep(going)
        live = [live[at] for at in going]
        ids = np.array([asked[row][1][-1:] for row in live], dtype=np.int64)
    return [results[row] for row in range(len(asked))]


def writing(
    options: GenerationOptions,
    room: int,
    prompt: str,
    key: RowKey,
    decode: Callable[[Sequence[int]], str],
    is_over: Callable[[], bool],
) -> Writing:
    """What a model has to know to continue a prompt with at most `room` tokens."""

    def is_done(tokens: Sequence[int]) -> bool:
        return bool(options.stop) and before_stop(decode(tokens), options.stop) is not None

    return Writing(min(options.max_tokens, room), _choices(options, prompt, key), is_done, is_over)


def before_stop(text: str, stop: Sequence[str]) -> str | None:
    """The text before the first occurrence of any text to stop at; None if there is none."""
    found = [at for mark in stop if (at := text.find(mark)) >= 0]
    return text[: min(found)] if found else None


def _choices(options: GenerationOptions, prompt: str, key: RowKey) -> Callable[[], Choice]:
    """The draws of a row: a stream that is a function of the row and the seed, whatever runs beside it."""
    if options.temperature == 0:
        return lambda: _GREEDY
    row = json.dumps(["evald generation", options.seed, key.id, key.sample, prompt]).encode()
    # The raw numbers of a bit generator stay the same in all versions of numpy, those of its distributions do not.
    bits = np.random.Philox(key=int.from_bytes(hashlib.sha256(row).digest()[:16], "little"))
    return lambda: Choice(options.temperature, options.top_p, (int(bits.random_raw()) >> 11) * 2.0**-53)


def choose(logits: Floats, choices: Sequence[Choice]) -> list[int]:
    """The next token of every row of logits, [rows, vocabulary]. One row at a time, so that rows cannot mix."""
    return [_choose(row, choice) for row, choice in zip(logits, choices, strict=True)]


def _choose(logits: Floats, choice: Choice) -> int:
    if choice.banned:
        logits = logits.copy()
        logits[list(choice.banned)] = -np.inf
    best = int(logits.argmax())  # The place of a NaN if there is one.
    if not np.isfinite(logits[best]):
        return NO_TOKEN
    if choice.temperature == 0:
        return best
    wide: Doubles = (logits.astype(np.float64) - float(logits[best])) / choice.temperature
    powers = np.exp(wide)
    order = np.argsort(-powers, kind="stable")
    sums = np.cumsum(powers[order])
    # Tokens before which less than top_p lies, so the likeliest one always.
    kept = min(int(np.searchsorted(sums, choice.top_p * sums[-1], side="left")) + 1, len(order))
    return int(order[min(int(np.searchsorted(sums, choice.draw * sums[kept - 1], side="right")), kept - 1)])
