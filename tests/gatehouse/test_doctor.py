"""The doctor: it sees what is there, and says how to get what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatehouse import cli, doctor, probes
from gatehouse.probes import Finding

GOOD = Finding(group="packages", name="numpy", ok=True, found="2.4")
EXTRA = Finding(
    group="packages", name="pybullet", ok=False, found="missing", needed=False, remedy="make setup"
)
BAD = Finding(group="ROS 2", name="rclpy", ok=False, found="missing", remedy="make setup")


def test_a_table_names_state_and_remedy() -> None:
    lines = doctor.table([GOOD, EXTRA, BAD]).splitlines()
    assert lines[0] == "packages"
    assert lines[1].split() == ["ok", "numpy", "2.4"]
    assert lines[2].split() == ["left", "out", "pybullet", "missing"]
    assert lines[3].split() == ["->", "make", "setup"]
    assert lines[-1] == "missing: rclpy"


@pytest.mark.parametrize(("findings", "code"), [([GOOD], 0), ([GOOD, EXTRA], 0), ([GOOD, BAD], 1)])
def test_only_what_is_needed_decides(
    findings: list[Finding], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    assert cli.call(["doctor", "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] == (code == 0)
    assert [row["name"] for row in told["findings"]] == [finding.name for finding in findings]


def test_packages_that_are_here_are_found_with_their_version() -> None:
    found = {finding.name: finding for finding in probes.packages()}
    assert found["numpy"].ok
    assert found["numpy"].found[0].isdigit()
    assert all(found[name].ok for name in probes.NEEDED | probes.ROS)


def test_a_package_that_is_not_here_is_missing() -> None:
    finding = probes.package("packages", "no_such_package", "no-such-package", "nothing", needed=True)
    assert not finding.ok
    assert finding.remedy == "make setup"


def test_the_lock_file_is_compared_with_what_is_installed(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        '# a comment\nnumpy==0.0.1\nno-such-package==1.0\npybullet==0.1; python_version < "3.0"\n'
    )
    finding = probes.lock_file(lock)
    assert not finding.ok
    assert finding.found.startswith("2 differ: numpy ")
    assert "no-such-package missing, not 1.0" in finding.found


def test_an_installation_without_a_lock_file_is_fine(tmp_path: Path) -> None:
    assert probes.lock_file(tmp_path / "none").ok


def test_this_machine_answers_every_probe() -> None:
    findings = [probes.python(), probes.solver(), probes.compiler(), probes.real_time(), *probes.resources()]
    assert all(finding.found for finding in findings)
    assert all(finding.ok or finding.remedy for finding in findings)
    assert probes.solver().ok


def test_a_missing_compiler_is_told() -> None:
    finding = probes.compiler(lambda name: None)
    assert not finding.ok
    assert finding.remedy == "apt-get install g++"


def test_a_child_that_fails_tells_its_last_line() -> None:
    assert probes.child("-c", "raise SystemExit('first\\nlast')") == (False, "last")


def test_a_child_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "CHILD_TIMEOUT_S", 0.2)
    ok, told = probes.child("-c", "import threading; threading.Event().wait()")
    assert not ok
    assert "no answer" in told


def test_rendering_tells_why_it_is_not_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "child", lambda *words, env: (False, "no display"))
    finding = probes.rendering()
    assert not finding.needed
    assert "no display" in finding.found


@pytest.mark.live
def test_two_processes_hear_each_other_over_dds() -> None:
    finding = probes.discovery()
    assert finding.ok, finding.found
