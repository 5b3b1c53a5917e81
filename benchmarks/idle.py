"""What a Mopidy costs that nobody uses: CPU seconds, and bytes written to the disk.

    python benchmarks/idle.py                # 5 minutes, 1,000 dead torrents
    python benchmarks/idle.py --torrents 0 --minutes 1

A real Mopidy has a library of torrents that nobody seeds, and is left alone. With the
default settings it reads their tags, slowly: it looks into the swarm of one torrent
after the other. With ``--scan-tags opened`` it does not.

cpu           seconds of CPU of Mopidy, and of the same time without us
written       bytes that went to the disk (``write_bytes`` in ``/proc/PID/io``)
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.rig.mopidy import MopidyProcess
from tests.torrent_files import multi_file

#: The start, the first look at the folder, and what follows from it.
SETTLE_S = 20


def cost(folder: Path, config: dict[str, dict[str, object]], seconds: float) -> str:
    """Start a Mopidy; return its CPU seconds, and what it wrote."""
    with MopidyProcess(folder, config, audio_output="fakesink") as mopidy:
        time.sleep(SETTLE_S)
        cpu, written = cpu_s(mopidy.pid), bytes_written(mopidy.pid)
        time.sleep(seconds)
        cpu = cpu_s(mopidy.pid) - cpu
        return f"cpu {cpu:.2f} s, written {bytes_written(mopidy.pid) - written} bytes"


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bytes_written(pid: int) -> int:
    """Return the bytes that a process has sent to a disk."""
    counts = Path(f"/proc/{pid}/io").read_text()
    found = re.search(r"^write_bytes: (\d+)", counts, re.MULTILINE)
    return int(found[1]) if found else 0


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--torrents", type=int, default=1000)
    parser.add_argument("--scan-tags", default="all")
    options = parser.parse_args()
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "torrents"
        library.mkdir()
        for number in range(options.torrents):
            torrent = multi_file(f"Dead {number}", {"1 - One.mp3": b"1" * 50_000})
            (library / f"{number}.torrent").write_bytes(torrent)
        ours = {"torrent_dirs": library, "scan_tags": options.scan_tags}
        print("with us:   ", cost(Path(name) / "a", {"vozduxan": ours}, seconds))
        off = {"vozduxan": {"enabled": "false"}}
        print("without us:", cost(Path(name) / "b", off, seconds))


if __name__ == "__main__":
    main()
