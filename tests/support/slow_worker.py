"""A real worker whose only process takes as many tenths of a second as asked, and leaves a line at each thing it does.

Run as `slow_worker.py LOADER_URL JOURNAL STALLED_AFTER STOP_AFTER`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

from territoire.core import jobs, logs
from territoire.core.errors import UpstreamBusyError, UpstreamError
from territoire.core.executions import Output, Work


def main(url: str, journal: Path, stalled_after: float, stop_after: float) -> None:
    """Take jobs until ended."""
    logs.configure()

    def say(what: str) -> None:
        with journal.open("a") as file:
            file.write(f"{os.getpid()} {what}\n")

    def execute(process: str, inputs: dict[str, Any], work: Work) -> Output:
        say("began")
        if inputs.get("fault") == "known":
            raise UpstreamError("the source says no", remedy="ask another")
        if inputs.get("fault") == "unknown":
            raise RuntimeError("secret detail")
        if inputs.get("fault") == "away" and journal.read_text().count("began") == 1:
            raise UpstreamBusyError("the source is away", remedy="ask later", retry_after=1)
        time.sleep(inputs.get("deaf", 0))
        done = 0
        while work.recall(done) is not None:
            done += 1
        for part in range(done, inputs.get("tenths", 0)):
            work.progress(100 * part / inputs["tenths"], f"part {part}")
            time.sleep(0.1)
            work.keep(part, b"done")
            say(f"part {part}")
        say("ended")
        return Output("answer", "text/plain", b"x" * inputs.get("bytes", 2))

    asyncio.run(jobs.run_worker(url, execute, concurrency=2, stalled_after_s=stalled_after, stop_after_s=stop_after))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
