// Intervals of whole days as people write them: `2021`, `2021-03/..`,
// `2021-12-15/2022-02-28T12:00:00Z`.
#include "cubemill/base/error.hpp"
#include "cubemill/model/date.hpp"

namespace cubemill {
namespace {

struct DayRange {
  Date first, last;
};

/// `YYYY` and `YYYY-MM`, widened; anything else by parse_instant.
std::optional<DayRange> parse_days(const std::string& text) {
  if (const auto instant = parse_instant(text)) {
    const Date day = utc_date(instant->instant);
    return DayRange{day, day};
  }
  if (text.size() == 4) {
    const auto first = parse_instant(text + "-01-01"), last = parse_instant(text + "-12-31");
    if (first && last) return DayRange{utc_date(first->instant), utc_date(last->instant)};
  }
  if (text.size() == 7) {
    const auto first = parse_instant(text + "-01");
    if (!first) return std::nullopt;
    CivilDate next = civil(utc_date(first->instant));
    next =
        next.month == 12 ? CivilDate{next.year + 1, 1, 1} : CivilDate{next.year, next.month + 1, 1};
    return DayRange{utc_date(first->instant), Date{date_of(next).days - 1}};
  }
  return std::nullopt;
}

bool is_open(const std::string& end) { return end.empty() || end == ".."; }

[[noreturn]] void fail_unreadable(const std::string& text) {
  throw InvalidInput(
      "cannot read the time '" + text +
      "': write A/B, A/.., ../B or A, where A and B are dates such as 2021, 2021-03, "
      "2021-03-15 or 2021-03-15T10:00:00Z");
}

}  // namespace

DateInterval parse_interval(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos) {
    const auto days = parse_days(text);
    if (!days) fail_unreadable(text);
    return {days->first, days->last};
  }
  const std::string a = text.substr(0, slash), b = text.substr(slash + 1);
  DateInterval interval;
  if (!is_open(a)) {
    const auto days = parse_days(a);
    if (!days) fail_unreadable(text);
    interval.first = days->first;
  }
  if (!is_open(b)) {
    const auto days = parse_days(b);
    if (!days) fail_unreadable(text);
    interval.last = days->last;
  }
  if (interval.first && interval.last && *interval.last < *interval.first)
    throw InvalidInput("the time '" + text + "' ends before it begins: swap its two dates");
  return interval;
}

}  // namespace cubemill
