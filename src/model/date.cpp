#include "cubemill/model/date.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace cubemill {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_us = 86'400 * second_us;

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/// Reads a text from left to right; every step says whether it fitted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool starts_with_digit() const { return !done() && rest_[0] >= '0' && rest_[0] <= '9'; }

  bool one_of(std::string_view characters, char* found = nullptr) {
    if (done() || characters.find(rest_[0]) == std::string_view::npos) return false;
    if (found) *found = rest_[0];
    rest_.remove_prefix(1);
    return true;
  }

  bool number(int digits, int low, int high, int* value) {
    int sum = 0;
    for (int i = 0; i < digits; ++i) {
      if (!starts_with_digit()) return false;
      sum = sum * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    *value = sum;
    return sum >= low && sum <= high;
  }

  /// Any number of digits, at least one; what is finer than a microsecond is dropped.
  bool fraction(std::int64_t* microseconds) {
    if (!starts_with_digit()) return false;
    *microseconds = 0;
    for (std::int64_t unit = second_us / 10; starts_with_digit(); unit /= 10) {
      *microseconds += unit * (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }

 private:
  std::string_view rest_;
};

std::optional<Date> checked_date(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(unsigned(month)),
                                         std::chrono::day(unsigned(day))};
  if (!date.ok()) return std::nullopt;
  return Date{std::int32_t(std::chrono::sys_days(date).time_since_epoch().count())};
}

std::optional<Date> scan_date(Scanner& in) {
  int year = 0, month = 0, day = 0;
  if (!in.number(4, 1, 9999, &year) || !in.one_of("-") || !in.number(2, 1, 12, &month) ||
      !in.one_of("-") || !in.number(2, 1, 31, &day))
    return std::nullopt;
  return checked_date(year, month, day);
}

/// `hh:mm:ss[.fraction]` as microseconds since midnight.
std::optional<std::int64_t> scan_time(Scanner& in) {
  int hour = 0, minute = 0, second = 0;
  std::int64_t fraction = 0;
  if (!in.number(2, 0, 23, &hour) || !in.one_of(":") || !in.number(2, 0, 59, &minute) ||
      !in.one_of(":") || !in.number(2, 0, 60, &second))
    return std::nullopt;
  if (in.one_of(".") && !in.fraction(&fraction)) return std::nullopt;
  if (second == 60) second = 59;  // a leap second
  return ((hour * 60 + minute) * 60 + second) * second_us + fraction;
}

/// `Z`, `±hh:mm` or nothing, as microseconds that local time is ahead of UTC.
std::optional<std::int64_t> scan_zone(Scanner& in) {
  if (in.done() || in.one_of("Zz")) return 0;
  char sign = '+';
  int hours = 0, minutes = 0;
  if (!in.one_of("+-", &sign) || !in.number(2, 0, 23, &hours) || !in.one_of(":") ||
      !in.number(2, 0, 59, &minutes))
    return std::nullopt;
  const std::int64_t ahead = (hours * 60 + minutes) * 60 * second_us;
  return sign == '-' ? -ahead : ahead;
}

bool in_range(Instant instant) {
  static const Date first = *checked_date(1, 1, 1), last = *checked_date(9999, 12, 31);
  const Date date = utc_date(instant);
  return first <= date && date <= last;
}

}  // namespace

CivilDate civil(Date date) {
  const std::chrono::year_month_day ymd{std::chrono::sys_days(std::chrono::days(date.days))};
  return {int(ymd.year()), std::int32_t(unsigned(ymd.month())), std::int32_t(unsigned(ymd.day()))};
}

Date date_of(CivilDate civil) {
  const auto days = std::chrono::sys_days(std::chrono::year(civil.year) /
                                          std::chrono::month(unsigned(civil.month)) /
                                          std::chrono::day(unsigned(civil.day)));
  return {std::int32_t(days.time_since_epoch().count())};
}

std::string to_string(Date date) {
  const CivilDate c = civil(date);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d", c.year, c.month, c.day);
  return text.data();
}

std::optional<ParsedInstant> parse_instant(std::string_view text) {
  Scanner in(text);
  const auto date = scan_date(in);
  if (!date) return std::nullopt;
  Instant instant{date->days * day_us};
  if (in.done()) return ParsedInstant{instant, false};
  if (!in.one_of("Tt ")) return std::nullopt;
  const auto time = scan_time(in);
  if (!time) return std::nullopt;
  const auto ahead = scan_zone(in);
  if (!ahead || !in.done()) return std::nullopt;
  instant.microseconds += *time - *ahead;
  if (!in_range(instant)) return std::nullopt;
  return ParsedInstant{instant, instant.microseconds % day_us != 0};
}

Date utc_date(Instant instant) {
  return {std::int32_t(floor_divide(instant.microseconds, day_us))};
}

std::string to_string(Instant instant) {
  const Date date = utc_date(instant);
  const std::int64_t in_day = instant.microseconds - date.days * day_us;
  const int seconds = int(in_day / second_us), fraction = int(in_day % second_us);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "T%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60,
                seconds % 60);
  std::string result = to_string(date) + text.data();
  if (fraction != 0) {
    std::snprintf(text.data(), text.size(), ".%06d", fraction);
    result += text.data();
    result.erase(result.find_last_not_of('0') + 1);
  }
  return result + "Z";
}

Date solar_date(Instant instant, double longitude) {
  const auto seconds = std::int64_t(longitude * 240);  // toward zero, as Python's int()
  return utc_date({instant.microseconds + seconds * second_us});
}

}  // namespace cubemill
