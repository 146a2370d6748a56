"""The request of a plan, from keyword arguments of the client, the embedded API and the command line alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from evald.errors import InvalidRequestError
from evald.v1 import plan_pb2 as pb

if TYPE_CHECKING:
    from evald.results import PairedResult

# Names of the arguments where they differ from those of the fields.
_FIELDS = {
    "rate": "binary.rate",
    "discordant": "binary.discordant",
    "cluster_size": "clusters.size",
    "cluster_correlation": "clusters.correlation",
}
_SPREADS = ("rate", "difference_std", "pilot")


class PlanKeywords(TypedDict, total=False):
    """What is known of a comparison, and what is asked for.

    effect: smallest difference that matters, on the metric's scale (of right or wrong: a share); left out, it is what
        `rows` can show.
    rows: number of rows; left out, it is what `effect` needs.
    power: probability that the difference is found (0.8); left out beside effect and rows, it is what is asked for.
    rate: for scores of right or wrong, the share of rows that the baseline gets right.
    discordant: beside `rate`, the share of rows that only one of the systems gets right (as of independent systems).
    difference_std: for other metrics, the standard deviation over rows of candidate - baseline.
    pilot: in place of both, a comparison that was made: ``evald.compare(...)["bleu"]``.
    confidence_level: 1 - the level of the test (0.95).
    tests: tests in the family, metrics x candidates (1).
    cluster_size: mean number of rows of a cluster (document, user); beside it `cluster_correlation`, the intraclass
        correlation of the difference, 0 to 1.
    """

    effect: float | None
    rows: int | None
    power: float | None
    rate: float | None
    discordant: float | None
    difference_std: float | None
    pilot: PairedResult | None
    confidence_level: float | None
    tests: int | None
    cluster_size: float | None
    cluster_correlation: float | None


def plan_request(keywords: PlanKeywords) -> bytes:
    """The serialised request. Raises InvalidRequestError (BAD_PLAN)."""
    given: dict[str, Any] = {name: value for name, value in keywords.items() if value is not None}
    if unknown := given.keys() - PlanKeywords.__annotations__.keys():
        raise _refused(min(unknown), f"is no argument; there are {', '.join(PlanKeywords.__annotations__)}")
    spreads = [name for name in _SPREADS if name in given]
    if len(spreads) != 1:
        raise _refused(
            " or ".join(_SPREADS), f"give one of them, which says how much rows vary; {len(spreads)} are given"
        )
    for name, other in (("discordant", "rate"), ("cluster_size", "cluster_correlation")):
        if name in given and other not in given:
            raise _refused(other, f"is missing beside {name}")
    if "cluster_correlation" in given and "cluster_size" not in given:
        raise _refused("cluster_size", "is missing beside cluster_correlation")
    request = pb.PlanRequest()
    pilot: PairedResult | None = given.pop("pilot", None)
    if pilot is not None:
        if not pilot.std_error:
            raise _refused(
                "pilot", f"{pilot.metric} has no standard error; compare with replicates, on rows that differ"
            )
        request.pilot.std_error, request.pilot.rows = pilot.std_error, pilot.n
    for name, value in given.items():
        *parts, field = _FIELDS.get(name, name).split(".")
        message = getattr(request, parts[0]) if parts else request
        try:
            setattr(message, field, value)
        except (TypeError, ValueError, OverflowError):
            wanted = "a whole number from 0 on" if name in ("rows", "tests") else "a number"
            raise _refused(name, f"must be {wanted}") from None
    return request.SerializeToString()


def _refused(field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("BAD_PLAN", field, problem)
