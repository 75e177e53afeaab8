"""Set-up: what the machine must bring, steps done once, and the lock file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatehouse import environment as env


def headers(folder: Path) -> Path:
    (folder / "Python.h").touch()
    return folder


def test_a_complete_machine_passes(tmp_path: Path) -> None:
    for version in env.PYTHONS:
        env.check_machine(version=version, find_program=str, find_module=str, headers=headers(tmp_path))


@pytest.mark.parametrize("version", [(3, 10), (3, 13), (2, 7), (4, 11)])
def test_other_pythons_are_refused(version: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(env.Missing, match=f"is {version[0]}.{version[1]}"):
        env.check_machine(version=version, find_program=str, find_module=str, headers=headers(tmp_path))


def test_each_missing_part_is_named_with_its_package(tmp_path: Path) -> None:
    version = (3, 11)
    with pytest.raises(env.Missing, match="apt-get install python3.11-venv"):
        env.check_machine(
            version=version, find_program=str, find_module=lambda name: None, headers=headers(tmp_path)
        )
    with pytest.raises(env.Missing, match="apt-get install g\\+\\+"):
        env.check_machine(
            version=version, find_program=lambda name: None, find_module=str, headers=headers(tmp_path)
        )
    with pytest.raises(env.Missing, match="apt-get install python3.11-dev"):
        env.check_machine(version=version, find_program=str, find_module=str, headers=tmp_path / "none")


def test_a_step_is_done_once_for_each_key(tmp_path: Path) -> None:
    stamp, done = tmp_path / "stamps" / "step", []
    for key in ("a", "a", "b", "b", "a"):
        env.do_once(stamp, key, lambda key=key: done.append(key))  # type: ignore[misc] # a default binds the loop's value
    assert done == ["a", "b", "a"]


@pytest.mark.parametrize("error", [env.Missing("pip failed"), KeyboardInterrupt()])
def test_an_aborted_step_leaves_no_stamp(tmp_path: Path, error: BaseException) -> None:
    stamp = tmp_path / "step"
    stamp.write_text("older")

    def action() -> None:
        raise error

    with pytest.raises(type(error)):
        env.do_once(stamp, "newer", action)
    assert not stamp.exists()


def test_the_key_depends_on_names_contents_and_words(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("1")
    b.write_text("2")
    keys = [env.digest([a, b]), env.digest([a]), env.digest([a, b], "3.11"), env.digest([a, b], "3.12")]
    a.write_text("2")
    b.write_text("1")
    keys.append(env.digest([a, b]))
    assert len(set(keys)) == len(keys)
    assert env.digest([b, a]) == env.digest([a, b])


def test_only_one_set_up_runs_at_a_time(tmp_path: Path) -> None:
    code = (
        "import fcntl, os, sys\n"
        "try: fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError: sys.exit(3)\n"
    )
    words = [sys.executable, "-I", "-S", "-c", code, str(tmp_path)]
    with env.alone(tmp_path):
        assert subprocess.run(words, check=False).returncode == 3
    assert subprocess.run(words, check=False).returncode == 0


def venv(folder: Path, version: str = "3.11.7", made_at: Path | None = None) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "bin" / "pip").touch()
    command = f"/usr/bin/python3 -m venv {made_at or folder}"
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\ncommand = {command}\n")
    return folder


def test_a_complete_environment_is_kept(tmp_path: Path) -> None:
    assert env.python_of(venv(tmp_path / "a")) == "3.11"
    assert env.python_of(venv(tmp_path / "b", "3.12.1")) == "3.12"


def test_an_unusable_environment_is_made_again(tmp_path: Path) -> None:
    assert env.python_of(tmp_path / "none") == ""
    assert env.python_of(venv(tmp_path / "old", "3.9.2")) == ""
    assert env.python_of(venv(tmp_path / "moved", made_at=tmp_path / "before")) == ""
    aborted = venv(tmp_path / "aborted")
    (aborted / "bin" / "pip").unlink()
    assert env.python_of(aborted) == ""
    dangling = venv(tmp_path / "dangling")
    (dangling / "bin" / "python").unlink()
    (dangling / "bin" / "python").symlink_to(tmp_path / "gone")
    assert env.python_of(dangling) == ""


def test_the_lock_file_has_pins_with_markers_and_without_local_versions() -> None:
    wanted = ["# packages", "numpy", 'PyBullet; python_version < "3.12"  # no wheels', "torch==2.13.0"]
    text = env.lock_text("torch 2.13.0+cpu\nnumpy 2.4.6\npybullet 3.2.7\nAttrs 26.1.0\n", wanted)
    assert text.splitlines()[1:] == [
        "Attrs==26.1.0",
        "numpy==2.4.6",
        'pybullet==3.2.7; python_version < "3.12"',
        "torch==2.13.0",
    ]


def test_every_wanted_package_is_pinned() -> None:
    pinned = {line.partition("==")[0].lower() for line in env.LOCK.read_text().splitlines()}
    for file in env.WANTED:
        for line in file.read_text().splitlines():
            name = (
                line.partition("#")[0]
                .partition(";")[0]
                .partition("==")[0]
                .partition("<")[0]
                .partition("[")[0]
            )
            assert not name.strip() or name.strip().lower() in pinned, f"{name} of {file.name}: make lock"


def test_what_is_missing_takes_one_line_and_gives_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def set_up() -> None:
        raise env.Missing("a C++ compiler is needed")

    monkeypatch.setattr(env, "set_up", set_up)
    assert env.main([]) == 2
    assert capsys.readouterr().err == "gatehouse: a C++ compiler is needed\n"


def test_an_interrupted_set_up_gives_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_up() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(env, "set_up", set_up)
    assert env.main([]) == 130


def test_a_failing_program_is_told_with_its_output(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(env.Missing, match="it failed"):
        env.run(sys.executable, "-c", "print('why'); raise SystemExit(1)", failure="it failed")
    assert "why" in capsys.readouterr().err
