"""Splits a typed list of metrics; what a metric's text form means is the registry's business."""

from __future__ import annotations

from evald.errors import InvalidRequestError

_ESCAPE = "\\"


def split_metrics(text: str) -> list[str]:
    """The metrics of a comma-separated list; commas in parentheses and quotes belong to the metric.

    >>> split_metrics("bleu, rouge_l(stemmer=true,profile=google)")
    ['bleu', 'rouge_l(stemmer=true,profile=google)']

    Raises InvalidRequestError (BAD_METRIC_LIST) for empty entries and unbalanced parentheses or quotes.
    """
    entries, current, depth, quoted, escaped = [], "", 0, False, False
    for char in text:
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == _ESCAPE and not escaped
        elif char == '"':
            quoted = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "," and depth == 0:
            entries.append(current)
            current = ""
            continue
        if depth < 0:
            raise _bad(text, "has a ) without its (")
        current += char
    entries.append(current)
    if depth or quoted:
        raise _bad(text, "has a ( without its )" if depth else "has an open quote")
    stripped = [entry.strip() for entry in entries]
    if not all(stripped):
        raise _bad(text, "has an empty entry")
    return stripped


def _bad(text: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError.of_field("BAD_METRIC_LIST", "metrics", f"{text[:80]!r} {problem}")
