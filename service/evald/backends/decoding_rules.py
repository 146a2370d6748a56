"""Which tokens the decoder of an encoder-decoder may write, by the settings of its folder. Must not know a library.

The rules are those of transformers' `generate(do_sample=False, num_beams=1)`: settings that only forbid or force tokens
are kept; one that would change the probabilities themselves fails the model, as its texts would be others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evald.backends.folder import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evald.backends.contract import Task
    from evald.backends.folder import ModelFolder

_FILE = "generation_config.json"
# The values that change nothing, of settings that would change texts and are not implemented.
_REFUSED: dict[str, tuple[object, ...]] = {
    "dola_layers": (None,),
    "encoder_no_repeat_ngram_size": (None, 0),
    "encoder_repetition_penalty": (None, 1),
    "exponential_decay_length_penalty": (None,),
    "guidance_scale": (None, 1),
    "penalty_alpha": (None, 0),
    "repetition_penalty": (None, 1),
    "sequence_bias": (None,),
}
# How transformers searches and draws; here the request says how, and nothing is searched.
_NOT_USED: dict[str, tuple[object, ...]] = {
    "do_sample": (None, False),
    "early_stopping": (None, False),
    "length_penalty": (None, 1),
    "max_length": (None, 20),
    "max_new_tokens": (None,),
    "num_beam_groups": (None, 1),
    "num_beams": (None, 1),
    "temperature": (None, 1),
    "top_k": (None, 50),
    "top_p": (None, 1),
}


# What encoder-decoders alone heed here.
_RULES: dict[str, tuple[object, ...]] = {
    "bad_words_ids": (None, []),
    "begin_suppress_tokens": (None, []),
    "forced_bos_token_id": (None,),
    "forced_eos_token_id": (None,),
    "min_length": (None, 0),
    "min_new_tokens": (None, 0),
    "no_repeat_ngram_size": (None, 0),
    "suppress_tokens": (None, []),
}


@dataclass(frozen=True)
class DecodingRules:
    """Tokens that end a text, and of an encoder-decoder all that is forced or forbidden; the names are transformers'.

    `start` is what the decoder of an encoder-decoder reads first; other models read the prompt, and have no other rule.
    """

    ends: frozenset[int]
    start: int | None = None
    forced_bos: int | None = None
    forced_eos: int | None = None
    # In tokens with the start, and without it.
    min_length: int = 0
    min_new_tokens: int = 0
    no_repeat_ngram_size: int = 0
    bad_words: tuple[tuple[int, ...], ...] = ()
    begin_suppressed: tuple[int, ...] = ()

    def forced(self, written: int, most: int) -> int | None:
        """The one token that may come behind so many, of at most `most`; None if there is a choice."""
        if written == most - 1 and self.forced_eos is not None:
            return self.forced_eos
        return self.forced_bos if written == 0 else None

    def banned(self, written: Sequence[int]) -> tuple[int, ...]:
        """The tokens that may not come behind these."""
        if self.start is None:
            return ()
        read = [self.start, *written]
        found = set(self._repeated(read))
        for *before, last in self.bad_words:
            if len(before) <= len(read) and read[len(read) - len(before) :] == before:
                found.add(last)
        if len(read) < self.min_length or len(written) < self.min_new_tokens:
            found |= self.ends
        if len(written) == (self.forced_bos is not None):
            found.update(self.begin_suppressed)
        return tuple(sorted(found))

    def _repeated(self, read: Sequence[int]) -> Iterator[int]:
        """The tokens that would end an n-gram that was read before."""
        size = self.no_repeat_ngram_size
        if not size or len(read) < size:
            return
        last = read[len(read) - size + 1 :]
        for at in range(len(read) - size + 1):
            if read[at : at + size - 1] == last:
                yield read[at + size - 1]


def read_rules(folder: ModelFolder) -> DecodingRules:
    """The rules of an encoder-decoder. Raises LoadError."""
    settings = _Settings(folder)
    for name, neutral in _REFUSED.items():
        if settings.value(name) not in neutral:
            raise settings.wrong(name, "changes what the model writes and is not implemented here: remove it")
    start = settings.token("decoder_start_token_id")
    if start is None:
        start = settings.token("bos_token_id")
    if start is None:
        raise settings.wrong("decoder_start_token_id", "is missing: what does the decoder read first?")
    ends = folder.end_tokens()
    suppressed = tuple((token,) for token in settings.tokens("suppress_tokens"))
    return DecodingRules(
        ends=ends,
        start=start,
        forced_bos=settings.token("forced_bos_token_id"),
        forced_eos=settings.token("forced_eos_token_id"),
        min_length=settings.count("min_length"),
        min_new_tokens=settings.count("min_new_tokens"),
        no_repeat_ngram_size=settings.count("no_repeat_ngram_size"),
        # As transformers has it, an end is no bad word.
        bad_words=suppressed
        + tuple(word for word in settings.words("bad_words_ids") if len(word) > 1 or word[0] not in ends),
        begin_suppressed=settings.tokens("begin_suppress_tokens"),
    )


def not_used(folder: ModelFolder, task: Task) -> list[str]:
    """The settings of a folder that would have transformers write in another way than evald does."""
    if task == "causal-lm" and not folder.existing(_FILE):
        return []
    settings = _Settings(folder)
    known = _NOT_USED if task == "seq2seq-lm" else {**_NOT_USED, **_REFUSED, **_RULES}
    return [name for name, neutral in known.items() if settings.value(name) not in neutral]


class _Settings:
    """generation_config.json; in folders of older versions config.json has these settings."""

    def __init__(self, folder: ModelFolder) -> None:
        self._config = folder.read_json("config.json")
        self._file = _FILE if folder.existing(_FILE) else "config.json"
        self._values = folder.read_json(self._file)

    def value(self, name: str) -> Any:
        return self._values.get(name)

    def token(self, name: str) -> int | None:
        value = self.value(name)
        # Some files have one for each sequence of a batch, of which there is one here.
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        if value is None and name == "decoder_start_token_id":
            value = self._config.get(name)
        if value is not None and not self._is_token(value):
            raise self.wrong(name, "is no token of the model")
        return None if value is None else int(value)

    def tokens(self, name: str) -> tuple[int, ...]:
        value = self.value(name) or []
        if not isinstance(value, list) or not all(map(self._is_token, value)):
            raise self.wrong(name, "is no list of tokens of the model")
        return tuple(value)

    def words(self, name: str) -> tuple[tuple[int, ...], ...]:
        value = self.value(name) or []
        is_right = isinstance(value, list) and all(isinstance(word, list) and word for word in value)
        if not is_right or not all(self._is_token(token) for word in value for token in word):
            raise self.wrong(name, "is no list of lists of tokens of the model")
        return tuple(map(tuple, value))

    def count(self, name: str) -> int:
        value = self.value(name) or 0
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.wrong(name, "is no count")
        return value

    def wrong(self, name: str, problem: str) -> LoadError:
        return LoadError(f"{self._file}: {name} {problem}")

    def _is_token(self, value: object) -> bool:
        size = self._config.get("vocab_size")
        most = size if isinstance(size, int) else float("inf")
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < most
