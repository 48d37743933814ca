"""The quota's file: it outlives the processes that use it, however they end."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from territoire.core.errors import UpstreamBusyError
from territoire.geoplateforme.quota import Quota

_HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_a_holder_that_is_killed_keeps_nobody_waiting(tmp_path: Path) -> None:
    file = tmp_path / "wfs"
    quota = Quota(file, service="wfs", per_second=30)
    quota.wait(1)
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(file)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        started = time.monotonic()
        quota.wait(1)
    assert time.monotonic() - started < 1


def test_a_file_cut_by_a_crash_counts_as_used_up(tmp_path: Path) -> None:
    file = tmp_path / "altimetry"
    file.write_text('{"turns": [1.0, 2.')
    quota = Quota(file, service="altimetry", per_second=5)
    with pytest.raises(UpstreamBusyError, match="our turn comes"):
        quota.wait(0.1)
    started = time.monotonic()
    quota.wait(5)
    assert 0.5 < time.monotonic() - started < 4


def test_times_from_before_the_machine_started_anew_are_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "wfs"
    file.write_text('{"turns": [9e9, 9e9], "blocked_until": 9e9}')
    started = time.monotonic()
    Quota(file, service="wfs", per_second=2).wait(0.1)
    assert time.monotonic() - started < 0.1
    assert "9000000000" not in file.read_text()


def test_a_block_ends_and_is_never_longer_than_an_hour(tmp_path: Path) -> None:
    now = [100.0]
    quota = Quota(tmp_path / "tms", service="tms", per_second=None, clock=lambda: now[0])
    quota.block(1e9)
    with pytest.raises(UpstreamBusyError) as caught:
        quota.wait(10)
    assert caught.value.retry_after == 3600
    now[0] += 3601
    quota.wait(0)
