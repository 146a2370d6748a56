"""What is done to texts before they are tokenised. Must not know models or calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evald.backends.contract import Text

# Soon enough to look whether a call was ended.
_TEXTS, _CHARACTERS = 256, 1 << 17


def chunks(texts: Sequence[Text]) -> Iterator[Sequence[Text]]:
    """All texts in order, in pieces that are tokenised in milliseconds: at most so many of them, or so many characters
    and one text.
    """
    start = characters = 0
    for at, text in enumerate(texts):
        if at - start == _TEXTS or characters >= _CHARACTERS:
            yield texts[start:at]
            start, characters = at, 0
        characters += len(text) if isinstance(text, str) else sum(map(len, text))
    if start < len(texts):
        yield texts[start:]


def move_spaces(prompt: str, completion: str) -> tuple[str, str]:
    """Spaces at the end of a prompt go to its completion: tokenizers join them to the word that follows."""
    kept = prompt.rstrip()
    return kept, prompt[len(kept) :] + completion
