"""Real scenes with results computed independently, where they lie beside the project."""

import os
from pathlib import Path

import pytest

import check_sets
from conftest import BINARY, ROOT

pytestmark = pytest.mark.shared_data


def all_cases():
    """(set, case, variant) of every set; one that says that there are none otherwise."""
    data = Path(os.environ.get("CUBEMILL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    sets = sorted(path.parent for path in data.glob("*/config.json"))
    found = [
        pytest.param(folder, case, variant, id=f"{folder.name}-{case['name']}-{variant}")
        for folder in sets
        for case, variant in check_sets.cases(folder)
    ]
    reason = f"no real scenes with expected results at {data}"
    return found or [pytest.param(None, None, None, marks=pytest.mark.skip(reason=reason), id="absent")]


@pytest.mark.parametrize("folder,case,variant", all_cases())
def test_gives_the_independent_result(tmp_path, folder, case, variant):
    try:
        check_sets.check(str(BINARY), folder, case, variant, str(tmp_path))
    except check_sets.Disagreement as wrong:
        pytest.fail(str(wrong))
