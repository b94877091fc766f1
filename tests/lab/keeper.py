"""Waits until its parent is gone, however that ended, and then sweeps the parent's directory.

Started as `python keeper.py DIRECTORY` with a pipe from the parent as standard input: the kernel
closes that pipe even when the parent is killed.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.lab.processes import sweep

if __name__ == "__main__":
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # they are meant for the test run, which we outlive
    os.read(0, 1)
    sweep(Path(sys.argv[1]))
