"""What all tests of the program share: the binary, a small demo archive, and a way to run one on the other.

CUBEMILL_BIN names the binary (default: the release build), CUBEMILL_SHARED_DATA a folder of real scenes.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "reference"), str(ROOT / "tests" / "tools")]

import failio  # noqa: E402

BINARY = Path(os.environ.get("CUBEMILL_BIN", ROOT / "build/release/src/cli/cubemill")).resolve()
TIMEOUT = 300  # seconds; sanitizer builds are slow


def pytest_configure(config):
    config.addinivalue_line("markers", "smoke: also run under the sanitizers")
    config.addinivalue_line("markers", "cuda: needs a build with CUDA and the stand-in for its runtime")
    config.addinivalue_line("markers", "shared_data: needs the real scenes beside the project")
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is not there: build it (scripts/build) or set CUBEMILL_BIN", returncode=2)


class Program:
    """Runs the binary; `work` is a folder of this test."""

    def __init__(self, work):
        self.work = work

    def run(self, *arguments, **options):
        command = [str(BINARY), *map(str, arguments)]
        options = {"capture_output": True, "text": True, "timeout": TIMEOUT, "stdin": subprocess.DEVNULL, **options}
        return subprocess.run(command, **options)

    def composite(self, catalog, *arguments, out="out", expect=0, **options):
        """Runs `composite` quietly; returns the output folder after checking the exit code."""
        directory = self.work / out
        done = self.run("composite", catalog, "-o", directory, "--progress", "none", *arguments, **options)
        assert done.returncode == expect, f"exit {done.returncode}: {done.stderr}"
        return directory

    def json(self, command, *arguments):
        """Runs a command with --json and returns the one document that it prints."""
        done = self.run(command, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def program(tmp_path):
    return Program(tmp_path)


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """A demo archive in two zones: 6 acquisitions of 2 rows. Read-only; copy it to change it."""
    directory = tmp_path_factory.mktemp("archive") / "demo"
    done = Program(directory.parent).run("demo", directory, "--scenes", 12, "--size", 230, "--seed", 7)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="session")
def items(archive):
    return archive / "items.json"


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The library that makes calls of a program fail."""
    return failio.build(tmp_path_factory.mktemp("failio"))


@pytest.fixture
def copy_of_archive(archive, tmp_path):
    """A copy that the test may spoil."""
    return Path(shutil.copytree(archive, tmp_path / "archive"))


@pytest.fixture(scope="session")
def shared_data():
    folder = Path(os.environ.get("CUBEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real scenes at {folder}")
    return folder
