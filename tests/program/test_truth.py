"""A synthetic archive that was not made by this program, against the exact answer."""

import subprocess
import sys

import pytest

import check_truth
from conftest import BINARY, ROOT


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    folder = tmp_path_factory.mktemp("synthetic") / "archive"
    maker = ROOT / "tests" / "tools" / "make_archive.py"
    command = [sys.executable, maker, "--out", folder, "--scenes", 6, "--size", 420, "--seed", 11]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("method,scaling", check_truth.CASES)
def test_equals_the_exact_answer(synthetic, tmp_path_factory, method, scaling):
    work = tmp_path_factory.mktemp("work")
    difference = check_truth.check(BINARY, str(synthetic), str(work), method, scaling)
    assert difference.agrees, difference
