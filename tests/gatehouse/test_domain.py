"""Every run has a ROS 2 domain of its own, and other processes find it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gatehouse import domain as d
from shield.errors import BadInput

RUN = d.RunningRun(
    domain=1, namespace="/r1", profile="p.yaml", discovery="LOCALHOST", folder="runs/a", file="a.yaml", pid=1
)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(d, "ports_in_use", set)


def test_two_claims_never_share_a_domain() -> None:
    claims = [d.claim(None) for _ in range(d.LAST)]
    assert {claim.domain for claim in claims} == set(range(d.FIRST, d.LAST + 1))
    with pytest.raises(BadInput, match="all ROS 2 domains from 1 to 100 are in use"):
        d.claim(None)
    for claim in claims:
        claim.close()
    d.claim(7).close()


def test_a_domain_of_another_run_is_in_use() -> None:
    claim = d.claim(7)
    with pytest.raises(BadInput, match="domain 7 is in use by another run"):
        d.claim(7)
    claim.close()
    claim.close()


def test_a_domain_in_which_a_port_is_open_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(d, "ports_in_use", lambda: {7400 + 250 * 7 + 10})
    with pytest.raises(BadInput, match="domain 7 is in use: UDP port 9160 is open"):
        d.claim(7)
    d.claim(7, joins=True).close()
    claims = [d.claim(None) for _ in range(d.LAST - 1)]
    assert 7 not in {claim.domain for claim in claims}
    for claim in claims:
        claim.close()


@pytest.mark.parametrize("domain", [-1, 101, 232])
def test_a_domain_that_cannot_be(domain: int) -> None:
    with pytest.raises(BadInput, match=f"domain {domain}: 0 to 100 are possible"):
        d.claim(domain)


def test_open_ports_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        assert opened.getsockname()[1] in d.ports_in_use()


def test_a_run_is_found_while_it_is_up() -> None:
    with pytest.raises(BadInput, match="no run is up: start one"):
        d.find_run(None)
    claim = d.claim(1)
    assert d.running() == []
    claim.publish(RUN)
    assert d.find_run(None) == d.find_run(1) == RUN
    with pytest.raises(BadInput, match="no run is up in domain 2: .*up are domain 1"):
        d.find_run(2)
    other = d.claim(3)
    other.publish(d.RunningRun(**{**{n: getattr(RUN, n) for n in d.RunningRun.__slots__}, "domain": 3}))
    with pytest.raises(BadInput, match="several runs are up, name one with --domain"):
        d.find_run(None)
    assert d.find_run(3).domain == 3
    other.close()
    claim.close()
    assert d.running() == []


def test_what_a_killed_run_left_behind_does_not_count() -> None:
    claim = d.claim(1)
    claim.publish(RUN)
    file = Path(claim._stream.name)
    claim._stream.close()  # as the kernel does when a process is killed
    assert file.is_file()
    assert d.running() == []
    again = d.claim(1)
    assert d.running() == []
    again.close()
