"""Composites over the stand of the tests (tests/tools/s3_stand), and what came of each."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field

from archives import PROJECT

sys.path.insert(0, str(PROJECT / "tests" / "program"))

from network_faults import PATIENCE  # noqa: E402
from object_store import KEYS, catalog_of  # noqa: E402

PIXELS = ("ndvi_mean.tif", "ndvi_count.tif")


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    code: int | None  # None: it hung
    seconds: float
    lines: list = field(default_factory=list)  # of standard output
    errors: list = field(default_factory=list)  # the lines that say what is wrong
    network: dict = field(default_factory=dict)  # of its report
    same_bytes: bool = False  # as without a network
    left_files: bool = True  # where a failed run must leave none

    @property
    def is_whole(self):
        return self.code == 0 and self.same_bytes

    @property
    def is_refused(self):
        """One clear line, the exit code for a network that fails, and no file."""
        return self.code == 3 and len(self.errors) == 1 and not self.left_files


class Site:
    """An archive that is read from buckets, and its composite without a network."""

    def __init__(self, binary, work, grid, scenes, size, seed):
        self.binary, self.work, self.grid = binary, work, grid
        self.buckets = work / f"buckets_{scenes}_{size}_{seed}"
        self.archive = self.buckets / "demo" / "c"
        if not (self.archive / "items.json").exists():
            shutil.rmtree(self.archive, ignore_errors=True)  # the rest of an interrupted run
            self._must("demo", self.archive, "--scenes", scenes, "--size", size, "--seed", seed, "--quiet")
        self.catalog = catalog_of(self.archive, "s3://demo/c", self.buckets / "items.json")
        shutil.rmtree(work / "here", ignore_errors=True)
        self._must("composite", self.archive / "items.json", "-o", work / "here", *grid, "--quiet")

    def _call(self, *words, **options):
        command = [str(word) for word in (self.binary, *words)]
        return subprocess.run(command, capture_output=True, text=True, **options)

    def _must(self, *words):
        done = self._call(*words)
        if done.returncode:
            sys.exit(f"network: exit {done.returncode} of {words[0]} without a network: {done.stderr.strip()}")

    def run(self, store, *words, keys=KEYS):
        """A composite from the store, by somebody with these keys."""
        out = self.work / "out"
        shutil.rmtree(out, ignore_errors=True)
        begin = time.monotonic()
        try:
            words = ("composite", self.catalog, "-o", out, "--progress", "none", *self.grid, *words)
            done = self._call(*words, env=store.environment(**keys), timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return Outcome(None, time.monotonic() - begin)
        return self._judge(done, time.monotonic() - begin)

    def _judge(self, done, seconds):
        out, here = self.work / "out", self.work / "here"
        errors = [line for line in done.stderr.splitlines() if line.startswith("cubemill: error: ")]
        left = out.exists() and any(not path.name.startswith(".cubemill-") for path in out.iterdir())
        network, same = {}, False
        if done.returncode == 0:
            network = json.loads((out / "report.json").read_text(encoding="utf-8"))["network"]
            same = all((out / name).read_bytes() == (here / name).read_bytes() for name in PIXELS)
        return Outcome(done.returncode, seconds, done.stdout.splitlines(), errors, network, same, left)
