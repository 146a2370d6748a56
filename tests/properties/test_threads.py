"""The number of threads does not show in an answer."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import hashlib, sys
from evald import _native
from tests.properties.test_accumulator import COMPARE, make_rows
from tests.properties.test_everything import ASKED, rows_of
from tests.properties.test_forgetting import QUESTION as FORGETTING
from tests.properties.test_forgetting import task_rows
from tests.properties.test_plain_rows import QUESTION, plain_rows
from tests.properties.test_slices import COMPARE as SLICED
from tests.properties.test_slices import sliced_rows

_native.set_threads(int(sys.argv[1]))
rows = make_rows(3_000, 3)
compared = COMPARE.accumulate(rows[:1_700], rows[1_700:])
analysed = COMPARE.asking(analysis={}).accumulate(rows[:1_700], rows[1_700:])
sliced = SLICED.asking(metrics=("bleu", "f1(average=macro)")).accumulate(sliced_rows(2_000, 2))
tasks = FORGETTING.asking(metrics=("exact_match", "wer"), slices=()).accumulate(task_rows(900))
plain = QUESTION.accumulate(plain_rows(3_000))
asked = ASKED.accumulate(rows_of(150, "clustered"))
for part in (compared, analysed, plain, sliced, tasks, asked):
    print(hashlib.sha256(part.state()).hexdigest(), hashlib.sha256(part.finish()).hexdigest())
"""


def digests(threads: int) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", PROGRAM, str(threads)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=100)
    return done.stdout.split()


def test_one_and_two_threads_give_the_same_bytes() -> None:
    one, two = digests(1), digests(2)
    assert len(one) == 10
    assert one == two
