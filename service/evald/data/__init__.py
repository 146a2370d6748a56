"""Brings data of callers into one shape, `Table`: lists, dicts, data frames, JSONL and CSV files, joins of files.

This room knows nothing of gRPC, of v1 messages or of metrics; it imports only the errors.
"""

from evald.data.columns import Column, References, column, references
from evald.data.join import combine, join
from evald.data.metric_list import split_metrics
from evald.data.naming import table_of
from evald.data.sources import Source, read_file, source_of
from evald.data.table import Baseline, Generation, Model, Remote, Table

__all__ = [
    "Baseline",
    "Column",
    "Generation",
    "Model",
    "Remote",
    "References",
    "Source",
    "Table",
    "column",
    "combine",
    "join",
    "read_file",
    "references",
    "source_of",
    "split_metrics",
    "table_of",
]
