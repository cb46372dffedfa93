// Instants, dates and the solar day: plain values, proleptic Gregorian calendar, UTC. No time
// zones, no clock.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cubemill {

/// A calendar day, counted from 1970-01-01.
struct Date {
  std::int32_t days = 0;
  auto operator<=>(const Date&) const = default;
};

struct CivilDate {
  std::int32_t year = 1970;
  std::int32_t month = 1;  ///< 1…12
  std::int32_t day = 1;    ///< 1…31
};

CivilDate civil(Date date);
Date date_of(CivilDate civil);
/// Formats as `YYYY-MM-DD`.
std::string to_string(Date date);

/// A moment in UTC, in microseconds since 1970-01-01T00:00:00Z. Leap seconds count as :59.
struct Instant {
  std::int64_t microseconds = 0;
  auto operator<=>(const Instant&) const = default;
};

struct ParsedInstant {
  Instant instant;
  bool has_time_of_day = true;  ///< false for `YYYY-MM-DD` and for exactly midnight UTC
};

/// Reads an RFC 3339 date-time (`T` or space, any fraction, `Z` or `±hh:mm`, offset applied; no
/// zone counts as UTC) or a bare date, years 0001…9999; finer than a microsecond is rounded down.
/// Returns nothing when the text is neither.
std::optional<ParsedInstant> parse_instant(std::string_view text);

Date utc_date(Instant instant);
/// Formats as RFC 3339 with `Z`, with a fraction only where there is one.
std::string to_string(Instant instant);

/// Gives the date of UTC + int(240 s × longitude); int() truncates toward zero, longitude in
/// degrees east. Source: datacube.utils.dates / odc-stac `solar_offset`, in seconds instead of
/// whole hours.
Date solar_date(Instant instant, double longitude);

/// A closed interval of whole days, open where an end is missing.
struct DateInterval {
  std::optional<Date> first;
  std::optional<Date> last;
};

/// Reads `A/B`, `A/..`, `../B` or a single `A`, where A and B are dates, date-times (their day in
/// UTC), `YYYY-MM` or `YYYY` (widened to whole days); an empty end is open as `..` is. Throws
/// InvalidInput when unreadable or reversed.
DateInterval parse_interval(const std::string& text);

}  // namespace cubemill
