"""A gate as JUnit XML, which CI systems show beside the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from evald.results.text import printable

if TYPE_CHECKING:
    from evald.results.gate import Gate, GateCandidate, GateRule


def gate(result: Gate) -> str:
    """The whole document."""
    root = ET.Element("testsuites", name="evald gate")
    for candidate in result.candidates:
        _suite(root, candidate)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _suite(root: ET.Element, candidate: GateCandidate) -> None:
    cases = [(rule, _state(candidate, rule)) for rule in candidate.rules]
    count = {state: sum(1 for _, found in cases if found == state) for state in ("failure", "skipped")}
    name = printable(candidate.candidate)
    suite = ET.SubElement(
        root,
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(count["failure"]),
        errors="0",
        skipped=str(count["skipped"]),
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="verdict", value=(candidate.verdict or "").upper())
    ET.SubElement(properties, "property", name="reason", value=printable(candidate.reason))
    for rule, state in cases:
        case = ET.SubElement(suite, "testcase", classname=f"evald.gate.{name}", name=_title(rule))
        if state:
            words = printable(rule.reason)
            ET.SubElement(case, state, message=f"{rule.tier}, {rule.outcome}: {words}")
        else:
            ET.SubElement(case, "system-out").text = printable(rule.reason)


def _title(rule: GateRule) -> str:
    quantities = " and ".join(dict.fromkeys(check.quantity or "" for check in rule.checks))
    return printable(f"{rule.metric} ({quantities})")


def _state(candidate: GateCandidate, rule: GateRule) -> str | None:
    """A rule that keeps the candidate from GO has failed; others that do not hold are skipped, not hidden."""
    if rule.outcome == "passed":
        return None
    is_in_the_way = rule.tier == "critical" or (
        rule.tier == "supporting" and rule.outcome == "failed" and candidate.verdict == "no_go"
    )
    return "failure" if is_in_the_way else "skipped"
