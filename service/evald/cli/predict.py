"""`evald predict`: what a model of a server answers to the rows of a file, as JSON lines, written as they come."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from evald.cli import inputs, output
from evald.data import read_file
from evald.data.fields import of
from evald.data.naming import NAMES, Roles
from evald.data.sources import FORMATS
from evald.errors import InvalidRequestError
from evald.results import Predictions, RowError
from evald.results.text import note_line

_EXAMPLES = """\
  evald predict tickets.jsonl --model support-tuned --server localhost:50051 --out answers.jsonl
  evald predict prompts.jsonl --model tiny-lm --server localhost:50051 --generate max_tokens=40 --stop " "
  evald evaluate --data tickets.jsonl --pred answers.jsonl --metrics accuracy
"""
_BATCH = 256


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evald predict`."""
    parser = subparsers.add_parser(
        "predict",
        help="have a model of a server answer rows",
        description="Has a model of a server answer the rows of a file, batch by batch, and writes a JSON line a row,"
        " in order, as soon as it is there. `evald evaluate` and `evald compare` read such files. A row that fails has"
        " its error in place of a prediction.",
        epilog=inputs.epilog(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="rows that hold inputs or messages, and perhaps ids")
    parser.add_argument("--model", required=True, metavar="ALIAS", help="a model or endpoint of the server")
    parser.add_argument("--input", default="text", metavar="NAME", help="the model's text among named inputs (text)")
    parser.add_argument(
        "--batch", type=int, default=_BATCH, metavar="ROWS", help=f"rows that are sent at once (default {_BATCH})"
    )
    inputs.add_generation_flags(parser, "have a language model write")
    parser.add_argument(
        "--class-scores",
        action="store_true",
        help="write the probabilities of the classes as well, in the order that standard error tells; `evald evaluate`"
        " reads them with --classes",
    )
    parser.add_argument(
        "--map", type=inputs.mapping, default={}, metavar="ROLE=COLUMN,...", help="columns of id, input and messages"
    )
    parser.add_argument("--input-format", choices=FORMATS, help="format of the file (default: by extension)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write here instead of to standard output")
    inputs.add_server_flags(parser, required=True, timeout=None)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Predicts; returns the exit code."""
    if args.batch < 1:
        raise InvalidRequestError.of_field("USAGE", "--batch", "must be 1 or more")
    cells, ids = _rows(args)
    starts = range(0, len(cells), args.batch)
    batches = ({"inputs": cells[at : at + args.batch], "ids": ids and ids[at : at + args.batch]} for at in starts)
    with inputs.open_client(args) as client, _target(args.out) as target, output.progress() as bar:
        bar.say(f"{args.server} is answering {len(cells):,} rows")
        found = client.predict_stream(
            args.model, batches, input=args.input, generation=inputs.generation_of(args), timeout=args.timeout
        )
        for start, predictions in zip(starts, found, strict=True):
            names = ids and ids[start : start + args.batch]
            if args.class_scores and not start:
                print(f"classes: {','.join(predictions.classes)}", file=sys.stderr)
            for line in _lines(predictions, names, args.class_scores):
                print(json.dumps(line, ensure_ascii=False, allow_nan=False), file=target)
            for note in predictions.notes:
                print(f"! {note_line(note)}", file=sys.stderr)
            target.flush()
            # A bar in between lines of the same terminal would only be in the way.
            if target is not sys.stdout:
                bar(min(start + args.batch, len(cells)), len(cells))
    return 0


def _rows(args: argparse.Namespace) -> tuple[list[Any], list[str] | None]:
    """What the model reads of every row, and the ids if there are any."""
    unknown = sorted(set(args.map) - set(NAMES))
    if unknown:
        raise InvalidRequestError.of_field("USAGE", "--map", f"unknown role {unknown[0]}; use id, input or messages")
    roles = Roles(read_file(args.file, args.input_format), args.map)
    texts, chats = roles.inputs(), roles.row_fields().get("messages")
    if texts is None and chats is None:
        raise roles.missing("input")
    cells: list[Any] = []
    for row in range(roles.source.length):
        chat = of(chats, row)
        cells.append(chat[0] if chat else texts[row] if texts else "")
    return cells, roles.ids()


def _lines(predictions: Predictions, ids: Sequence[str] | None, class_scores: bool) -> Iterator[dict[str, Any]]:
    """A dict a row, by the names that files of predictions have."""
    errors = list(predictions.errors)
    for row in range(len(predictions)):
        named = {} if ids is None else {"id": ids[row]}
        answer = _answer(predictions, row, class_scores)
        if not answer and errors and errors[0].id == (ids[row] if ids else f"#{row}"):
            answer = _failed(errors.pop(0))
        yield named | answer


def _answer(predictions: Predictions, row: int, class_scores: bool) -> dict[str, Any]:
    text = predictions.texts[row]
    found = {
        "prediction": predictions.labels[row] if text is None else text,
        "reasoning": predictions.reasonings[row],
        "finish_reason": predictions.finish_reasons[row],
        "class_scores": predictions.class_scores[row] if class_scores else None,
        "token_logprobs": predictions.token_logprobs[row],
        "embedding": predictions.embeddings[row],
    }
    return {name: value for name, value in found.items() if value is not None}


def _failed(error: RowError) -> dict[str, Any]:
    return {"prediction": None, "error": {"reason": error.reason, "message": error.message}}


@contextlib.contextmanager
def _target(path: Path | None) -> Iterator[IO[str]]:
    """Where lines go. Raises InvalidRequestError (FILE_ERROR)."""
    if path is None:
        yield sys.stdout
        return
    try:
        opened = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise InvalidRequestError.of_field("FILE_ERROR", str(path), error.strerror or "cannot be written") from None
    with opened:
        yield opened
