"""The tokenizer in tokenizer.json, run by the tokenizers library."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import tokenizers

from evald.backends.contract import TokenSequence
from evald.backends.folder import LoadError, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import Text
    from evald.backends.folder import ModelFolder


class FileTokenizer:
    """The tokenizer of a model folder; safe to use from many threads. Raises LoadError."""

    def __init__(self, folder: ModelFolder) -> None:
        if not folder.existing("tokenizer.json"):
            raise LoadError(
                "tokenizer.json is missing; `evald models export` makes one from a folder that torch can load"
            )
        path = folder.find("tokenizer.json")
        self.digest = digest(path)
        self._folder = folder
        self._tokenizer = _load(str(path), self.digest)

    def encode(self, texts: Sequence[Text], special_tokens: bool) -> list[TokenSequence]:
        """See `contract.Backend`."""
        return [
            TokenSequence(np.array(one.ids, dtype=np.int64), np.array(one.type_ids, dtype=np.int64))
            for one in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=special_tokens)
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """See `contract.Backend`."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def prefix_token(self) -> int:
        """What a language model reads first: the token that begins texts, else the one that ends them."""
        config = self._folder.tokenizer_config()
        for name in ("bos_token", "eos_token"):
            token = config.get(name)
            # An object in files that say how the token joins its neighbours.
            token = token.get("content") if isinstance(token, dict) else token
            found = self._tokenizer.token_to_id(token) if isinstance(token, str) else None
            if found is not None:
                return int(found)
        raise LoadError("tokenizer_config.json: bos_token and eos_token are missing, a language model needs one")


# The library never frees the words that a tokenizer has cached (0.23.3), so a model that is loaded again gets the
# tokenizer that it had, as long as the file is the same.
@functools.lru_cache(maxsize=16)
def _load(path: str, _digest: str) -> Any:
    try:
        tokenizer = tokenizers.Tokenizer.from_file(path)
    except Exception as error:  # the library raises plain Exception
        raise LoadError("tokenizer.json cannot be read by the tokenizers library") from error
    # The file may ask for truncation, which would change answers silently; the batcher pads.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    keep_no_texts(tokenizer)
    return tokenizer


def keep_no_texts(tokenizer: Any) -> None:
    """A tokenizer that does not cut texts into words (as that of Llama 2) takes each text for one, and would keep the
    last 10,000 of them a thread, of which hardly one comes again: 80 MB.
    """
    cutter = tokenizer.pre_tokenizer
    resize = getattr(tokenizer.model, "_resize_cache", None)  # of BPE and Unigram
    if resize is not None and (cutter is None or len(cutter.pre_tokenize_str("two words")) == 1):
        resize(0)
