"""Interfaces: the wheels' foreign paths are rewritten, and the messages mirror the contract."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import pytest

from gatehouse import interfaces
from shield import contract as c

EXPORT = (
    'INTERFACE_INCLUDE_DIRECTORIES "/opt/python/cp311-cp311/include/python3.11;/opt/x/numpy/_core/include"\n'
)
NAMES = {"ModeStatus": "SafetyMode", "EgoState": "StateEstimate", "SealedCommand": "CertifiedCommand"}
FIELDS = {"operator": "operator_name"}  # a keyword of C++
OUTSIDE = {  # standard messages, or values that stay in one process
    "Scan", "Imu", "JointReading", "PoseFix", "ActuatorTwist", "ActuatorJoints", "SkillGoal", "SkillStep",
    "BaseCommand", "ArmCommand",
}  # fmt: skip


def mirrored() -> list[type]:
    return [
        kind
        for name, kind in vars(c).items()
        if isinstance(kind, type)
        and dataclasses.is_dataclass(kind)
        and kind.__module__ == c.__name__
        and name not in OUTSIDE
    ]


def message_fields(name: str) -> list[str]:
    text = (interfaces.SOURCE / "msg" / f"{name}.msg").read_text()
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return [words[1] for words in lines if len(words) == 2 and "=" not in words[1]]


def test_foreign_paths_are_rewritten_once(tmp_path: Path) -> None:
    file = tmp_path / "std_msgs" / "cmake" / "std_msgsExport.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(EXPORT)
    assert interfaces.rewrite_exports(tmp_path, "/here/include/python3.11", "/there/numpy/_core/include") == 1
    wanted = 'INTERFACE_INCLUDE_DIRECTORIES "/here/include/python3.11;/there/numpy/_core/include"\n'
    assert file.read_text() == wanted
    assert interfaces.rewrite_exports(tmp_path, "/here/include/python3.11", "/there/numpy/_core/include") == 0


def test_a_build_sees_this_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AMENT_PREFIX_PATH", "PYTHONPATH", "COLCON_PREFIX_PATH", "MAKEFLAGS"):
        monkeypatch.setenv(name, "/opt/ros/jazzy")
    env = interfaces.build_environment(Path("/venv"))
    assert env["AMENT_PREFIX_PATH"] == env["CMAKE_PREFIX_PATH"] == "/venv"
    assert env["PATH"].startswith("/venv/bin:")
    assert not {"PYTHONPATH", "COLCON_PREFIX_PATH", "MAKEFLAGS"} & set(env)


@pytest.mark.parametrize("kind", mirrored(), ids=lambda kind: kind.__name__)
def test_a_message_has_the_fields_of_the_contract_in_order(kind: type) -> None:
    fields = [FIELDS.get(field.name, field.name) for field in dataclasses.fields(kind)]
    assert message_fields(NAMES.get(kind.__name__, kind.__name__)) == fields


def test_the_command_message_has_the_fields_of_all_commands() -> None:
    fields = [field.name for kind in (c.BaseCommand, c.ArmCommand) for field in dataclasses.fields(kind)]
    assert message_fields("Command") == ["kind", *fields]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("SafetyMode", c.SafetyMode), ("Verdict", c.Outcome), ("TrackedAgent", c.Kind), ("Fault", c.Severity),
        ("SkillStatus", c.SkillState), ("Order", c.OrderState),
    ],
)  # fmt: skip
def test_constants_of_messages_are_those_of_the_contract(message: str, kind: type[IntEnum]) -> None:
    text = (interfaces.SOURCE / "msg" / f"{message}.msg").read_text()
    found = {name: int(value) for name, value in re.findall(r"^uint8 ([A-Z_]+)=(\d+)", text, re.MULTILINE)}
    assert found == {member.name: member.value for member in kind}


def test_the_built_messages_are_these() -> None:
    code = "import gatehouse_msgs.msg as m; print(m.ResetRequest.get_fields_and_field_types())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for field in message_fields("ResetRequest"):
        assert f"'{field}'" in done.stdout
