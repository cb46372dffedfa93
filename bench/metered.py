"""Run a command and meter it from outside: CPU seconds of the whole process tree and its peak resident memory.

CPU is what the kernel accounts to the command and the descendants that it waited for, so it does not depend on how
busy the machine is as wall time does (hyperthreads and caches that others use still cost). Memory is sampled from
/proc: the high-water mark while there is one process; with several, the largest sum, pages that they share counted
once.
"""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

INTERVAL = 0.05  # seconds between two looks


@dataclass(frozen=True)
class Cost:
    cpu_seconds: float
    peak_bytes: int
    wall_seconds: float


class CommandFailed(RuntimeError):
    """A metered command that did not end with 0."""

    def __init__(self, code, command, log):
        end = Path(log).read_text(encoding="utf-8", errors="replace")[-2000:].strip()
        super().__init__(f"exit {code} of: {' '.join(map(str, command))}\n{end}")
        self.code = code
        self.said = end


def measure(command, log):
    """Runs a command, its output going to the file `log`; raises CommandFailed when it fails."""
    with open(log, "wb") as output:
        begin = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=output)
        watch = _Watch(process.pid)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            watch.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise CommandFailed(process.returncode, command, log)
    return Cost(usage.ru_utime + usage.ru_stime, watch.peak, time.monotonic() - begin)


class _Watch:
    """Looks at a process tree until told to stop."""

    def __init__(self, root):
        self.root = root
        self.peak = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._done.set()
        self._thread.join()

    def _run(self):
        while not self._done.wait(INTERVAL):
            tree = _descendants(self.root)
            if len(tree) == 1:
                self.peak = max(self.peak, _field(self.root, "status", "VmHWM:"))
            else:
                self.peak = max(self.peak, sum(_field(pid, "smaps_rollup", "Pss:") for pid in tree))


def _descendants(root):
    """Process ids of a tree, the root first."""
    tree = [root]
    for pid in tree:  # grows on the way
        try:
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
                    tree += map(int, children.read().split())
        except OSError:
            continue  # it has just ended
    return tree


def _field(pid, file, name):
    """Bytes in a field of a file in /proc; 0 when the process has just ended."""
    try:
        with open(f"/proc/{pid}/{file}", encoding="ascii") as lines:
            for line in lines:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
