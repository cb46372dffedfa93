"""The program reads from a real S3 server (SeaweedFS), which verifies signatures and encodes keys by its own rules."""

import json

import pytest

from conftest import Program
from network_faults import WRONG_KEYS
from object_store import KEYS, ObjectStore, catalog_of
from real_server import OPEN_TO_ALL, RealServer
from small_runs import one_error, report

GRID = ["--resolution", 90, "--period", "all", "--compress", "lzw", "--threads", 2]
PART = 5 << 20  # bytes, the least that S3 takes


@pytest.fixture(scope="module")
def server(archive, tmp_path_factory):
    """It has the archive twice: below demo/c, for its user, and below public/c, for everybody."""
    with RealServer(tmp_path_factory.mktemp("weed")) as running:
        for bucket in ("demo", OPEN_TO_ALL):
            running.put_folder(bucket, "c", archive)
        yield running


@pytest.fixture(scope="module")
def plain(archive, tmp_path_factory):
    return pixels(Program(tmp_path_factory.mktemp("plain")).composite(archive / "items.json", *GRID))


def pixels(directory):
    return {name: (directory / name).read_bytes() for name in ("ndvi_mean.tif", "ndvi_count.tif")}


def run(program, server, *words, catalog="s3://demo/c/items.json", **more):
    """Pixels of a composite of what the server has, and its report."""
    out = program.composite(catalog, *GRID, *words, env=server.environment(**{**KEYS, **more}))
    return pixels(out), report(out)


# ---------------------------------------------------------------- what is read


def test_a_bucket_in_the_path_gives_the_pixels_of_the_files(program, server, plain):
    found, told = run(program, server)
    assert found == plain
    assert told["assets"] == [{"place": "s3://demo", "assets": 36}]
    assert told["network"]["retries"] == 0


def test_a_bucket_in_the_host_name_gives_the_pixels_of_the_files(program, server, plain):
    """Names below `localhost` are this machine's."""
    host = {"AWS_S3_ENDPOINT": server.named_endpoint, "AWS_VIRTUAL_HOSTING": "TRUE"}
    found, told = run(program, server, **host)
    assert found == plain
    assert told["network"]["retries"] == 0


def test_a_safe_connection_gives_the_pixels_of_the_files(program, server, plain):
    found, _ = run(program, server, **over_tls(server), CURL_CA_BUNDLE=str(server.certificate))
    assert found == plain


def over_tls(server):
    return {"AWS_S3_ENDPOINT": server.tls_endpoint, "AWS_HTTPS": "YES"}


@pytest.mark.parametrize("words", [[], ["--no-sign-request"]], ids=["without keys", "unsigned on purpose"])
def test_a_bucket_open_to_all_needs_no_keys(program, server, plain, words):
    catalog = f"s3://{OPEN_TO_ALL}/c/items.json"
    out = program.composite(catalog, *GRID, *words, env=server.environment())
    assert pixels(out) == plain


# One a directory: what RFC 3986 reserves, what it does not, what must be encoded, and what looks as if it were.
NAMES = [
    "a b", " ", "a+b", "a=b", "year=2022", "100%", "%41", "%2F", "%zz", "a%20b", "ü", "日本", "\u00e9", "e\u0301", "😀",
    "a'b", "(a)", "a!", "a*", "a,b", "a;b", "a:b", "a@b", "a&b", "$a", "a?b", "a#b", "[a]", "{a}", "a|b", "a^b", "`a`",
    "a\"b", "<a>", "a~b", "-._~",
]  # fmt: skip


def with_names(archive):
    """Place below the archive -> key in the bucket, for each file, with a name of NAMES in each key."""
    files = sorted(path.relative_to(archive) for path in archive.rglob("*.TIF"))
    assert len(files) == len(NAMES)
    return {str(file): f"names/{name}/{name} {file.name}" for file, name in zip(files, NAMES)}


@pytest.mark.parametrize("hosting", ["FALSE", "TRUE"], ids=["in the path", "in the host name"])
def test_keys_of_any_characters_are_found(program, archive, server, plain, hosting):
    """As hrefs say them, and relative to a catalog whose own key has them."""
    keys = with_names(archive)
    document = json.loads((archive / "items.json").read_text())
    for number, feature in enumerate(document["features"]):
        for asset in feature["assets"].values():
            key = keys[asset["href"].removeprefix("./")]
            asset["href"] = f"s3://demo/{key}" if number % 2 else f"./{key.removeprefix('names/')}"
    for file, key in keys.items():
        server.put("demo", key, (archive / file).read_bytes())
    server.put("demo", "names/all +%41é.json", json.dumps(document).encode())
    host = {"AWS_S3_ENDPOINT": server.named_endpoint, "AWS_VIRTUAL_HOSTING": hosting}
    found, _ = run(program, server, catalog="s3://demo/names/all +%41é.json", **host)
    assert found == plain


def test_an_object_of_several_parts_is_one_object(program, server):
    """Its ETag is no checksum, and blocks lie across its parts."""
    done = program.run("demo", program.work / "large", "--scenes", 1, "--size", 2100, "-q")
    assert done.returncode == 0, done.stderr
    files = list((program.work / "large").rglob("*.TIF"))
    for path in files:
        server.put_in_parts("demo", f"large/{path.relative_to(program.work / 'large')}", path.read_bytes(), PART)
    assert sum(path.stat().st_size > PART for path in files) == 2
    catalog = catalog_of(program.work / "large", "s3://demo/large", program.work / "items.json")
    found, told = run(program, server, "--order", "scene", catalog=catalog)
    assert found == pixels(program.composite(program.work / "large/items.json", *GRID, out="here"))
    assert told["network"]["damaged_blocks"] == 0


# ---------------------------------------------------------------- what is refused


def refused(program, environment, catalog):
    done = program.run("composite", catalog, "-o", program.work / "out", *GRID, "--progress", "none", env=environment)
    assert done.returncode == 3, f"exit {done.returncode}: {done.stderr}"
    assert not (program.work / "out").exists()
    return one_error(done)


@pytest.mark.parametrize("where", ["catalog", "asset"])
@pytest.mark.parametrize("case", WRONG_KEYS)
def test_keys_that_do_not_fit_are_one_clear_line(program, archive, server, where, case):
    keys, says = WRONG_KEYS[case]
    catalog = "s3://demo/c/items.json"
    if where == "asset":
        catalog = catalog_of(archive, "s3://demo/c", program.work / "items.json")
    line = refused(program, server.environment(**keys), catalog)
    assert "s3://demo/c/" in line and "HTTP 403" in line and says in line, line


def test_a_key_that_is_not_there_is_one_clear_line(program, archive, server):
    catalog = catalog_of(archive, "s3://demo/elsewhere", program.work / "items.json")
    line = refused(program, server.environment(**KEYS), catalog)
    assert "s3://demo/elsewhere/" in line and "HTTP 404 NoSuchKey" in line, line


def test_a_bucket_that_is_not_there_is_one_clear_line(program, server):
    line = refused(program, server.environment(**KEYS), "s3://nowhere/c/items.json")
    assert "s3://nowhere/c/items.json" in line and "HTTP 404 NoSuchBucket" in line, line


def test_a_certificate_that_nobody_vouches_for_is_one_clear_line(program, server):
    line = refused(program, server.environment(**KEYS, **over_tls(server)), "s3://demo/c/items.json")
    assert "s3://demo/c/items.json" in line and "certificate" in line, line


# ---------------------------------------------------------------- what changes


def test_headers_that_are_kept_are_not_fetched_again(program, server, plain):
    kept = ["--cache-dir", program.work / "kept"]
    first, _ = run(program, server, *kept, "--overwrite")
    second, told = run(program, server, *kept, "--overwrite")
    assert first == second == plain
    assert told["network"]["headers_kept"] == 36


def test_an_object_that_is_overwritten_between_runs_is_read_anew(program, archive, server, plain):
    server.put_folder("demo", "changing", archive)
    words = ["--cache-dir", program.work / "kept", "--overwrite"]
    place = {"catalog": "s3://demo/changing/items.json"}
    first, _ = run(program, server, *words, **place)
    red, near = (sorted(archive.rglob(f"*{band}.TIF"))[1] for band in ("SR_B4", "SR_B5"))
    server.put("demo", f"changing/{red.relative_to(archive)}", near.read_bytes())
    second, _ = run(program, server, *words, **place)
    fresh, _ = run(program, server, "--overwrite", **place)
    assert first == plain and second == fresh and second != plain


def test_a_fault_before_the_real_server_leaves_no_trace(program, server, plain):
    """The stand lets signatures through, since it does not change the name that is signed."""
    with ObjectStore(server.endpoint, upstream=True) as stand:
        stand.misbehave("slowdown:attempts=1,rate=0.3", "truncate:attempts=1,rate=0.3", "reset:attempts=2,rate=0.3")
        found, told = run(program, server, AWS_S3_ENDPOINT=stand.endpoint)
        assert stand.hits() > 5
    assert found == plain
    assert told["network"]["retries"] > 5
