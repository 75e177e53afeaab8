"""A single skill outside of any order: one at a time, refused when busy, ended when it is abandoned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shield.contract import OrderState, SkillGoal, SkillState, SkillStatus
from tests.controllers.meta.scripted import Rig

GO = SkillGoal(skill="navigate", target="packing")


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.queue.close()


def test_it_runs_to_its_end_and_touches_no_books(rig: Rig) -> None:
    assert rig.autonomy.execute(GO) == ""
    rig.run(10)
    assert rig.world.calls == ["navigate packing"]
    assert rig.statuses[-1].state is SkillState.SUCCEEDED
    assert rig.orders == []
    assert rig.tasks == []
    assert rig.autonomy.execute(GO) == ""


def test_an_order_waits_for_its_end(rig: Rig) -> None:
    assert rig.autonomy.execute(GO) == ""
    rig.submit()
    rig.run()
    assert rig.world.calls[:2] == ["navigate packing", "navigate slot_a2"]
    assert rig.orders[-1].state is OrderState.DONE


def test_it_is_refused_when_busy_or_unknown(rig: Rig) -> None:
    assert rig.autonomy.execute(SkillGoal(skill="fly", target="moon")).startswith("there is no skill 'fly'")
    assert rig.autonomy.execute(GO) == ""
    assert rig.autonomy.execute(GO) == "busy with navigate packing"
    rig.run(1)
    assert rig.autonomy.execute(GO) == "busy with navigate packing"
    rig.run(10)
    rig.submit()
    rig.run(1)
    assert rig.autonomy.execute(GO).startswith("busy with")


def test_a_skill_that_cannot_start_says_why(rig: Rig) -> None:
    assert rig.autonomy.execute(SkillGoal(skill="dock", target="packing")) == ""
    rig.run(2)
    assert (rig.statuses[-1].state, rig.statuses[-1].reason) == (SkillState.FAILED, "at floor ")


def test_it_is_abandoned_before_its_start_or_on_the_way(rig: Rig) -> None:
    assert rig.autonomy.abandon("never mind", 1) == []
    rig.autonomy.execute(GO)
    assert _ends(rig) == [SkillState.PREEMPTED]
    rig.autonomy.execute(GO)
    rig.run(1)
    assert _ends(rig) == [SkillState.PREEMPTED]
    rig.run(3)
    assert rig.world.calls == ["navigate packing", "stop navigate"]
    assert rig.proposals[-1].skill == "idle"


def test_a_skill_of_an_order_is_not_abandoned(rig: Rig) -> None:
    rig.submit()
    rig.run(1)
    assert _ends(rig) == []


def _ends(rig: Rig) -> list[SkillState]:
    said = rig.autonomy.abandon("never mind", 1)
    return [value.state for _, value in said if isinstance(value, SkillStatus)]
