"""Files that other programs write, as rows of evald: logged samples of lm-eval, batch outputs and chats of OpenAI.

They are recognised by what the first row holds. Fields that are not named here are left out or kept as they are, so
that other versions of those programs can be read, too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evald.errors import InvalidRequestError

Record = dict[str, Any]
Where = Callable[[int], str]
# A metric in parts: name, params, key.
Metric = Mapping[str, Any]


@dataclass(frozen=True)
class Recognised:
    """Rows of evald; `origins` are the rows of the file that they begin in, `metrics` what the file itself scores."""

    kind: str
    records: Sequence[Record]
    origins: Sequence[int]
    metrics: Sequence[Metric] = ()


def recognised(records: Sequence[Record], where: Where) -> Recognised | None:
    """The rows of a file of another program; None if it is none that is known.

    Raises InvalidRequestError (BAD_FORMAT, DUPLICATE_ID) that names the row.
    """
    first = records[0] if records else {}
    if "doc_id" in first and ("filtered_resps" in first or "resps" in first):
        return _lm_eval(records, where)
    if "custom_id" in first and "response" in first:
        return _batch(records, where)
    if isinstance(first.get("messages"), list):
        return _chats(records, where)
    return None


# --- lm-evaluation-harness -------------------------------------------------------------------------------------------

LM_EVAL = "lm-eval samples"
# What a sample holds beside its metrics.
_SAMPLE = frozenset(
    ("doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics", "doc_hash", "prompt_hash",
     "target_hash", "request_type", "metadata")
)  # fmt: skip
# Numbers of a row whose mean is not the metric of that name: a log-likelihood, and a constant.
_NO_MEANS = ("perplexity", "bypass")
_LOSSES = ("brier_score", "ter", "wer", "cer", "mer", "mse", "mae", "rmse")
_LOSS_WORDS = ("perplexity", "error", "loss", "bias")
# Where questions stand in documents, as tasks name them.
_QUESTIONS = ("question", "query", "problem", "prompt", "input", "instruction", "text", "sentence", "ctx", "goal")


def _lm_eval(records: Sequence[Record], where: Where) -> Recognised:
    """One row a document; of several filters the scores are named as lm-eval does, "exact_match,strict-match"."""
    filters = dict.fromkeys(str(record.get("filter", "none")) for record in records)
    rows: dict[str, Record] = {}
    origins: dict[str, int] = {}
    seen: dict[tuple[str, str], int] = {}
    for index, record in enumerate(records):
        if not isinstance(record.get("doc_id"), int | str):
            raise _bad(where(index), f"has no doc_id, as {LM_EVAL} have")
        name, by = str(record["doc_id"]), str(record.get("filter", "none"))
        first = seen.setdefault((name, by), index)
        if first != index:
            problem = f"has the same doc_id as {where(first)}: give the samples of one task and one run"
            raise InvalidRequestError.of_field("DUPLICATE_ID", where(index), problem)
        origins.setdefault(name, index)
        row = rows.setdefault(name, _sample(name, record))
        suffix = f",{by}" if len(filters) > 1 else ""
        row["scores"] |= {metric + suffix: value for metric, value in _metrics(record)}
    made = list(rows.values())
    if not all(isinstance(row["prediction"], str) for row in made):
        for row in made:
            del row["prediction"]
    scores = _means(made)
    for row in made:
        row["scores"] = {name: value for name, value in row["scores"].items() if name in scores}
    return Recognised(LM_EVAL, made, list(origins.values()), tuple(map(_metric, scores)))


def _sample(name: str, record: Record) -> Record:
    target = record.get("target")
    reference = [str(one) for one in target] if isinstance(target, list) and target else str(target)
    answer = _answer(record.get("filtered_resps", record.get("resps")))
    return {
        "id": name,
        "input": _question(record.get("doc")),
        "reference": reference,
        "prediction": answer,
        "scores": {},
    }


def _answer(found: Any) -> str | None:
    """The generated text, or the number of the choice that is most likely."""
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, str):
        return found
    pairs = found if isinstance(found, list) else []
    try:
        likely = [float(pair[0]) for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    except (TypeError, ValueError):
        return None
    return str(likely.index(max(likely))) if likely and len(likely) == len(pairs) else None


def _question(document: Any) -> str:
    if isinstance(document, Mapping):
        for name in _QUESTIONS:
            if isinstance(document.get(name), str):
                return str(document[name])
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _metrics(record: Record) -> list[tuple[str, Any]]:
    listed = record.get("metrics")
    names = listed if isinstance(listed, list) else [name for name in record if name not in _SAMPLE]
    return [(str(name), record.get(str(name))) for name in names]


def _means(rows: Sequence[Record]) -> list[str]:
    """Names of the scores that are a number in every row that has them, in the order of the file."""
    names = dict.fromkeys(name for row in rows for name in row["scores"])
    found = []
    for name in names:
        values = [value for row in rows if (value := row["scores"].get(name)) is not None]
        if values and all(map(_is_number, values)) and name.partition(",")[0] not in _NO_MEANS:
            found.append(name)
            for row in rows:
                if isinstance(row["scores"].get(name), bool):
                    row["scores"][name] = float(row["scores"][name])
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _metric(score: str) -> Metric:
    name = score.partition(",")[0]
    is_loss = name in _LOSSES or any(word in name for word in _LOSS_WORDS)
    return {"name": "score", "params": {"of": score, "direction": "lower" if is_loss else "higher"}, "key": score}


# --- OpenAI ----------------------------------------------------------------------------------------------------------

BATCH = "OpenAI batch output"
CHATS = "OpenAI chats"


def _batch(records: Sequence[Record], where: Where) -> Recognised:
    """One row an answer; several answers for one request are samples of its id. What failed has no prediction."""
    rows: list[Record] = []
    origins: list[int] = []
    for index, record in enumerate(records):
        if not isinstance(record.get("custom_id"), str) or "response" not in record:
            raise _bad(where(index), f"has no custom_id and response, as a line of {BATCH} has")
        answers = _answers(record["response"], where(index))
        # Several answers share one count.
        tokens = _tokens(record["response"]) if len(answers) == 1 else {}
        rows += [
            {"id": record["custom_id"], "sample": sample, "prediction": one, **tokens}
            for sample, one in enumerate(answers)
        ]
        origins += [index] * len(answers)
    if len(rows) == len(records):
        for row in rows:
            del row["sample"]
    return Recognised(BATCH, rows, origins)


def _answers(response: Any, place: str) -> list[str | None]:
    """Texts of chat completions, of completions, or of the Responses API."""
    if not isinstance(response, Mapping) or response.get("status_code", 200) != 200:
        return [None]
    body = response.get("body")
    if isinstance(body, Mapping):
        if isinstance(body.get("choices"), list) and body["choices"]:
            return [_choice(choice, place) for choice in body["choices"]]
        if isinstance(body.get("output"), list):
            return [_output(body["output"])]
    raise _bad(place, f"holds no choices: of {BATCH} the answers of chats, completions and responses are read")


def _tokens(response: Any) -> dict[str, int]:
    """Tokens read and written, as chats and completions or as the Responses API call them."""
    body = response.get("body") if isinstance(response, Mapping) else None
    usage = body.get("usage") if isinstance(body, Mapping) else None
    names = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}
    found = (
        {name: usage.get(name, usage.get(other)) for name, other in names.items()} if isinstance(usage, Mapping) else {}
    )
    return {name: count for name, count in found.items() if isinstance(count, int)}


def _choice(choice: Any, place: str) -> str | None:
    if isinstance(choice, Mapping):
        if isinstance(choice.get("text"), str):
            return str(choice["text"])
        message = choice.get("message")
        if isinstance(message, Mapping):
            # A refusal is an answer. A call of a tool has no text.
            return _content(message.get("content")) or _content(message.get("refusal"))
    raise _bad(place, f"has a choice without message, unlike {BATCH}")


def _output(output: Sequence[Any]) -> str | None:
    messages = [one for one in output if isinstance(one, Mapping) and one.get("type") == "message"]
    texts = [text for one in messages if (text := _content(one.get("content"))) is not None]
    return "".join(texts) if texts else None


def _chats(records: Sequence[Record], where: Where) -> Recognised:
    """The last turn of the assistant is the reference, what stands before it the input; other fields stay."""
    rows = []
    for index, record in enumerate(records):
        turns = record.get("messages")
        if not isinstance(turns, list) or not all(isinstance(turn, Mapping) and "role" in turn for turn in turns):
            raise _bad(where(index), f"has no messages with roles, as {CHATS} have")
        last = max((place for place, turn in enumerate(turns) if turn["role"] == "assistant"), default=None)
        reference = None if last is None else _content(turns[last].get("content"))
        if reference is None:
            raise _bad(where(index), f"has no text of the assistant: of {CHATS} its last turn is the reference")
        lines = [f"{turn['role']}: {_content(turn.get('content')) or ''}" for turn in turns[:last]]
        kept = {name: value for name, value in record.items() if name not in ("messages", "custom_id")}
        own = {"id": record["custom_id"]} if "custom_id" in record and "id" not in record else {}
        rows.append({"input": "\n".join(lines), "reference": reference, **own, **kept})
    return Recognised(CHATS, rows, range(len(rows)))


def _content(content: Any) -> str | None:
    """The text of a turn, or of its parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str)]
    return "".join(texts) if texts else None


def _bad(place: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("BAD_FORMAT", place, problem)
