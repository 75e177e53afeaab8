"""The black box: an MCAP file that is complete in itself and survives the death of its writer.

It holds the serialised messages as they came, with the texts of their ROS 2 definitions, and as metadata
everything that a replay needs besides: profile, site and their digests. Records are written one by one, in no
chunks, and handed to the operating system every `FLUSH_NS`, so that a killed process loses a blink at most. A
record that was closed in order ends with the metadata `closing`; one without it was cut off.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, TypeVar

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Message, Metadata, Schema
from mcap.well_known import MessageEncoding, SchemaEncoding
from mcap.writer import MCAP0_MAGIC, CompressionType, Writer

from shield.errors import BadInput
from shield.profile import RobotProfile, build
from shield.site import Site

LIBRARY = "gatehouse"
ROS_PROFILE = "ros2"
FLUSH_NS = 100_000_000
RECORD_MAX_N = 1 << 28  # bytes; a longer record is damage
_BUFFER_N = 1 << 18
_HEAD = struct.Struct("<BQ")  # of every record: opcode and length
_MESSAGE = struct.Struct("<HIQQ")  # of a message: channel, sequence, time of receipt, time of sending

T = TypeVar("T", RobotProfile, Site)
SchemaOf = Callable[[str], tuple[str, str]]  # topic -> name and text of its ROS 2 definition


class Recorder:
    """Writes one record.

    Args:
        path: of the file; it must not exist.
        profile: of the robot.
        site: where it works.
        schema_of: gives name and definition of a topic's messages.
        notes: further texts that go into the metadata, such as versions.

    Raises:
        BadInput: the file exists or cannot be made.
    """

    def __init__(self, path: str | Path, profile: RobotProfile, site: Site, schema_of: SchemaOf,
                 notes: dict[str, str] | None = None) -> None:  # fmt: skip
        try:
            self._file = Path(path).open("xb", buffering=_BUFFER_N)  # noqa: SIM115 # closed in close()
        except OSError as error:
            raise BadInput(f"{path}: the record cannot be written: {error.strerror}") from None
        self._schema_of = schema_of
        self._writer = Writer(self._file, compression=CompressionType.NONE, use_chunking=False)
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self._flushed_ns = 0
        self._writer.start(profile=ROS_PROFILE, library=LIBRARY)
        self._writer.add_metadata("gatehouse", {
            "profile": json.dumps(dataclasses.asdict(profile)), "profile_digest": profile.digest,
            "site": json.dumps(dataclasses.asdict(site)), "site_digest": site.digest, **(notes or {})})  # fmt: skip
        self._file.flush()

    def write(self, topic: str, data: bytes, log_ns: int, publish_ns: int | None = None) -> None:
        """Add a message that was received at `log_ns` and, where that is known, sent at `publish_ns`."""
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._add_channel(topic)
        self.counts[topic] += 1
        self._writer.add_message(channel, log_time=log_ns, data=data, sequence=self.counts[topic],
                                 publish_time=log_ns if publish_ns is None else publish_ns)  # fmt: skip
        if not 0 <= log_ns - self._flushed_ns < FLUSH_NS:
            self.flush(log_ns)

    def flush(self, now_ns: int) -> None:
        """Hand what is buffered to the operating system."""
        self._file.flush()
        self._flushed_ns = now_ns

    def close(self, reason: str = "closed") -> None:
        """End the record in order; nothing can be written after it."""
        if self._file.closed:
            return
        self._writer.add_metadata("closing", {"reason": reason, "messages": str(self.counts.total()),
                                              "counts": json.dumps(self.counts)})  # fmt: skip
        self._writer.finish()
        self._file.close()

    def _add_channel(self, topic: str) -> int:
        name, text = self._schema_of(topic)
        if name not in self._schemas:
            self._schemas[name] = self._writer.register_schema(name, SchemaEncoding.ROS2, text.encode())
        self._channels[topic] = self._writer.register_channel(topic, MessageEncoding.CDR, self._schemas[name])
        return self._channels[topic]


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of a record."""

    topic: str
    schema: str
    data: bytes
    log_ns: int
    publish_ns: int
    sequence: int  # of its topic, from 1 on


class Reading:
    """Reads a record in the order it was written in, as far as it goes.

    Args:
        path: of the file.

    Raises:
        BadInput: there is no such file, or it is no record of this project.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.closing: dict[str, str] | None = None
        self.damage = ""
        self.definitions: dict[str, str] = {}
        notes = next(
            (r.metadata for r in self._records() if isinstance(r, Metadata) and r.name == LIBRARY), None
        )
        if notes is None or not {"profile", "site"} <= set(notes):
            raise BadInput(f"{path}: no record of Gatehouse{': ' + self.damage if self.damage else ''}")
        self.notes = notes
        self.profile = _rebuilt(
            RobotProfile, notes["profile"], notes.get("profile_digest", ""), f"{path} (profile)"
        )
        self.site = _rebuilt(Site, notes["site"], notes.get("site_digest", ""), f"{path} (site)")

    @property
    def is_complete(self) -> bool:
        """Whether the record was closed in order; known once all entries are read."""
        return self.closing is not None

    def entries(self) -> Iterator[Entry]:
        """The messages; a record that was cut off ends early, and `damage` says how."""
        schemas: dict[int, Schema] = {}
        channels: dict[int, Channel] = {}
        for record in self._records():
            if isinstance(record, Schema):
                schemas[record.id] = record
                self.definitions[record.name] = record.data.decode(errors="replace")
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Metadata) and record.name == "closing":
                self.closing = record.metadata
            elif isinstance(record, Message) and record.channel_id in channels:
                channel = channels[record.channel_id]
                schema = schemas.get(channel.schema_id)
                yield Entry(channel.topic, schema.name if schema else "", record.data, record.log_time,
                            record.publish_time, record.sequence)  # fmt: skip

    def _records(self) -> Iterator[object]:
        try:
            with self.path.open("rb") as stream:
                if stream.read(len(MCAP0_MAGIC)) != MCAP0_MAGIC:
                    self.damage = "it does not begin like an MCAP file"
                    return
                while True:
                    opcode, body = _next(stream)
                    if opcode == Opcode.FOOTER:
                        return
                    if opcode in _PARSERS:
                        yield _PARSERS[opcode](body)
        except OSError as error:
            raise BadInput(f"{self.path}: the record cannot be read: {error.strerror}") from None
        except _DAMAGE as error:
            self.damage = " ".join(str(error).split())


def _next(stream: IO[bytes]) -> tuple[int, bytes]:
    """Opcode and content of the next record, which must be there in full."""
    at = stream.tell()
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError(f"it ends at byte {at} without a footer")
    opcode, length = _HEAD.unpack(head)
    if opcode == Opcode.CHUNK or length > RECORD_MAX_N:
        raise ValueError(f"at byte {at} there is a record that this recorder does not write")
    body = stream.read(length)
    if len(body) < length:
        raise EOFError(f"its last record, at byte {at}, is not all there")
    return opcode, body


def _message(body: bytes) -> Message:
    channel, sequence, log_ns, publish_ns = _MESSAGE.unpack_from(body)
    return Message(channel_id=channel, log_time=log_ns, data=body[_MESSAGE.size :], publish_time=publish_ns,
                   sequence=sequence)  # fmt: skip


_PARSERS: dict[int, Callable[[bytes], object]] = {
    Opcode.SCHEMA: lambda body: Schema.read(ReadDataStream(BytesIO(body))),
    Opcode.CHANNEL: lambda body: Channel.read(ReadDataStream(BytesIO(body))),
    Opcode.METADATA: lambda body: Metadata.read(ReadDataStream(BytesIO(body))),
    Opcode.MESSAGE: _message,
}
_DAMAGE = (McapError, ValueError, EOFError, KeyError, struct.error)


def _rebuilt(cls: type[T], text: str, digest: str, where: str) -> T:
    try:
        value = build(cls, json.loads(text), where, "")
    except json.JSONDecodeError as error:
        raise BadInput(f"{where}: {error}") from None
    if value.digest != digest:
        raise BadInput(
            f"{where}: its digest is {value.digest[:12]}, the record names {digest[:12] or 'none'}"
        )
    return value
