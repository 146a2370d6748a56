"""What becomes of inputs that have more tokens than a model reads: the setting `too_long` of its alias.

The special tokens that a tokenizer puts around texts stay, and of a pair the longer text is cut first, as when
transformers truncates. Token ids in, token ids out; must not know how a model runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from evald.backends.contract import TokenSequence
from evald.backends.folder import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evald.backends.contract import Task, Text, TokenIds

    Encode = Callable[[Sequence[Text], bool], list[TokenSequence]]

TooLong = Literal["refuse", "head", "tail", "stride"]
_WORD = "a"


class _Frame(NamedTuple):
    """How many special tokens stand before a text, between the two of a pair, and behind."""

    before: int
    between: int
    behind: int


class Cutter:
    """Cuts what a model cannot read whole, as `way` says. Raises LoadError if the model is none that can be cut for."""

    def __init__(self, way: TooLong, task: Task, encode: Encode) -> None:
        if way == "stride" and task not in ("text-classification", "embedding"):
            raise LoadError(
                "too_long: stride is for classifiers and encoders; a language model reads texts without a prompt in "
                "windows as it is, head or tail cut its prompts"
            )
        self.way = way
        self._encode = encode
        single, self._pair = _frame(encode, _WORD), _frame(encode, (_WORD, _WORD))
        if single is None:
            raise LoadError(f"too_long: {way} needs a tokenizer that puts texts between special tokens as they are")
        self._single = single

    def parts(self, text: Text, whole: TokenSequence, most: int, special_tokens: bool = True) -> list[TokenSequence]:
        """What is read in place of a sequence of more than `most` tokens: windows if the way is "stride", else one.

        Empty if there is no room for a token of each text.
        """
        frame = self._single if isinstance(text, str) else self._pair
        if not special_tokens:
            frame = _Frame(0, 0, 0)
        if frame is None:
            return []
        lengths = self._lengths(text, len(whole) - sum(frame))
        if lengths is None:
            return []
        first, second = lengths
        found = []
        for head, tail in _spans(self.way, first, second, most - sum(frame)):
            after = frame.before + first
            kept = np.r_[
                : frame.before,
                frame.before + head.start : frame.before + head.stop,
                after : after + frame.between,
                after + frame.between + tail.start : after + frame.between + tail.stop,
                len(whole) - frame.behind : len(whole),
            ]
            found.append(TokenSequence(whole.ids[kept], None if whole.segments is None else whole.segments[kept]))
        return found

    def completion(self, whole: TokenIds, prompt: int, most: int) -> tuple[TokenIds, int] | None:
        """Prompt with completion, cut in the prompt so that all but the last token fit, and the tokens of the prompt
        that are left.

        "tail" keeps the end of the prompt, with the rule of lm-evaluation-harness 0.4.13: of prompt and completion the
        last `most` + 1 tokens. None if the completion alone is too long.
        """
        left = prompt - (len(whole) - 1 - most)
        if left < 1:
            return None
        if self.way == "tail":
            return whole[prompt - left :], left
        return np.concatenate([whole[:left], whole[prompt:]]), left

    def _lengths(self, text: Text, tokens: int) -> tuple[int, int] | None:
        """Tokens of each text, of all that are no special ones; None if the tokenizer joins what it is given."""
        if isinstance(text, str):
            return tokens, 0
        first, second = (len(one) for one in self._encode(list(text), False))
        return (first, second) if first + second == tokens else None


def _spans(way: TooLong, first: int, second: int, room: int) -> Iterator[tuple[range, range]]:
    """What is kept of a text, and of a second one if it has tokens, so that both have at most `room` tokens.

    With "stride" windows follow each other; the last one ends with the text and is as long as the others. Of a pair the
    first text stays whole, and the second is read in windows.
    """
    if way == "stride":
        fixed, read = (first, second) if second else (0, first)
        width = room - fixed
        if width < 1:
            return
        for start in (*range(0, read - width, width), read - width):
            window = range(start, start + width)
            yield (range(first), window) if second else (window, range(0))
        return
    most = _longest_first(first, second, room)
    if min(most) < 1 and (second or most[0] < 1):
        return
    if way == "head":
        yield range(most[0]), range(most[1])
    else:
        yield range(first - most[0], first), range(second - most[1], second)


def _longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of each text stay, by the rule of the tokenizers of transformers: the longer one gives way, and
    where both are long each has half, the longer one the odd token.
    """
    short, long = sorted((first, second))
    if short + long > room:
        long = max(short, room - short)
    if short + long > room:
        short = room // 2
        long = room - short
    return (long, short) if first > second else (short, long)


def _frame(encode: Encode, text: Text) -> _Frame | None:
    """The special tokens around texts of a word; None if the words are not found in what they are encoded to."""
    (word,) = encode([_WORD], False)
    (framed,) = encode([text], True)
    width, wanted = len(word), word.ids.tolist()
    ids = framed.ids.tolist()
    starts = [at for at in range(len(ids) - width + 1) if ids[at : at + width] == wanted]
    if len(starts) != (1 if isinstance(text, str) else 2) or not width:
        return None
    ends = starts[-1] + width
    return _Frame(starts[0], starts[-1] - starts[0] - width if len(starts) > 1 else 0, len(ids) - ends)
