"""Steps of a transformers model with the cache that it makes; logits stay on its device."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import torch
from transformers.modeling_outputs import BaseModelOutput

from evald.backends.generation import NO_TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from evald.backends.contract import Choice, TokenIds

_log = logging.getLogger(__name__)


class TorchDecoder:
    """Implements `generation.Decoder`; used in inference mode."""

    def __init__(self, model: Any, takes_kept: bool) -> None:
        self._model = model
        self._options = {"logits_to_keep": 1} if takes_kept else {}
        self._cache: Any = None
        self._logits: Any = None

    def read(self, ids: TokenIds) -> None:
        """See `generation.Decoder`."""
        given = torch.from_numpy(ids).to(self._model.device)
        found = self._model(input_ids=given, past_key_values=self._cache, use_cache=True, **self._options)
        self._cache = found.past_key_values
        self._logits = found.logits[:, -1]

    def choose(self, choices: Sequence[Choice]) -> Iterable[int]:
        """See `generation.Decoder`."""
        if any(choice.banned for choice in choices):
            self._logits = self._logits.clone()
            for row, choice in enumerate(choices):
                self._logits[row, list(choice.banned)] = -torch.inf
        greedy = all(choice.temperature == 0 for choice in choices)
        tokens = self._logits.argmax(dim=1) if greedy else self._draw(choices)
        # A NaN is the largest number.
        best = self._logits.amax(dim=1)
        found: list[int] = torch.where(torch.isfinite(best), tokens, NO_TOKEN).tolist()
        return found

    def keep(self, rows: Sequence[int]) -> None:
        """See `generation.Decoder`."""
        self._cache.batch_select_indices(torch.tensor(rows, device=self._model.device))

    def _draw(self, choices: Sequence[Choice]) -> Any:
        """As `generation.choose` does it, all rows at once."""
        columns = zip(*((one.temperature, one.top_p, one.draw) for one in choices), strict=True)
        temperatures, shares, draws = (
            torch.tensor(column, dtype=torch.float64, device=self._model.device)[:, None] for column in columns
        )
        best = self._logits.argmax(dim=1)
        wide = self._logits.double()
        wide = (wide - wide.amax(dim=1, keepdim=True)) / temperatures.where(temperatures > 0, 1.0)
        powers, order = wide.exp().sort(dim=1, descending=True, stable=True)
        sums = powers.cumsum(dim=1)
        last = torch.searchsorted(sums, shares * sums[:, -1:]).clamp(max=sums.shape[1] - 1)
        places = torch.searchsorted(sums, draws * sums.gather(1, last), right=True).minimum(last)
        return order.gather(1, places)[:, 0].where(temperatures[:, 0] > 0, best)


class TorchSeq2SeqDecoder(TorchDecoder):
    """The decoder of a model that has read texts of one length with its encoder."""

    def __init__(self, model: Any, ids: TokenIds) -> None:
        super().__init__(model, takes_kept=False)
        given = torch.from_numpy(ids).to(model.device)
        self._mask = torch.ones_like(given)
        self._states = model.get_encoder()(input_ids=given, attention_mask=self._mask).last_hidden_state

    def read(self, ids: TokenIds) -> None:
        """See `generation.Decoder`."""
        found = self._model(
            attention_mask=self._mask,
            encoder_outputs=BaseModelOutput(self._states),
            decoder_input_ids=torch.from_numpy(ids).to(self._model.device),
            past_key_values=self._cache,
            use_cache=True,
        )
        self._cache = found.past_key_values
        self._logits = found.logits[:, -1]

    def keep(self, rows: Sequence[int]) -> None:
        """See `generation.Decoder`."""
        super().keep(rows)
        self._mask, self._states = self._mask[rows], self._states[rows]


def can_write(model: Any, ids: TokenIds) -> bool:
    """Whether a model can be asked for one token after the other; some remember what they read in ways of their own."""
    decoder = TorchDecoder(model, takes_kept=False)
    try:
        with torch.inference_mode():
            decoder.read(ids[None, :1])
            decoder.read(ids[None, :1])
            decoder.keep([0])
    except Exception as error:  # noqa: BLE001 - whatever a model raises
        _log.warning("the model cannot write texts (%s)", type(error).__name__)
        return False
    return True
