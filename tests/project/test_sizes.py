"""No function and no file outgrows its reader; split by idea before a limit is near.

Usual: functions of 30 lines, files of 250. Hard, and enforced here: 60 and 500. Generated code is excepted.
Rust functions are found by indentation, which rustfmt makes reliable.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FUNCTION_USUAL, FUNCTION_HARD = 30, 60
FILE_USUAL, FILE_HARD = 250, 500
# What a generator writes in its first lines.
GENERATED = re.compile(r"do not edit|@generated", flags=re.IGNORECASE)
RUST_FUNCTION = re.compile(r'^( *)(?:pub(?:\([^)]*\))? )?(?:(?:const|async|unsafe|extern "C") )*fn (\w+)')

Sizes = dict[str, int]


def python_functions(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{node.lineno}:{node.name}", node.end_lineno - node.lineno + 1


def rust_functions(text: str) -> Iterator[tuple[str, int]]:
    lines = text.splitlines()
    for start, line in enumerate(lines):
        found = RUST_FUNCTION.match(line)
        if found is None:
            continue
        closing = (f"{found[1]}}}", f"{found[1]}}};", f"{found[1]}}},")
        for end in range(start, len(lines)):
            one_line = end == start and lines[end].endswith("}")
            declared = lines[end].endswith(";") and "{" not in "".join(lines[start : end + 1])
            if one_line or declared or lines[end] in closing:
                yield f"{start + 1}:{found[2]}", end - start + 1
                break


@pytest.fixture(scope="module")
def sources(root: Path, repository_files: list[Path]) -> dict[str, str]:
    names = [str(file) for file in repository_files if file.suffix in {".py", ".pyi", ".rs"}]
    texts = {name: (root / name).read_text() for name in names if not name.startswith("service/evald/v1/")}
    return {name: text for name, text in texts.items() if not GENERATED.search(text[:300])}


def over(sizes: Sizes, limit: int) -> list[str]:
    longest_first = sorted(sizes.items(), key=lambda item: -item[1])
    return [f"{name}: {lines} lines" for name, lines in longest_first if lines > limit]


def report(what: str, sizes: Sizes, usual: int) -> None:
    beyond = over(sizes, usual)
    print(f"{len(beyond)} of {len(sizes)} {what} are longer than the usual {usual} lines (for information)")
    print("\n".join(f"  {line}" for line in beyond[:15]))


def test_files(sources: dict[str, str]) -> None:
    sizes = {name: text.count("\n") for name, text in sources.items()}
    report("files", sizes, FILE_USUAL)
    assert not over(sizes, FILE_HARD)


@pytest.mark.parametrize(("suffix", "functions"), [(".py", python_functions), (".rs", rust_functions)])
def test_functions(sources: dict[str, str], suffix: str, functions) -> None:  # type: ignore[no-untyped-def]
    sizes = {
        f"{name}:{function}": lines
        for name, text in sources.items()
        if name.endswith(suffix)
        for function, lines in functions(text)
    }
    report(f"{suffix} functions", sizes, FUNCTION_USUAL)
    assert len(sizes) > 20, "the search for functions is broken"
    assert not over(sizes, FUNCTION_HARD)


RUST_SAMPLE = """\
impl A {
    pub fn one(&self) -> u8 { 1 }

    fn long(
        a: u8,
    ) -> u8 {
        a
    }
}
trait B {
    fn declared(&self);
}
"""


def test_rust_functions_are_measured() -> None:
    assert dict(rust_functions(RUST_SAMPLE)) == {"2:one": 1, "4:long": 5, "11:declared": 1}
