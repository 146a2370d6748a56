"""How a request wants a language model to write, checked. The ranges are stated in proto/evald/v1/generation.proto."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from evald.backends.contract import GenerationOptions
from evald.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_TOKENS = 1_000_000
_HIGHEST_TEMPERATURE = 10.0
_MOST_STOPS, _LONGEST_STOP = 16, 256


class Given(Protocol):
    """What a request says; None where it does not say."""

    @property
    def max_tokens(self) -> int | None: ...
    @property
    def temperature(self) -> float | None: ...
    @property
    def top_p(self) -> float | None: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def stop(self) -> Sequence[str]: ...


def checked(given: Given, field: str) -> GenerationOptions:
    """The options with their defaults. Raises InvalidRequestError (BAD_GENERATION), which names the field."""
    default = GenerationOptions()
    max_tokens = default.max_tokens if given.max_tokens is None else given.max_tokens
    if not 1 <= max_tokens <= _MOST_TOKENS:
        raise _refused(field, "max_tokens", f"must be 1 to {_MOST_TOKENS:,}")
    temperature = default.temperature if given.temperature is None else given.temperature
    if not 0 <= temperature <= _HIGHEST_TEMPERATURE:
        raise _refused(field, "temperature", f"must be 0 to {_HIGHEST_TEMPERATURE:g}")
    top_p = default.top_p if given.top_p is None else given.top_p
    if not 0 < top_p <= 1:
        raise _refused(field, "top_p", "must be above 0 and at most 1")
    if len(given.stop) > _MOST_STOPS:
        raise _refused(field, "stop", f"must hold at most {_MOST_STOPS} texts")
    for at, text in enumerate(given.stop):
        if not 1 <= len(text) <= _LONGEST_STOP:
            raise _refused(field, f"stop[{at}]", f"must have 1 to {_LONGEST_STOP} characters")
    seed = default.seed if given.seed is None else given.seed
    return GenerationOptions(max_tokens, temperature, top_p, seed, tuple(given.stop))


def _refused(field: str, name: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("BAD_GENERATION", f"{field}.{name}", problem)
