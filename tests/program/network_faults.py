"""What goes wrong on a network, as rules of the stand (s3_stand.py --help has their language), by what a composite makes of
it. The tests and bench/network have these lists in common."""

from object_store import KEYS

SCENES, BANDS, SIZE, SEED = 4, 3, 600, 7  # of the archive that is read
FILES = SCENES * BANDS
GRID = ["--resolution", 60, "--period", "all", "--compress", "lzw", "--threads", 2]
FRONT = 32768  # bytes with which a file is opened
RED = "*_SR_B4.TIF"  # the red band of every scene
SOON = ["--read-timeout", 3]  # what stays wrong is given up
PATIENCE = 30  # seconds: no run of these takes longer, on a slow machine and with a silent server


def with_parameter(rule, parameter):
    return f"{rule}{',' if ':' in rule else ':'}{parameter}"


# ---------------------------------------------------------------- what passes

EVERY_RANGE = {  # can meet every range
    "503 SlowDown": "slowdown",
    "500": "error:status=500",
    "429": "error:status=429",
    "reset before the answer": "reset_early",
    "reset in the body": "reset",
    "body cut in the middle": "truncate",
    "body cut at its begin": "truncate:at=0",
    "half of the range": "short",
    "nearly all of the range": "short:at=0.99",
    "an empty body": "empty",
    "an HTML page": "html",
    "the whole object": "fullbody",
    "another range, and says so": "otherrange",
    "a redirect": "redirect",
}
SILENCE = {
    "silence before the answer": "stall_early:s=60",
    "silence in the body": "stall:s=60",
    "silence at its begin": "stall:at=0,s=60",
}
SLOW = {"200 kB/s": "bandwidth:bps=200000"}
DAMAGED_BLOCKS = {
    "a flipped bit": "bitflip:at=0.3",
    "three flipped bits": "bitflip:at=0.9,n=3",
    "zeroes": "zero",
    "bytes of another place": "wrongrange",
}
# Where in a file, whose directory begins at byte 192: the magic, where the directory is, its length, tags, the
# georeference and the tables of blocks.
HEADER_BYTES = [3, 6, 194, 222, 247, 282, 302, 380, 422, 502, 954, 989]
OTHER_FRONTS = {
    "a front of other bytes": "wrongrange",
    "a front with zeroes": "zero:at=0",
    "a front with zeroes from byte 2": "zero:at=2",
}


def at_first(rule, attempts, **more):
    """The rule for every range at its first attempts; `more` parameters are the stand's."""
    words = [f"attempts={attempts}", *(f"{name}={value}" for name, value in more.items())]
    return with_parameter(rule, ",".join(words))


# ---------------------------------------------------------------- what stays

ATTEMPTS = r"\(\d+ attempts in [\d.]+ s\)"
PERSISTENT = {  # and what the one line must say, beside object and range
    "503 always": ("slowdown", ["HTTP 503 SlowDown", ATTEMPTS, "deadline"]),
    "500 mid-run": (f"error:status=500,skip={FILES}", ["HTTP 500", ATTEMPTS]),
    "reset always": ("reset_early", [ATTEMPTS]),
    "truncated mid-run": (f"truncate:minbytes={FRONT + 1}", ["ends before|bytes|closed", r"\(\d+ attempts"]),
    "404 at open": (f"missing:key={RED}", ["HTTP 404", "1 attempt"]),
    "404 mid-run": (f"missing:skip={FILES}", ["HTTP 404", "1 attempt"]),
    "403 at open": ("denied", ["HTTP 403", "1 attempt"]),
    "403 mid-run": (f"denied:skip={FILES}", ["HTTP 403", "1 attempt"]),
    "expired token": ("expired", ["HTTP 400", "ExpiredToken", "1 attempt"]),
    "expired token, 403": ("expired:status=403", ["HTTP 403", "ExpiredToken", "1 attempt"]),
    "overwritten mid-run": (f"othertag:minbytes={FRONT + 1}", ["another object than before", "1 attempt"]),
    "a page always": ("html", ["HTML page", "4 attempts"]),
    "a page mid-run": (f"html:skip={FILES}", ["HTML page", "4 attempts"]),
    "silence": ("stall_early:s=60", [r"\(\d+ attempts? in [\d.]+ s\)"]),
}
DAMAGED_FOR_GOOD = {
    "a flipped bit in blocks": f"bitflip:minbytes={FRONT + 1},key={RED}",
    "blocks of another place": f"wrongrange:minbytes={FRONT + 1}",
}
NO_HEADERS = {
    "a flipped bit in the magic": f"bitflip:at=1,key={RED}",
    "a flipped bit in the tables": f"bitflip:at=318,key={RED}",
    "fronts of zeroes": "zero:at=0",
    "fronts of other bytes": "wrongrange",
}
WRONG_KEYS = {  # and what the line says
    "wrong secret": ({**KEYS, "AWS_SECRET_ACCESS_KEY": "other"}, "these keys are wrong for this endpoint"),
    "wrong id": ({**KEYS, "AWS_ACCESS_KEY_ID": "other"}, "these keys are wrong for this endpoint"),
    "unsigned": ({"AWS_NO_SIGN_REQUEST": "YES"}, "not signed"),
    "no keys": ({}, "no credentials were found"),
}

# ---------------------------------------------------------------- a bad day

BAD_DAY = {
    "slowdown": 0.02, "error:status=500": 0.01, "reset": 0.01, "truncate": 0.01, "reset_early": 0.01,
    "short": 0.005, "stall:s=60": 0.004, "bitflip": 0.002,
}  # fmt: skip
# How many times as frequent its faults are, and the seconds that it may cost: more silent answers than are asked beside
# cost the ten seconds after which silence is given up.
BAD_DAYS = {"bad": (1, 10), "five times as bad": (5, 20)}


def bad_day(times):
    """Its rules, with each fault `times` as frequent."""
    return [with_parameter(rule, f"rate={rate * times}") for rule, rate in BAD_DAY.items()]


def most_seconds(clean, more):
    """A run on such a day takes no longer, where one without faults takes `clean` seconds."""
    return max(3 * clean, clean + more)


NETWORK_WORDS = {  # of `network` in the report -> in the summary
    "retries": "tried again",
    "throttled": "asked to slow down",
    "hedges": "asked beside a slow one",
    "damaged_blocks": "blocks came damaged and were fetched again",
}
