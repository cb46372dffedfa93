"""The CUDA backend gives the CPU's bytes: the program as nvcc built it, over a runtime that interprets its PTX, or on a
GPU.

CUBEMILL_CUDA_BIN names a program that was built with CUDA, CUBEMILL_CUDA_RUNTIME the library that stands for the shared
runtime (tests/tools/cuda_emulator). Without the library the tests run on the device that answers, but for those that
need its schedules, failures and reports; without either they are left out.
"""

import filecmp
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BINARY, RUNTIME = (os.environ.get(name, "") for name in ("CUBEMILL_CUDA_BIN", "CUBEMILL_CUDA_RUNTIME"))
USES = int(os.environ.get("CUBEMILL_CUDA_USES", "0"))
CHECK_PTX = Path(__file__).parents[1] / "tools" / "check_ptx.py"
REPORTED = 86  # exit code when the runtime has seen something wrong


def run(*words, timeout=600, **variables):
    """Runs the program, with CUDA's stand-in where there is one."""
    environment = {**os.environ, **variables}
    if RUNTIME:
        environment |= {"LD_PRELOAD": RUNTIME, "PTXEMU_EXIT": str(REPORTED), "PTXEMU_QUIET": "1"}
    command = [BINARY, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)


def devices(**variables):
    """The devices that the program sees."""
    return json.loads(run("info", "--json", **variables).stdout)["cuda"].get("devices", [])


def why_not():
    """Why these tests are left out; empty where they run."""
    if not BINARY:
        return "CUBEMILL_CUDA_BIN is not set"
    if RUNTIME or devices():
        return ""
    return "no device answers and CUBEMILL_CUDA_RUNTIME is not set"


LEFT_OUT = why_not()
pytestmark = [pytest.mark.cuda, pytest.mark.skipif(bool(LEFT_OUT), reason=LEFT_OUT)]
needs_stand_in = pytest.mark.skipif(not RUNTIME, reason="a device neither fails nor changes its order when asked to")


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Eight small scenes in two zones."""
    folder = tmp_path_factory.mktemp("cuda") / "demo"
    done = subprocess.run([BINARY, "demo", folder, "--scenes", "8", "--size", "160"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "items.json"


def composite(catalog, out, backend, *options, **variables):
    words = ["composite", catalog, "-o", out, "--backend", backend, "--progress", "none", "-q", *options]
    return run(*words, **variables)


def assert_same(one, other):
    """Everything but the report is the same to the byte."""
    names = sorted(path.name for path in one.iterdir() if path.name != "report.json")
    assert names == sorted(path.name for path in other.iterdir() if path.name != "report.json")
    different = [name for name in names if not filecmp.cmp(one / name, other / name, shallow=False)]
    assert not different


def check(catalog, folder, *options, device=(), **variables):
    cpu = composite(catalog, folder / "cpu", "cpu", *options)
    assert cpu.returncode == 0, cpu.stderr
    cuda = composite(catalog, folder / "cuda", "cuda", *options, *device, **variables)
    assert cuda.returncode == 0, cuda.stderr
    assert_same(folder / "cpu", folder / "cuda")
    return json.loads((folder / "cuda" / "report.json").read_text())


OTHER = ["--crs", "EPSG:3857", "--resolution", "45"]
CASES = {
    **{method: ["--resampling", method] for method in ("nearest", "bilinear", "cubic", "average", "mode")},
    **{f"{method}, another CRS": ["--resampling", method, *OTHER] for method in ("nearest", "bilinear", "cubic", "average")},
    "methods that differ": ["--resampling", "red=average,nir=bilinear", "--crs", "EPSG:3857", "--resolution", "60"],
    "128-bit sums, fused by band": ["--fuse", "band", "--valid-range", "none", "--resampling", "average", *OTHER],
    "several indices, as stored": ["--scaling", "none", "--index", "ndvi,r=red,n=nir", "--period", "month"],
    "scenes": ["--groupby", "scene", "--period", "all", "--resampling", "average"],
    "degrees": ["--crs", "EPSG:4326", "--resolution", "0.0003", "--resampling", "bilinear"],
    "much coarser, average": ["--resolution", "300", "--resampling", "average"],
    "much coarser, mode": ["--resolution", "130", "--resampling", "mode"],
    "without a mask": ["--no-mask", "--reduce", "mean"],
    "flags by mode": ["--resampling", "qa_pixel=mode,*=average", "--resolution", "45"],
    "little memory": ["--memory", "150MiB", "--threads", "1", "--resolution", "15"],
}


@pytest.mark.parametrize("case", CASES)
def test_gives_the_bytes_of_the_cpu(catalog, tmp_path, case):
    report = check(catalog, tmp_path, *CASES[case], PTXEMU_LEAK="1")
    assert report["backend"]["name"] == "cuda"


# Lazy streams show a buffer that is used before its copy is done, random ones an order that nobody asked for.
@needs_stand_in
@pytest.mark.parametrize("streams, order, seed", [("eager", "random", 1), ("random", "seq", 2), ("random", "random", 3)])
def test_does_not_depend_on_how_streams_and_threads_run(catalog, tmp_path, streams, order, seed):
    options = ["--fuse", "band", "--valid-range", "none", "--resampling", "average", *OTHER]
    check(catalog, tmp_path, *options, PTXEMU_STREAMS=streams, PTXEMU_SCHED=order, PTXEMU_SEED=str(seed))


@pytest.mark.parametrize("memory, options", [(7, []), (9, []), (12, ["--valid-range", "none"])])
def test_moves_sums_to_the_host_when_the_device_is_full(catalog, tmp_path, memory, options):
    """Nine tiles of a period, each with sums of 2 or 6 MiB, folded scene after scene; one or two fit."""
    options = [*options, "--order", "scene", "--crs", "EPSG:32619", "--resolution", "10", "--memory", "1GiB"]
    check(catalog, tmp_path, *options, device=["--device-memory", f"{memory}MiB"])


def least_memory(catalog, folder, backend, *options):
    """The least --memory that will do, in MiB."""
    refused = composite(catalog, folder / "refused", backend, *options, "--memory", "60MiB")
    assert refused.returncode == 4, refused.stderr
    return int(re.search(r"(\d+) MiB needed", refused.stderr).group(1)) + 1


def test_sums_go_from_the_device_to_the_host_and_on_to_the_disk(catalog, tmp_path):
    """A device that holds a tile or two of nine, a host for a few: the bytes are those of a CPU with room for all."""
    options = [
        "--datetime", "../2023-03-01", "--order", "scene", "--threads", "1", "--checkpoint", "0",
        "--crs", "EPSG:32619", "--resolution", "5",
    ]  # fmt: skip
    cpu = composite(catalog, tmp_path / "cpu", "cpu", *options, "--memory", "2GiB")
    assert cpu.returncode == 0, cpu.stderr
    memory = least_memory(catalog, tmp_path, "cuda", *options)
    little = ["--memory", f"{memory}MiB", "--device-memory", "8MiB"]
    done = composite(catalog, tmp_path / "cuda", "cuda", *options, *little, PTXEMU_LEAK="1")
    assert done.returncode == 0, done.stderr
    assert_same(tmp_path / "cpu", tmp_path / "cuda")
    spill = json.loads((tmp_path / "cuda" / "report.json").read_text())["spill"]
    assert spill["moved_to_host_bytes"] > 0 and spill["bytes_written"] > 0 and spill["bytes_read"] > 0


@needs_stand_in
@pytest.mark.parametrize("order", ["tile", "scene"])
def test_a_run_that_the_device_failed_goes_on_on_the_cpu(catalog, tmp_path, order):
    options = ["--order", order, "--crs", "EPSG:32619", "--resolution", "10", "--memory", "1GiB"]
    assert composite(catalog, tmp_path / "cpu", "cpu", *options).returncode == 0
    failing = {"PTXEMU_FAIL": "cudaLaunchKernel:20", "PTXEMU_LEAK": "1"}
    failed = composite(catalog, tmp_path / "cuda", "cuda", *options, "--checkpoint", "0.01", **failing)
    assert failed.returncode == 5, failed.stderr
    assert [p.name[:10] for p in (tmp_path / "cuda").iterdir()] == [".cubemill-"]
    resumed = composite(catalog, tmp_path / "cuda", "cpu", *options, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert_same(tmp_path / "cpu", tmp_path / "cuda")
    assert json.loads((tmp_path / "cuda" / "report.json").read_text())["resumed"]["chunks"] > 0


def test_says_how_much_device_memory_would_do(catalog, tmp_path):
    done = composite(catalog, tmp_path / "out", "cuda", "--device-memory", "1MiB")
    assert done.returncode == 4
    assert done.stderr.startswith("cubemill: error: --device-memory is too small: ")
    assert not (tmp_path / "out").exists()


def test_goes_on_with_a_single_slab(catalog, tmp_path):
    """At the least memory that will do there is one slab: nobody may keep it while a reader waits."""
    words = ["--threads", "1", "--resolution", "15", "--memory"]
    needed = least_memory(catalog, tmp_path, "cuda", *words[:-1])
    done = composite(catalog, tmp_path / "cuda", "cuda", *words, f"{needed}MiB", timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "cuda" / "report.json").read_text())["memory"]["slabs"] == 1
    assert composite(catalog, tmp_path / "cpu", "cpu", *words, "1GiB").returncode == 0
    assert_same(tmp_path / "cpu", tmp_path / "cuda")


@pytest.mark.parametrize("use", [6, 7])
def test_goes_on_with_the_slabs_that_can_be_pinned(catalog, tmp_path, use):
    """Four pieces are pinned for arguments and sums, then the slabs: one or two are got of those that were planned."""
    check(catalog, tmp_path, "--threads", "2", PTXEMU_FAIL=f"cudaHostAlloc:{use}", PTXEMU_LEAK="1", timeout=120)


def test_needs_no_memory_pools(catalog, tmp_path):
    check(catalog, tmp_path, "--valid-range", "none", PTXEMU_POOLS="0", PTXEMU_LEAK="1")


@pytest.mark.parametrize("streams, pools", [("lazy", 1), ("random", 0)])
def test_several_devices_give_the_bytes_of_one(catalog, tmp_path, streams, pools):
    """Some tiles a period; what is done with another device's stream, event or memory is reported."""
    if not RUNTIME and len(devices()) < 2:
        pytest.skip("needs two devices, and one answers")
    options = ["--crs", "EPSG:32619", "--resolution", "15"]
    variables = {"PTXEMU_DEVICES": "2", "PTXEMU_STREAMS": streams, "PTXEMU_POOLS": str(pools), "PTXEMU_LEAK": "1"}
    trace = tmp_path / "trace.json"
    report = check(catalog, tmp_path, *options, device=["--devices", "1,0", "--trace", trace], **variables)
    names = [device["name"] for device in devices(**variables)[:2]]
    assert all(report["backend"]["device"].count(name) == names.count(name) for name in names)
    tracks = {e["args"]["name"] for e in json.loads(trace.read_text()) if e["name"] == "thread_name"}
    assert {f"device {d} {stream}" for d in (0, 1) for stream in ("copy", "compute")} <= tracks


def test_names_a_device_that_is_not_there(catalog, tmp_path):
    two = {"PTXEMU_DEVICES": "2"}
    count = len(devices(**two))
    refused = composite(catalog, tmp_path / "out", "cuda", "--devices", f"0,{count}", **two)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"cubemill: error: --devices {count}: there are {count}")
    assert composite(catalog, tmp_path / "out", "cuda", "--devices", "0,0").returncode == 2


def test_a_trace_says_what_streams_did(catalog, tmp_path):
    trace = tmp_path / "trace.json"
    done = composite(catalog, tmp_path / "out", "cuda", "--trace", trace, PTXEMU_LEAK="1")
    assert done.returncode == 0, done.stderr
    events = json.loads(trace.read_text())
    names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    spans = {stream: [e for e in events if e["ph"] == "X" and names[e["tid"]] == f"device 0 {stream}"]
             for stream in ("copy", "compute")}  # fmt: skip
    chunks = sum(e["name"] == "read" for e in events)
    assert [e["name"] for e in spans["copy"]] == ["copy"] * chunks
    folds, finishes = ([e for e in spans["compute"] if e["name"] == name] for name in ("fold", "finish"))
    assert len(folds) == chunks and finishes
    last = max(e["ts"] + e["dur"] for e in events if e["ph"] == "X")
    assert all(0 <= e["ts"] and 0 <= e["dur"] <= last for e in folds + finishes)
    for copy, fold in zip(spans["copy"], folds, strict=True):  # a chunk is folded when it is there
        assert fold["ts"] + fold["dur"] >= copy["ts"] + copy["dur"]


FALLIBLE = [
    "cudaStreamCreateWithFlags", "cudaEventCreateWithFlags", "cudaMemPoolCreate", "cudaMallocFromPoolAsync",
    "cudaHostAlloc", "cudaMemcpyAsync", "cudaMemsetAsync", "cudaEventRecord", "cudaStreamWaitEvent",
    "cudaEventSynchronize", "cudaStreamSynchronize", "cudaLaunchKernel", "cudaFreeAsync",
]  # fmt: skip


@needs_stand_in
@pytest.mark.parametrize("function", FALLIBLE)
def test_a_call_that_fails_ends_cleanly(catalog, tmp_path, function):
    """At some use (CUBEMILL_CUDA_USES: all up to it): one line, code 4 or 5, nothing written; or the right result."""
    expected = tmp_path / "expected"
    assert composite(catalog, expected, "cpu").returncode == 0
    for use in range(1, USES + 1) if USES else (1, 4):
        out = tmp_path / f"out{use}"
        done = composite(catalog, out, "cuda", PTXEMU_FAIL=f"{function}:{use}")
        assert done.returncode in (0, 4, 5), f"use {use}: exit {done.returncode}: {done.stderr}"
        if done.returncode == 0:
            assert_same(expected, out)
        else:
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
            assert not out.exists()


NO_DEVICE = {"PTXEMU_DEVICES": "0", "CUDA_VISIBLE_DEVICES": ""}


def test_takes_the_gpu_when_one_answers_and_says_why_not_otherwise(catalog, tmp_path):
    words = ["composite", catalog, "--progress", "none", "-q", "-o"]
    assert run(*words, tmp_path / "with").returncode == 0
    assert json.loads((tmp_path / "with" / "report.json").read_text())["backend"]["name"] == "cuda"
    assert run(*words, tmp_path / "without", **NO_DEVICE).returncode == 0
    backend = json.loads((tmp_path / "without" / "report.json").read_text())["backend"]
    assert backend["name"] == "cpu" and "device" in backend["reason"].lower()
    refused = composite(catalog, tmp_path / "refused", "cuda", **NO_DEVICE)
    assert refused.returncode == 5 and refused.stderr.count("\n") == 1


def offences(file):
    done = subprocess.run([sys.executable, CHECK_PTX, file], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_kernels_round_as_the_cpu_does_and_work_in_registers():
    code, lines = offences(BINARY)
    assert code == 0, "\n".join(lines)
    assert int(lines[-1].split()[0]) > 40  # methods, storages, indices


PTX = ".visible .entry %s(\n.param .u64 p\n)\n{\n%s\n}\n"
OFFENCES = {
    "fused multiply-add": "fma.rn.f64 %fd1, %fd2, %fd3, %fd4;",
    "float atomic": "atom.global.add.f64 %fd1, [%rd1], %fd2;",
    "approximation": "rcp.approx.ftz.f64 %fd1, %fd2;",
    "flush to zero": "add.rn.ftz.f32 %f1, %f2, %f3;",
    "no rounding mode": "mul.f64 %fd1, %fd2, %fd3;",
    "local memory": ".local .align 8 .b8 __local_depot0[16];",
}


@pytest.mark.parametrize("offence", OFFENCES)
def test_the_check_of_kernels_sees_each_offence(tmp_path, offence):
    file = tmp_path / "kernel.ptx"
    file.write_text(PTX % ("_ZN8cubemill4cuda1kEv", "add.rn.f64 %fd1, %fd2, %fd3;"))
    assert offences(file)[0] == 0
    file.write_text(PTX % ("_ZN8cubemill4cuda1kEv", OFFENCES[offence]))
    code, lines = offences(file)
    assert code == 1 and lines[0].startswith(offence)
    file.write_text(PTX % ("_ZN3cub1kEv", OFFENCES[offence]))  # of a library: only what rounds matters
    assert offences(file)[0] == (0 if offence == "local memory" else 1)


def test_info_lists_devices():
    document = json.loads(run("info", "--json").stdout)
    devices = document["cuda"]["devices"]
    assert document["cuda"]["built_in"] and devices and devices[0]["number"] == 0
    assert "bytes_per_second" not in devices[0]
    if RUNTIME:
        assert Path(RUNTIME).is_file()
        assert [(d["memory_bytes"], d["free_bytes"]) for d in devices] == [(1 << 30, 1 << 30)]


def test_info_measures_every_device():
    done = run("info", "--json", "--copy-rate", PTXEMU_DEVICES="2", PTXEMU_LEAK="1")
    assert done.returncode == 0, done.stderr
    devices = json.loads(done.stdout)["cuda"]["devices"]
    assert devices and (not RUNTIME or len(devices) == 2)
    for number, device in enumerate(devices):
        assert device["number"] == number
        assert set(device["bytes_per_second"]) == {"to_device", "to_host", "on_device"}
        assert all(1e6 < rate < 1e14 for rate in device["bytes_per_second"].values())
