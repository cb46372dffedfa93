"""Many dates over a large area, in small: the case of bench/large_case at 1/16 of its area."""

import json
import subprocess
import sys

import pytest

from conftest import BINARY, ROOT, TIMEOUT

MIB = 1 << 20


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """What the benchmark measured, by limit in MiB and order asked for."""
    command = [sys.executable, ROOT / "bench" / "large_case", "--area", "1/16", "--memory", "256MiB", "--dates", 45,
               "--scenes", 2, "--threads", 2, "--json", "--binary", BINARY, "--work", tmp_path_factory.mktemp("large")]  # fmt: skip
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=TIMEOUT)
    assert done.stdout, done.stderr
    return {(row["limit_bytes"] and row["limit_bytes"] // MIB, row["asked"]): row for row in json.loads(done.stdout)["rows"]}


def test_stays_below_the_limit_in_every_order(rows):
    for limit, order in rows:
        assert limit is None or rows[limit, order]["peak_bytes"] < limit * MIB, (limit, order)


def test_gives_the_same_bytes_as_without_a_limit(rows):
    assert [key for key, row in rows.items() if not row["same_bytes"]] == []


def test_needs_a_disk_for_sums_only_where_memory_is_short(rows):
    assert rows[256, "auto"]["spilled_bytes"] == 0
    spilled = [row for row in rows.values() if row["spilled_bytes"]]
    assert [row["asked"] for row in spilled] == ["scene"]
    # The planner foresees it; threads that overtake each other change a little.
    assert 0.7 < spilled[0]["spilled_bytes"] / spilled[0]["planned_spilled_bytes"] < 1.3
