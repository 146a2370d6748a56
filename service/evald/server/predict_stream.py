"""A stream of StreamPredict: batches in, answers out in their order, with a bounded number of batches in between.

A thread reads the client's messages, so that answers leave while it waits for more; a few others run batches, so that
one is tokenised while another is in the model. Must not know how a batch is answered.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import grpc

from evald.errors import DeadlineError, EvaldError, InvalidRequestError, OverloadedError, UnavailableError, Violation
from evald.server.rpc import parse
from evald.v1 import model_pb2, stream_predict_pb2

# One in the model, one that is tokenised or waits. More would only fill memory.
_AHEAD = 2
_RETRY_SECONDS = 0.05

# Answers a batch; the bytes are those of its message, for admission.
Ask = Callable[[model_pb2.PredictRequest, bytes], model_pb2.PredictResponse]


class PredictStream:
    """One stream."""

    def __init__(self, ask: Ask, context: grpc.ServicerContext, idle_seconds: float) -> None:
        self._ask = ask
        self._context = context
        self._idle_seconds = idle_seconds
        self._room = threading.Semaphore(_AHEAD - 1)
        # Answers in the order of their batches; None is the end of the stream.
        self._answers: queue.SimpleQueue[Future[bytes] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._header: stream_predict_pb2.StreamPredictHeader | None = None

    def end(self) -> None:
        """Ends the stream because the server stops."""
        self._answers.put(_failed(UnavailableError("the server is shutting down", reason="SHUTTING_DOWN")))

    def answers(self, requests: Iterator[bytes]) -> Iterator[bytes]:
        """Serialised answers. Raises what ends the stream."""
        if not self._context.add_callback(self._leave):
            return
        threading.Thread(target=self._read, args=(requests,), name="evald-stream-reader", daemon=True).start()
        try:
            while (answer := self._next()) is not None:
                yield answer.result()
                self._room.release()
        finally:
            self._leave()

    def _next(self) -> Future[bytes] | None:
        try:
            return self._answers.get(timeout=self._idle_seconds)
        except queue.Empty:
            message = f"no message came for {self._idle_seconds:g} s, the limit stream_idle_seconds"
            metadata = {"limit": "stream_idle_seconds", "maximum": f"{self._idle_seconds:g}"}
            raise DeadlineError(message, reason="STREAM_IDLE", metadata=metadata) from None

    def _leave(self) -> None:
        """Lets every thread of the stream go; also runs when the client is gone."""
        self._over.set()
        self._room.release()
        self._answers.put(None)

    def _read(self, requests: Iterator[bytes]) -> None:
        pool = ThreadPoolExecutor(_AHEAD, thread_name_prefix="evald-stream")
        try:
            for number, data in enumerate(requests):
                if (message := self._message(number, data)) is not None:
                    self._answers.put(pool.submit(self._answer, number, message, data))
                    # The next message is not read, and gRPC holds its sender back, before an answer has left.
                    self._room.acquire()
                if self._over.is_set():
                    break
        except EvaldError as error:
            self._answers.put(_failed(error))
        except grpc.RpcError:
            # The stream ended before its client did.
            pass
        finally:
            self._answers.put(None)
            pool.shutdown(wait=False)

    def _message(self, number: int, data: bytes) -> model_pb2.PredictRequest | None:
        """A batch as a request of its own; None if the message is a header alone."""
        message = parse(stream_predict_pb2.StreamPredictRequest, data)
        if message.HasField("header") == (self._header is not None):
            problem = "only the first message has one" if self._header else "the first message needs one"
            raise InvalidRequestError.of_field("BAD_STREAM", f"messages[{number}].header", problem)
        if self._header is None:
            self._header = message.header
            if not message.instances:
                return None
        header = self._header
        return model_pb2.PredictRequest(
            alias=header.alias,
            input=header.input,
            pair_input=header.pair_input,
            context_tokens=header.context_tokens if header.HasField("context_tokens") else None,
            generation=header.generation if header.HasField("generation") else None,
            instances=message.instances,
        )

    def _answer(self, number: int, message: model_pb2.PredictRequest, data: bytes) -> bytes:
        try:
            answer = self._patiently(message, data)
        except InvalidRequestError as error:
            error.violations = tuple(
                Violation(f"messages[{number}].{one.field}", one.description) for one in error.violations
            )
            raise
        return stream_predict_pb2.StreamPredictResponse(
            message=number,
            predictions=answer.predictions,
            errors=answer.errors,
            classes=answer.classes,
            provenance=answer.provenance,
            cost=answer.cost,
            notes=answer.notes,
        ).SerializeToString()

    def _patiently(self, message: model_pb2.PredictRequest, data: bytes) -> model_pb2.PredictResponse:
        """A stream waits where a call is refused: its client is held back meanwhile, so nothing piles up."""
        while True:
            try:
                return self._ask(message, data)
            except OverloadedError as error:
                if self._over.wait(error.retry_after or _RETRY_SECONDS):
                    raise


def _failed(error: EvaldError) -> Future[bytes]:
    failed: Future[bytes] = Future()
    failed.set_exception(error)
    return failed
