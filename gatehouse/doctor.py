"""`gatehouse doctor`: what is installed, what is missing and how to get it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import click

from gatehouse.probes import Finding, examine


def state(finding: Finding) -> str:
    """One word for a finding: "ok", "missing", or "left out" for what the stack runs without."""
    if finding.ok:
        return "ok"
    return "missing" if finding.needed else "left out"


def healthy(findings: Sequence[Finding]) -> bool:
    """Whether everything that is needed is there."""
    return all(finding.ok for finding in findings if finding.needed)


def table(findings: Sequence[Finding]) -> str:
    """The findings in columns, grouped, each remedy below what it mends."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    group = ""
    for finding in findings:
        if finding.group != group:
            group = finding.group
            lines.append(group)
        lines.append(f"  {state(finding):8}  {finding.name:{width}}  {finding.found}")
        if not finding.ok:
            lines.append(f"  {'':8}  {'':{width}}  -> {finding.remedy}")
    needed = [finding.name for finding in findings if finding.needed and not finding.ok]
    lines.append(f"missing: {', '.join(needed)}" if needed else "everything that is needed is there")
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """The findings as one JSON document."""
    rows = [dataclasses.asdict(finding) | {"state": state(finding)} for finding in findings]
    return json.dumps({"healthy": healthy(findings), "findings": rows}, indent=2)


@click.command()
@click.option("--json", "wants_json", is_flag=True, help="Print one JSON document.")
def command(wants_json: bool) -> int:
    """Say what is installed, what is missing and how to get it; 1 when something needed is missing."""
    findings = examine()
    click.echo(as_json(findings) if wants_json else table(findings))
    return 0 if healthy(findings) else 1
