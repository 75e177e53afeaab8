"""The command line: fast help, one line and exit code 2 for mistakes, 130 when interrupted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import click
import pytest

from gatehouse import cli
from shield.errors import BadInput


def command_that(action: Callable[[], int | None]) -> click.Command:
    return click.Command("doctor", callback=action)


def raising(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


def calling(monkeypatch: pytest.MonkeyPatch, action: Callable[[], int | None]) -> int:
    monkeypatch.setattr(cli, "load", lambda name: command_that(action))
    return cli.call(["doctor"])


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["--help"]) == 0
    out = capsys.readouterr().out
    for name, (_, what) in cli.COMMANDS.items():
        assert f"  {name} " in out
        assert what in out


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys; from gatehouse import cli; codes = cli.call(['--help']), cli.call(['--version']); "
        "heavy = {'numpy', 'torch', 'mujoco', 'rclpy', 'matplotlib', 'z3', 'numba'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy or any(codes) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("gatehouse 0.")


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_of_the_table_loads_and_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call([name, "--help"]) == 0
    assert f"gatehouse {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [(["nonsense"], "nonsense"), (["doctor", "--nonsense"], "--nonsense"), (["doctor", "word"], "word")],
)
def test_usage_errors_take_one_line(words: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(words) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert named in err
    assert err.startswith("gatehouse: ")


def test_no_words_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_bad_input_takes_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calling(monkeypatch, raising(BadInput("a.yaml: speed is\n -1"))) == 2
    assert capsys.readouterr().err == "gatehouse: a.yaml: speed is -1\n"


def test_interruption_gives_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert calling(monkeypatch, raising(KeyboardInterrupt())) == 130


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_a_commands_result_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, result: int | None, code: int
) -> None:
    assert calling(monkeypatch, lambda: result) == code


def test_programming_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        calling(monkeypatch, raising(ZeroDivisionError()))


def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(cli.COMMANDS, "doctor", ("no_such_package.thing:command", ""))
    assert cli.call(["doctor"]) == 2
    assert "'no_such_package'" in capsys.readouterr().err


def test_an_attribute_that_is_no_command_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.COMMANDS, "doctor", ("shield.errors:BadInput", ""))
    with pytest.raises(TypeError, match="no command"):
        cli.load("doctor")
