"""`demo` makes the archive that the other tests stand on."""

import filecmp

import pytest


def test_makes_the_same_archive_from_the_same_seed(program):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        done = program.run("demo", program.work / name, "--scenes", 2, "--size", 80, "--seed", seed)
        assert done.returncode == 0, done.stderr

    def files(name):
        return sorted(
            file.relative_to(program.work / name) for file in (program.work / name).rglob("*") if file.is_file()
        )

    assert files("a") == files("b") and len(files("a")) == 9
    _, different, errors = filecmp.cmpfiles(program.work / "a", program.work / "b", files("a"), shallow=False)
    assert not different and not errors
    _, different, _ = filecmp.cmpfiles(program.work / "a", program.work / "c", files("a"), shallow=False)
    assert different


@pytest.mark.parametrize("options", [["--scenes", 0], ["--size", 1], ["--scenes", "many"], ["--no-such-option"]])
def test_refuses_what_makes_no_sense(program, options):
    done = program.run("demo", program.work / "a", *options)
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert not (program.work / "a").exists()


def test_refuses_a_folder_that_holds_something(program):
    (program.work / "precious.txt").write_text("x")
    done = program.run("demo", program.work, "--scenes", 1, "--size", 80)
    assert done.returncode == 2 and "not empty" in done.stderr
    assert [file.name for file in program.work.iterdir()] == ["precious.txt"]


def test_info_says_what_was_built(program):
    done = program.run("info")
    assert done.returncode == 0 and "gdal" in done.stdout.lower()
