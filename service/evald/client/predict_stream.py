"""Predictions of any number of rows: the messages of one StreamPredict. Opens no connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import grpc

from evald import results
from evald.client import convert
from evald.client.rows import write_input
from evald.client.status import error_of
from evald.data.columns import column, listed
from evald.errors import EvaldError, InvalidRequestError, Violation
from evald.v1 import stream_predict_pb2 as stream

METHOD = "/evald.v1.ModelService/StreamPredict"

_KEYS = frozenset(("inputs", "ids"))
_PATH = re.compile(r"^messages\[(\d+)\]\.instances")


def predictions(
    call: Callable[[Iterator[bytes]], Any], header: stream.StreamPredictHeader, batches: Iterable[Any]
) -> Iterator[results.Predictions]:
    """The predictions of each batch, in order; leaving the loop ends the call.

    gRPC asks for a batch only when the server has room for it, so that few are in memory at once.
    """
    messages = _Messages(header, batches)
    answers = call(iter(messages))
    try:
        for answer in answers:
            yield convert.predictions_of(stream.StreamPredictResponse.FromString(answer))
    except grpc.RpcError as failure:
        raise _named(error_of(failure)) from None
    finally:
        answers.cancel()
    if messages.error is not None:
        raise messages.error


class _Messages:
    """The messages, made in a thread of gRPC, which would hide what goes wrong there: `error` keeps it."""

    def __init__(self, header: stream.StreamPredictHeader, batches: Iterable[Any]) -> None:
        self._header = header
        self._batches = batches
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for number, batch in enumerate(self._batches):
                message = _message(batch, f"batches[{number}]")
                if number == 0:
                    message.header.CopyFrom(self._header)
                yield message.SerializeToString()
        except Exception as error:  # noqa: BLE001 - of whoever makes the batches; it goes on in the thread that reads
            self.error = error


def _message(batch: Any, path: str) -> stream.StreamPredictRequest:
    named = batch if isinstance(batch, Mapping) else {"inputs": batch}
    if "inputs" not in named or not _KEYS.issuperset(named):
        raise InvalidRequestError.of_field("BAD_TYPE", path, "must be a list of inputs, or a dict of inputs and ids")
    cells = listed(named["inputs"], f"{path}.inputs")
    if not cells:
        raise InvalidRequestError.of_field("EMPTY_REQUEST", path, "at least one row is needed; leave the batch out")
    ids = None if named.get("ids") is None else column(named["ids"], f"{path}.ids").values
    if ids is not None and len(ids) != len(cells):
        problem = f"has {len(ids)} rows, inputs {len(cells)}"
        raise InvalidRequestError.of_field("LENGTH_MISMATCH", f"{path}.ids", problem)
    message = stream.StreamPredictRequest()
    for row, cell in enumerate(cells):
        write_input(cell, f"{path}.inputs[{row}]", message.instances.add(id="" if ids is None else str(ids[row])))
    return message


def _named(error: EvaldError) -> EvaldError:
    """In the words of the caller, who has batches of inputs where the wire has messages of instances."""
    if isinstance(error, InvalidRequestError):
        error.violations = tuple(
            Violation(_PATH.sub(r"batches[\1].inputs", one.field), one.description) for one in error.violations
        )
    return error
