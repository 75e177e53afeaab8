"""A record is complete in itself, survives being cut off, and says so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mcap.reader import make_reader
from mcap.writer import Writer

from gatehouse.cdr import Cdr
from shield import contract as c
from shield.blackbox import FLUSH_NS, Reading, Recorder
from shield.errors import BadInput
from shield.profile import load_profile
from shield.site import load_site

ROOT = Path(__file__).resolve().parents[2]
PROFILE = load_profile(ROOT / "launch" / "profiles" / "amr_panda.yaml")
SITE = load_site(ROOT / "launch" / "sites" / "warehouse.yaml")
CDR = Cdr(PROFILE)
BEATS = [c.Heartbeat(source="drive", stamp_ns=k * 20_000_000, sequence=k) for k in range(1, 51)]


def record(path: Path, *, closes: bool = True) -> Path:
    recorder = Recorder(path, PROFILE, SITE, CDR.schema, {"note": "a test"})
    for beat in BEATS:
        recorder.write("heartbeat", CDR.serialize("heartbeat", beat), beat.stamp_ns, beat.stamp_ns - 5)
    recorder.write("imu", CDR.serialize("imu", c.Imu(stamp_ns=1, yaw_rate_radps=0.0, accel_x_mps2=0.0,
                                                     accel_y_mps2=0.0)), BEATS[-1].stamp_ns)  # fmt: skip
    if not closes:
        recorder.flush(0)
        path = Path(shutil.copy(path, path.with_suffix(".copy")))
    recorder.close("test over")
    recorder.close()
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    reading = Reading(record(tmp_path / "a.mcap"))
    assert (reading.profile, reading.site, reading.notes["note"]) == (PROFILE, SITE, "a test")
    entries = list(reading.entries())
    beats = [CDR.deserialize(e.topic, e.data) for e in entries if e.topic == "heartbeat"]
    assert beats == BEATS
    assert entries[0].publish_ns == entries[0].log_ns - 5
    assert [e.sequence for e in entries if e.topic == "heartbeat"] == list(range(1, 51))
    assert entries[-1].schema == "sensor_msgs/msg/Imu"
    assert reading.is_complete
    assert reading.closing is not None
    assert json.loads(reading.closing["counts"]) == {"heartbeat": 50, "imu": 1}
    assert reading.definitions["gatehouse_msgs/msg/Heartbeat"] == CDR.schema("heartbeat")[1]


def test_other_readers_of_mcap_read_it(tmp_path: Path) -> None:
    with record(tmp_path / "a.mcap").open("rb") as stream:
        reader = make_reader(stream)
        assert reader.get_header().profile == "ros2"
        assert sum(1 for _ in reader.iter_messages(topics=["heartbeat"])) == 50
        schemas = {schema.name: schema.encoding for schema, _, _ in reader.iter_messages() if schema}
    assert schemas == {"gatehouse_msgs/msg/Heartbeat": "ros2msg", "sensor_msgs/msg/Imu": "ros2msg"}


def test_a_cut_record_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = record(tmp_path / "a.mcap").read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: whole.index(b"closing") - 200])
    reading = Reading(cut)
    assert 0 < len(list(reading.entries())) < 51
    assert not reading.is_complete
    assert "is not all there" in reading.damage


def test_a_record_that_nobody_closed_is_not_complete(tmp_path: Path) -> None:
    reading = Reading(record(tmp_path / "a.mcap", closes=False))
    assert len(list(reading.entries())) == 51
    assert not reading.is_complete


KILLED = """
import os, signal, sys
from tests.shield.test_blackbox import BEATS, CDR, PROFILE, SITE
from shield.blackbox import Recorder
recorder = Recorder(sys.argv[1], PROFILE, SITE, CDR.schema)
for beat in BEATS:
    recorder.write("heartbeat", CDR.serialize("heartbeat", beat), beat.stamp_ns)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_loses_a_blink(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False,
                           env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    read = [CDR.deserialize(e.topic, e.data) for e in Reading(path).entries()]
    assert read == BEATS[: len(read)]
    assert BEATS[-1].stamp_ns - BEATS[len(read) - 1].stamp_ns <= FLUSH_NS


def test_an_existing_record_is_never_overwritten(tmp_path: Path) -> None:
    path = record(tmp_path / "a.mcap")
    with pytest.raises(BadInput, match="a.mcap: the record cannot be written: File exists"):
        Recorder(path, PROFILE, SITE, CDR.schema)


@pytest.mark.parametrize(
    "raw", [b"", b"not a record at all, but long enough to be looked at", b"\x89MCAP0\r\n"]
)
def test_a_foreign_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "foreign.mcap"
    path.write_bytes(raw)
    with pytest.raises(BadInput, match=r"foreign.mcap: no record of Gatehouse"):
        Reading(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nowhere.mcap: the record cannot be read: No such file"):
        Reading(tmp_path / "nowhere.mcap")


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({}, "no record of Gatehouse"),
        ({"profile": "{", "site": "{}"}, "Expecting property name"),
        ({"profile": "{}", "site": "{}"}, "robot is missing"),
    ],
)
def test_an_mcap_file_of_somebody_else_is_refused(
    tmp_path: Path, notes: dict[str, str], message: str
) -> None:
    path = tmp_path / "other.mcap"
    with path.open("wb") as stream:
        writer = Writer(stream, use_chunking=False)
        writer.start()
        writer.add_metadata("gatehouse", notes)
        writer.finish()
    with pytest.raises(BadInput, match=message):
        Reading(path)


def test_a_changed_profile_is_noticed(tmp_path: Path) -> None:
    path = record(tmp_path / "a.mcap")
    raw = path.read_bytes()
    was = f'"speed_max_mps": {PROFILE.base.speed_max_mps}'.encode()
    now = was.replace(b"1", b"9", 1)
    assert was in raw
    assert was != now
    path.write_bytes(raw.replace(was, now, 1))
    with pytest.raises(BadInput, match=r"\(profile\): its digest is .*, the record names"):
        Reading(path)
