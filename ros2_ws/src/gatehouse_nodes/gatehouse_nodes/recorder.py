"""The recorder process: every message on every topic, as the bytes that came, into one MCAP file."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from pathlib import Path

from gatehouse.cdr import Cdr
from gatehouse_nodes import process
from gatehouse_nodes.qos import profile_of
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.shell import Node, message_class
from shield.blackbox import FLUSH_NS, Recorder
from shield.topics import TOPICS

TEXTS = {"record": "record.mcap"}


class RecorderNode(Node):
    """Writes from configuration on, so that nothing of the start is missing, until the process ends."""

    def __init__(self) -> None:
        super().__init__("recorder", TEXTS)
        self._recorder: Recorder | None = None

    def configure(self, setting: Setting) -> None:
        notes = {"gatehouse": version("gatehouse"), "namespace": self.get_namespace()}
        self._recorder = Recorder(
            Path(self.text("record")), setting.profile, setting.site, Cdr().schema, notes
        )
        for topic in TOPICS:
            qos = profile_of(topic, setting.profile.timing, is_reader=True, keeps_all=True)
            self.create_subscription(message_class(topic), topic, partial(self._write, topic), qos, raw=True)
        self.create_timer(FLUSH_NS * 1e-9, self._flush)

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close()

    def _write(self, topic: str, data: bytes) -> None:
        if self._recorder is not None:
            self._recorder.write(topic, data, self.now_ns())

    def _flush(self) -> None:
        if self._recorder is not None:
            self._recorder.flush(self.now_ns())


def main() -> None:
    """Entry point of the executable."""
    process.main(RecorderNode, process.Priority())


if __name__ == "__main__":
    main()
