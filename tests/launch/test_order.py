"""The whole stack as real processes over DDS: an order is carried out, intruders move nothing, the record replays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from gatehouse.replay import command as replay
from shield import contract as c
from shield.contract import OrderState, SafetyMode, SkillState
from shield.errors import BadInput
from sim.truth_log import read_truth
from tests.launch.live import Live

pytestmark = [pytest.mark.live, pytest.mark.slow]

ORDER_S = 120.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def live(folder: Path) -> Iterator[Live]:
    with Live(folder, scenario="short") as run:
        run.ready()
        yield run


def test_an_unknown_order_is_refused(live: Live) -> None:
    refused = live.operator.submit(c.Order(order="odd", item="crate_99", station="packing"))
    assert "crate_99" in refused


def test_the_order_completes(live: Live, folder: Path) -> None:
    assert live.operator.submit(c.Order(order="o1", item="crate_19", station="packing")) == ""
    live.until(lambda: _state(live) in (OrderState.DONE, OrderState.FAILED), ORDER_S, "end of the order")
    assert live.last["order_status"].reason == ""
    assert _state(live) is OrderState.DONE
    truth = read_truth(folder / "truth.jsonl")[-1].truth
    assert truth.contacts == ()
    assert truth.path_m > 3.0


def _state(live: Live) -> OrderState | None:
    status = live.last.get("order_status")
    return status.state if status is not None and status.order == "o1" else None


def test_a_single_skill_is_an_action_that_can_be_cancelled(live: Live) -> None:
    state, reason = live.operator.execute(c.SkillGoal(skill="fly", target="packing"), 5.0)
    assert (state, reason[:22]) == (SkillState.FAILED, "there is no skill 'fly")
    state, reason = live.operator.execute(
        c.SkillGoal(skill="navigate", target="slot_b1"), 10.0, cancel_after_s=1.0
    )
    assert (state, reason) == (SkillState.PREEMPTED, "cancelled by the action's client")


def test_a_forged_command_moves_nothing(live: Live) -> None:
    live.standing(5.0, live.moved_ns)
    before = live.last["snapshot"].ego
    say = live.operator.publisher("certified_command")
    drive = live.last["drive_status"]
    forged = c.SealedCommand(
        robot=live.profile.robot, sequence=drive.sequence + 1000, issued_ns=drive.stamp_ns,
        expires_ns=drive.stamp_ns + 80_000_000, command=c.BaseCommand(speed_mps=0.8),
        fail_safe=c.Manoeuvre(speed_mps=0.8, curvature_radpm=0.0, turn_radps=0.0, decel_mps2=0.1,
                              turn_decel_radps2=1.0, joint_velocity_radps=(), joint_decel_radps2=(), gripper_m=0.0,
                              duration_s=8.0), mac=bytes(32))  # fmt: skip
    for count in range(50):
        now_ns = live.last["drive_status"].stamp_ns
        say(
            replace(
                forged, sequence=forged.sequence + count, issued_ns=now_ns, expires_ns=now_ns + 80_000_000
            )
        )
        live.operator.spin(0.02)
    live.until(lambda: "forged" in live.faults, 5.0, "fault that says forged")
    after = live.last["snapshot"].ego
    assert abs(after.x_m - before.x_m) + abs(after.y_m - before.y_m) < 0.02
    assert live.last["drive_status"].sequence < forged.sequence
    assert live.mode.may_drive


def test_garbage_on_the_topics_of_the_safety_path_is_a_fault_and_nothing_more(live: Live) -> None:
    for topic in ("certified_command", "proposed_action", "safety_mode", "joint_states"):
        live.faults.discard("malformed")
        _pour_garbage(live, topic, lambda: "malformed" in live.faults)
    assert not list(live.bringup.ended())
    live.until(lambda: live.mode.may_drive, 5.0, "mode that may drive")


def test_garbage_on_the_topic_of_the_emergency_stop_stops(live: Live) -> None:
    _pour_garbage(live, "emergency_stop", lambda: live.mode is SafetyMode.SAFE_STOP)
    live.reset()


def _pour_garbage(live: Live, topic: str, has_answered: Callable[[], bool]) -> None:
    say = live.operator.publish_bytes(topic)

    def poured() -> bool:
        for raw in (b"", b"\0\1\0\0", b"\0\1\0\0" + b"\xff" * 200):
            say(raw)
        return has_answered()

    live.until(poured, 5.0, f"answer to garbage on {topic}")


def test_an_emergency_stop_latches_until_an_operator_resets(live: Live) -> None:
    assert live.operator.stop("tester", "a test") >= 2
    live.until(lambda: live.mode is SafetyMode.SAFE_STOP, 5.0, "safe stop")
    assert "name and a reason" in live.operator.reset("", "")
    assert live.mode is SafetyMode.SAFE_STOP
    live.reset()


def test_the_record_replays_bit_for_bit(live: Live, folder: Path) -> None:
    live.bringup.stop()
    result = CliRunner().invoke(replay, [str(folder / "record.mcap")], standalone_mode=False)
    assert result.exception is None, result.output
    assert "all verdicts bit-identical, none missing" in result.output
    assert result.return_value == 0


def test_a_record_that_was_cut_off_is_replayed_and_refused(folder: Path) -> None:
    raw = (folder / "record.mcap").read_bytes()
    cut = folder / "cut.mcap"
    cut.write_bytes(raw[: len(raw) // 3])
    result = CliRunner().invoke(replay, [str(cut)], standalone_mode=False)
    assert isinstance(result.exception, BadInput)
    assert "the record was cut off" in str(result.exception)
    assert "all verdicts bit-identical" in str(result.exception)
