"""Items in order, the solar days that they belong to, and the periods of the days."""

import collections
import json
import os
from datetime import datetime, timedelta, timezone

SEASONS = ["DJF", "MAM", "JJA", "SON"]


def read_items(path):
    """The features of an ItemCollection with absolute hrefs, in order of (datetime, id)."""
    base = os.path.dirname(os.path.abspath(path))
    with open(path, encoding="utf-8") as file:
        items = json.load(file)["features"]
    for item in items:
        for asset in item["assets"].values():
            asset["href"] = os.path.normpath(os.path.join(base, asset["href"]))
    return sorted(items, key=lambda item: (instant(item), item["id"]))


def instant(item):
    """The item's datetime, in UTC."""
    text = item["properties"]["datetime"].replace("Z", "+00:00")
    return datetime.fromisoformat(text).astimezone(timezone.utc).replace(tzinfo=None)


def solar_date(item, output_longitude):
    """Date of UTC + int(240 s x longitude of the bbox's centre), taken within 180 degrees of the output's."""
    west, _, east, _ = item["bbox"]
    longitude = (west + east) / 2
    longitude += 360 * round((output_longitude - longitude) / 360)
    return (instant(item) + timedelta(seconds=int(240 * longitude))).date()


def observations(items, options, output_longitude):
    """[(date, [items in order])]: the scenes of one solar day together, or each alone under its UTC date."""
    if options.groupby == "scene":
        return [(instant(item).date(), [item]) for item in items]
    days = collections.defaultdict(list)
    for item in items:
        days[solar_date(item, output_longitude)].append(item)
    return sorted(days.items())


def season_of(day):
    return SEASONS[day.month % 12 // 3]


def label_of(day, period):
    """The label of the period that a date belongs to."""
    season_year = day.year + (day.month == 12)
    return {
        "season": season_of(day),
        "season-year": f"{season_year:04d}-{season_of(day)}",
        "month": f"{day.month:02d}",
        "month-year": f"{day.year:04d}-{day.month:02d}",
        "year": f"{day.year:04d}",
        "all": "all",
    }[period]


def labels(first, last, period):
    """All periods from one date to the other in time order, empty ones included; pooled ones are always complete."""
    if period == "season":
        return list(SEASONS)
    if period == "month":
        return [f"{month:02d}" for month in range(1, 13)]
    days = (first + timedelta(days=k) for k in range((last - first).days + 1))
    return list(dict.fromkeys(label_of(day, period) for day in days))
