"""Launch files come to processes, and what they ask wrongly is told with its place in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse.launch_file import ProcessSpec, read_launch
from shield.errors import BadInput

LAUNCH = Path(__file__).resolve().parents[2] / "launch"


def write(folder: Path, text: str, name: str = "a.launch.yaml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


NODE = "  - node: {pkg: p, exec: e}\n"


def names(processes: tuple[ProcessSpec, ...]) -> list[str]:
    return [f"{process.namespace}/{process.name}" for process in processes]


def test_the_robot_s_stack() -> None:
    plan = read_launch(LAUNCH / "warehouse_robot.launch.yaml", {})
    assert names(plan.processes) == [
        f"/amr_panda/{name}" for name in ("recorder", "supervisor", "drive", "safety", "autonomy")
    ]
    assert plan.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert all(process.package == "gatehouse_nodes" for process in plan.processes)
    assert all(process.parameters["autostart"] is True for process in plan.processes)
    assert Path(str(plan.processes[0].parameters["profile"])).is_file()


def test_the_simulation_is_the_same_stack_and_the_simulator() -> None:
    robot = read_launch(LAUNCH / "warehouse_robot.launch.yaml", {"robot": "r1"})
    sim = read_launch(LAUNCH / "warehouse_sim.launch.yaml", {"robot": "r1", "scenario": "short"})
    assert sim.processes[:-1] == robot.processes
    assert names(sim.processes)[-1] == "/r1/sim"
    assert sim.processes[-1].parameters["scenario"] == "short"


def test_arguments_variables_and_conditions(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
launch:
  - arg: {name: who, default: ann}
  - arg: {name: which}
  - let: {name: greeting, value: hello $(var who)}
  - set_env: {name: MOOD, value: good}
  - node: {pkg: p, exec: e, name: "$(var which)", args: "-v $(var greeting)", if: "$(env UNSET_HERE false)"}
  - node:
      pkg: p
      exec: e
      name: second
      unless: "0"
      namespace: deep
      param: [{name: words, value: $(var greeting)}, {name: number, value: "3"}, {name: is_on, value: true}]
      env: [{name: MORE, value: "1"}]
      remap: [{from: a, to: b}]
""",
    )
    plan = read_launch(file, {"which": "x"})
    assert plan.arguments == {"who": "ann", "which": "x"}
    (process,) = plan.processes
    assert process.parameters == {"words": "hello ann", "number": 3, "is_on": True}
    assert process.environment == {"MOOD": "good", "MORE": "1"}
    assert process.remappings == (("a", "b"),)
    assert process.namespace == "/deep"


def test_a_group_keeps_its_namespace_and_variables_to_itself(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
launch:
  - group:
      - push_ros_namespace: {namespace: hall}
      - group:
          - push_ros_namespace: {namespace: r1}
          - node: {pkg: p, exec: e, name: a}
      - node: {pkg: p, exec: e, name: b}
  - node: {pkg: p, exec: e, name: c}
""",
    )
    assert names(read_launch(file, {}).processes) == ["/hall/r1/a", "/hall/b", "//c"]


def test_an_include_sees_what_was_set_and_may_be_given_more(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
launch:
  - arg: {name: who, default: nobody}
  - arg: {name: what, default: nothing}
  - node: {pkg: p, exec: e, name: "$(var who)_$(var what)"}
""",
        "inner.launch.yaml",
    )
    file = write(
        tmp_path,
        """
launch:
  - arg: {name: who, default: ann}
  - include: {file: $(dirname)/inner.launch.yaml, arg: [{name: what, value: sings}]}
""",
    )
    assert names(read_launch(file, {}).processes) == ["//ann_sings"]
    assert names(read_launch(file, {"who": "bob"}).processes) == ["//bob_sings"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("launch: [", "cannot be read as a launch file"),
        ("nodes: []", "a document with the single key 'launch' is expected"),
        ("launch: {}", "launch: {} is no list of elements"),
        ("launch: [node]", r"launch\[0\]: 'node' is no element: one key is expected"),
        (
            "launch:\n  - composable_node_container: {}",
            r"launch\[0\]: 'composable_node_container' is not known here",
        ),
        ("launch:\n  - node: {pkg: p}", r"launch\[0\].node: 'exec' is missing"),
        (
            "launch:\n  - node: {pkg: p, exec: e, respawn: true}",
            r"launch\[0\].node: 'respawn' is not known here",
        ),
        ("launch:\n  - node: {pkg: p, exec: $(var x)}", r"launch\[0\].node.*\$\(var x\) is not declared"),
        ("launch:\n  - node: {pkg: p, exec: $(eval 1)}", r"\$\(eval 1\) is not known here"),
        ("launch:\n  - node: {pkg: p, exec: e, if: maybe}", "if is 'maybe', true or false is expected"),
        ("launch:\n  - arg: {name: x}\n" + NODE, "the argument 'x' has no default: give x:=..."),
        ("launch:\n  - arg: {name: x, default: a, choice: [{value: b}]}\n" + NODE, "x is 'a'; allowed are b"),
        ("launch:\n  - arg: 7\n" + NODE, r"launch\[0\].arg: 7 is no mapping"),
        ("launch:\n  - let: {name: x, value: [1]}\n" + NODE, r"\[1\] is no text"),
        (
            "launch:\n  - node: {pkg: p, exec: e, param: [{name: x, value: {}}]}",
            "x is {}, a text or a number",
        ),
        ("launch: []", "it starts no node"),
        ("launch:\n" + NODE + NODE, "two nodes are called //e"),
        ("launch:\n  - include: {file: $(dirname)/a.launch.yaml}", "more than 20 files include one another"),
        (
            "launch:\n  - include: {file: nowhere.yaml}",
            "nowhere.yaml: cannot be read as a launch file: .*No such file",
        ),
        (
            "launch:\n  - node: {pkg: p, exec: $(find-pkg-share nothing)}",
            "package 'nothing' has no share folder",
        ),
    ],
)
def test_mistakes_are_told_with_file_and_place(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(BadInput, match=message) as error:
        read_launch(file, {})
    assert str(error.value).startswith(str(tmp_path)) or "nowhere" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_argument_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "launch:\n  - arg: {name: x, default: a}\n" + NODE)
    with pytest.raises(BadInput, match="it has no argument 'y'; known are x"):
        read_launch(file, {"y": "1"})
