"""The autonomy core with scripted skills: one proposal a snapshot, orders through thick and thin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.meta.executive import ATTEMPTS_N, STARTS_N
from controllers.meta.orders import ON_ROBOT
from shield.contract import HOLD, Heartbeat, OrderState, SafetyMode, SkillState
from tests.controllers.meta.scripted import PROFILE, Rig, World

WHOLE = [
    "navigate slot_a2", "dock slot_a2", "pick slot_a2", "undock slot_a2",
    "navigate packing", "dock packing", "place packing", "undock packing",
]  # fmt: skip


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.queue.close()


def test_idle_it_proposes_to_hold(rig: Rig) -> None:
    rig.run(3)
    assert [p.command for p in rig.proposals] == [HOLD] * 3
    assert [p.sequence for p in rig.proposals] == [1, 2, 3]
    assert {p.skill for p in rig.proposals} == {"idle"}
    assert [p.snapshot_sequence for p in rig.proposals] == [1, 2, 3]


def test_heartbeat_on_every_tick(rig: Rig) -> None:
    assert rig.autonomy.tick(5) == [("heartbeat", Heartbeat(source="autonomy", stamp_ns=5, sequence=1))]
    assert rig.autonomy.tick(6) == [("heartbeat", Heartbeat(source="autonomy", stamp_ns=6, sequence=2))]


def test_an_order_is_done_by_its_eight_tasks(rig: Rig) -> None:
    assert rig.submit().state is OrderState.QUEUED
    rig.run()
    assert rig.world.calls == WHOLE
    assert [order.state for order in rig.orders] == [OrderState.ACTIVE, OrderState.DONE]
    assert rig.queue.place_of("crate_17") == "packing"
    planned = [task.task for task in rig.tasks if task.state is OrderState.QUEUED]
    done = [task.task for task in rig.tasks if task.state is OrderState.DONE]
    assert planned == done == [f"o1/{k}" for k in range(1, 9)]
    assert {p.skill for p in rig.proposals} >= {"navigate", "pick", "idle"}
    assert {p.version for p in rig.proposals if p.skill != "idle"} == {"1.2.3"}


def test_two_orders_one_after_the_other(rig: Rig) -> None:
    rig.submit("o1", "crate_17", "packing")
    rig.submit("o2", "crate_18", "shipping")
    rig.run(300)
    assert [(order.order, order.state) for order in rig.orders if order.state is OrderState.DONE] == [
        ("o1", OrderState.DONE),
        ("o2", OrderState.DONE),
    ]


@pytest.mark.parametrize(
    ("item", "station", "reason"),
    [
        (
            "crate_99",
            "packing",
            "'crate_99' is no item of site warehouse; known are crate_17, crate_18, crate_19",
        ),
        ("crate_17", "mars", "'mars' is no station of site warehouse; known are packing, shipping"),
        ("crate_17", "slot_a1", "'slot_a1' is a slot; the stations of site warehouse are packing, shipping"),
    ],
)
def test_an_impossible_order_fails_at_once_naming_what_is_known(
    rig: Rig, item: str, station: str, reason: str
) -> None:
    answer = rig.submit(item=item, station=station)
    assert answer.state is OrderState.FAILED
    assert answer.reason == reason
    rig.run(5)
    assert rig.world.calls == []
    assert rig.queue.orders() == ()


def test_an_order_without_identifier_or_with_a_taken_one_fails(rig: Rig) -> None:
    assert "identifier" in rig.submit(name=" ").reason
    rig.submit("o1")
    assert "other content" in rig.submit("o1", "crate_18").reason


def test_submitting_twice_does_it_once(rig: Rig) -> None:
    rig.submit()
    rig.run(100)
    assert rig.submit().state is OrderState.DONE
    rig.run(100)
    assert rig.world.calls == WHOLE


@pytest.mark.parametrize("skill", ["navigate", "dock", "undock", "pick", "place"])
def test_one_failure_is_tried_again(rig: Rig, skill: str) -> None:
    rig.world.failures[skill] = ["bad luck"]
    rig.submit()
    rig.run()
    assert rig.orders[-1].state is OrderState.DONE
    first = next(name for name in WHOLE if name.startswith(f"{skill} "))
    assert rig.world.calls.count(first) == 2
    failed = [task for task in rig.tasks if task.state is OrderState.FAILED]
    assert [(task.skill, task.reason) for task in failed] == [(skill, "bad luck")]


def test_a_second_failed_pick_backs_off_and_docks_again(rig: Rig) -> None:
    rig.world.failures["pick"] = ["empty", "empty"]
    rig.submit()
    rig.run()
    assert rig.world.calls[:7] == [
        "navigate slot_a2", "dock slot_a2", "pick slot_a2", "pick slot_a2", "undock slot_a2", "dock slot_a2",
        "pick slot_a2",
    ]  # fmt: skip
    assert rig.orders[-1].state is OrderState.DONE


@pytest.mark.parametrize("skill", ["navigate", "dock", "pick"])
def test_a_skill_that_keeps_failing_fails_the_order_with_its_reason(rig: Rig, skill: str) -> None:
    rig.world.failures[skill] = ["the floor is lava"] * 50
    rig.submit()
    rig.run()
    last = rig.orders[-1]
    assert last.state is OrderState.FAILED
    assert last.reason == f"{skill} at slot_a2 failed {ATTEMPTS_N} times: the floor is lava"
    assert rig.queue.place_of("crate_17") == "slot_a2"
    assert rig.proposals[-1].command == HOLD


def test_after_a_failed_order_the_next_one_starts_from_where_the_robot_stands(rig: Rig) -> None:
    rig.world.failures["pick"] = ["empty"] * ATTEMPTS_N
    rig.submit("o1", "crate_17")
    rig.submit("o2", "crate_18")
    rig.run(300)
    calls = rig.world.calls
    assert calls[calls.index("navigate slot_b2") - 1] == "undock slot_a2"
    assert rig.orders[-1].state is OrderState.DONE


def test_a_plan_that_goes_in_circles_ends(rig: Rig) -> None:
    dock = rig.autonomy._skills["dock"]
    dock._done = lambda target: None  # type: ignore[attr-defined] # succeeds and never arrives
    rig.submit()
    rig.run()
    assert rig.orders[-1].state is OrderState.FAILED
    assert f"started {STARTS_N} times" in rig.orders[-1].reason


@pytest.mark.parametrize("mode", [SafetyMode.MRM_COMFORT, SafetyMode.MRM_EMERGENCY, SafetyMode.SAFE_STOP])
@pytest.mark.parametrize("after", range(1, 28, 3))
def test_a_latched_stop_preempts_and_after_the_reset_the_order_is_carried_on(
    rig: Rig, mode: SafetyMode, after: int
) -> None:
    rig.submit()
    rig.run(after)
    before = list(rig.world.calls)
    rig.set_mode(mode, "lidar lost")
    rig.run(20)
    assert all(p.command == HOLD and p.skill == "idle" for p in rig.proposals[-20:])
    assert [call for call in rig.world.calls[len(before) :] if not call.startswith("stop")] == []
    rig.set_mode(SafetyMode.RESET_PENDING)
    rig.run(5)
    rig.set_mode(SafetyMode.NOMINAL)
    rig.run()
    assert rig.orders[-1].state is OrderState.DONE
    assert rig.world.calls.count("pick slot_a2") - sum(call == "stop pick" for call in rig.world.calls) == 1
    preempted = [status for status in rig.statuses if status.state is SkillState.PREEMPTED]
    assert all(status.reason == f"{mode.name}: lidar lost" for status in preempted)


def test_degraded_goes_on_and_a_stop_that_is_not_latched_resumes_the_running_skill(rig: Rig) -> None:
    rig.submit()
    rig.run(2)
    rig.set_mode(SafetyMode.DEGRADED, "warning field")
    rig.step()
    assert rig.proposals[-1].skill == "navigate"
    rig.set_mode(SafetyMode.INIT)
    rig.run(10)
    assert rig.proposals[-1].command == HOLD
    rig.set_mode(SafetyMode.NOMINAL)
    rig.run()
    assert rig.world.calls == WHOLE


def test_an_arm_that_was_stopped_half_way_is_stowed_first(rig: Rig) -> None:
    rig.world.at, rig.world.stowed = ("dock", "slot_a2"), False
    rig.submit()
    rig.run()
    assert rig.world.calls == ["stow slot_a2", *WHOLE[2:]]
    assert rig.tasks[-1].state is OrderState.DONE


def test_a_grasp_that_was_stopped_half_way_is_brought_on(rig: Rig) -> None:
    rig.submit()
    while rig.world.calls[-1:] != ["pick slot_a2"]:
        rig.step()
    rig.world.carrying, rig.world.stowed = True, False
    rig.set_mode(SafetyMode.SAFE_STOP, "emergency stop")
    rig.run(5)
    rig.set_mode(SafetyMode.NOMINAL)
    rig.run()
    assert rig.world.calls[3:6] == ["stop pick", "stow packing", "undock slot_a2"]
    assert rig.orders[-1].state is OrderState.DONE


def test_a_lost_load_stops_the_skill_and_fails_the_order(rig: Rig) -> None:
    rig.submit()
    while rig.world.calls[-1:] != ["navigate packing"]:
        rig.step()
    rig.world.carrying = False
    rig.autonomy._skills["navigate"].left = 1000  # type: ignore[attr-defined] # a long way
    rig.run(60)
    assert rig.orders[-1].state is OrderState.FAILED
    assert rig.orders[-1].reason == "crate_17 was lost near (1.0, 2.0) m: the gripper feels no load"
    assert "stop navigate" in rig.world.calls


def test_an_occupied_station_is_no_place_for_a_second_crate(rig: Rig) -> None:
    rig.submit("o1", "crate_17")
    rig.submit("o2", "crate_18")
    rig.run(300)
    assert rig.orders[-1].state is OrderState.FAILED
    assert rig.orders[-1].reason == "packing is occupied by crate_17"


def test_a_robot_that_still_carries_something_says_so(rig: Rig) -> None:
    rig.world.failures["place"] = ["no"] * ATTEMPTS_N
    rig.submit("o1", "crate_17")
    rig.submit("o2", "crate_18")
    rig.run(300)
    assert [order.reason for order in rig.orders if order.state is OrderState.FAILED] == [
        f"place at packing failed {ATTEMPTS_N} times: no",
        "the robot still carries crate_17",
    ]
    rig.submit("o3", "crate_17", "shipping")
    rig.run()
    assert rig.orders[-1].state is OrderState.DONE
    assert rig.queue.place_of("crate_17") == "shipping"


def test_an_item_that_is_there_already_is_done_without_moving(rig: Rig) -> None:
    rig.submit("o1")
    rig.run()
    calls = len(rig.world.calls)
    rig.submit("o2")
    rig.run()
    assert rig.orders[-1].state is OrderState.DONE
    assert len(rig.world.calls) <= calls + 1


@given(after=st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_a_restart_at_any_moment_carries_the_order_on(
    tmp_path_factory: pytest.TempPathFactory, after: int
) -> None:
    path: Path = tmp_path_factory.mktemp("queue") / "orders.sqlite"
    world = World()
    first = Rig(path, world)
    first.submit()
    first.run(after)
    first.queue.close()
    second = Rig(path, world)
    second.run()
    assert second.queue.order("o1").state is OrderState.DONE
    assert second.queue.place_of("crate_17") == "packing"
    assert second.queue.items_at(ON_ROBOT) == ()
    second.queue.close()


def test_a_kill_between_the_grasp_and_its_entry_in_the_books(tmp_path: Path) -> None:
    world = World()
    first = Rig(tmp_path / "q.sqlite", world)
    first.submit()
    while first.world.calls[-1:] != ["pick slot_a2"]:
        first.step()
    first.queue.close()
    world.carrying = True
    second = Rig(tmp_path / "q.sqlite", world)
    second.run()
    assert second.queue.order("o1").state is OrderState.DONE
    assert "pick slot_a2" not in world.calls[3:]
    second.queue.close()


def test_a_missing_skill_is_a_reason(rig: Rig) -> None:
    del rig.autonomy._skills["navigate"]  # type: ignore[attr-defined] # a plain dict here
    rig.submit()
    rig.run()
    assert rig.orders[-1].state is OrderState.FAILED
    assert "there is no skill 'navigate'; known are dock, pick" in rig.orders[-1].reason


@given(modes=st.lists(st.sampled_from(list(SafetyMode)), min_size=1, max_size=60), seed=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_whatever_the_modes_one_proposal_a_snapshot_and_hold_when_it_may_not_drive(
    modes: list[SafetyMode], seed: int
) -> None:
    rig = Rig()
    rig.submit()
    for mode in modes:
        rig.set_mode(mode, "because")
        for _ in range(seed):
            rig.step()
            if not mode.may_drive:
                assert rig.proposals[-1].command == HOLD
    rig.set_mode(SafetyMode.NOMINAL)
    rig.run(300)
    assert rig.orders[-1].state in (OrderState.DONE, OrderState.FAILED)
    rig.queue.close()


def test_letting_go_in_a_place_is_no_loss(rig: Rig) -> None:
    rig.submit()
    while rig.world.calls[-1:] != ["place packing"]:
        rig.step()
    rig.autonomy._skills["place"].left = 100  # type: ignore[attr-defined] # two seconds
    rig.world.carrying = False
    rig.run(110)
    assert rig.queue.place_of("crate_17") == "packing"
    rig.run()
    assert rig.orders[-1].state is OrderState.DONE


def test_lost_counts_time_not_single_readings(rig: Rig) -> None:
    rig.submit()
    while rig.world.calls[-1:] != ["navigate packing"]:
        rig.step()
    rig.autonomy._skills["navigate"].left = 1000  # type: ignore[attr-defined] # a long way
    for _ in range(5):
        rig.world.carrying = False
        rig.run(int(0.4 / PROFILE.timing.period_s))
        rig.world.carrying = True
        rig.step()
    assert rig.orders[-1].state is OrderState.ACTIVE
