#include "cubemill/model/period.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

constexpr std::array<std::pair<PeriodKind, const char*>, 6> kinds{{
    {PeriodKind::season, "season"},
    {PeriodKind::season_year, "season-year"},
    {PeriodKind::month, "month"},
    {PeriodKind::month_year, "month-year"},
    {PeriodKind::year, "year"},
    {PeriodKind::all, "all"},
}};

constexpr std::array<const char*, 4> seasons{"DJF", "MAM", "JJA", "SON"};

/// Number of the period that `date` belongs to, counted from some fixed origin of its kind.
std::int64_t ordinal_of(PeriodKind kind, Date date) {
  const CivilDate c = civil(date);
  const int season = c.month % 12 / 3;
  switch (kind) {
    case PeriodKind::season:
      return season;
    case PeriodKind::season_year:
      return 4 * std::int64_t(c.year + (c.month == 12)) + season;
    case PeriodKind::month:
      return c.month - 1;
    case PeriodKind::month_year:
      return 12 * std::int64_t(c.year) + c.month - 1;
    case PeriodKind::year:
      return c.year;
    case PeriodKind::all:
      return 0;
  }
  return 0;
}

/// How many periods there are where the years are pooled; 0 where they are not.
std::int64_t pooled_size(PeriodKind kind) {
  switch (kind) {
    case PeriodKind::season:
      return 4;
    case PeriodKind::month:
      return 12;
    case PeriodKind::all:
      return 1;
    default:
      return 0;
  }
}

std::string padded(std::int64_t number, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*lld", digits, static_cast<long long>(number));
  return text.data();
}

std::string label_of(PeriodKind kind, std::int64_t ordinal) {
  switch (kind) {
    case PeriodKind::season:
      return seasons[std::size_t(ordinal)];
    case PeriodKind::season_year:
      return padded(ordinal / 4, 4) + "-" + seasons[std::size_t(ordinal % 4)];
    case PeriodKind::month:
      return padded(ordinal + 1, 2);
    case PeriodKind::month_year:
      return padded(ordinal / 12, 4) + "-" + padded(ordinal % 12 + 1, 2);
    case PeriodKind::year:
      return padded(ordinal, 4);
    case PeriodKind::all:
      return "all";
  }
  return {};
}

}  // namespace

PeriodKind parse_period(const std::string& name) {
  std::string known;
  for (const auto& [kind, text] : kinds) {
    if (name == text) return kind;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw InvalidInput("unknown period '" + name + "': choose one of " + known);
}

std::string to_string(PeriodKind kind) {
  for (const auto& [known, text] : kinds)
    if (known == kind) return text;
  return {};
}

Periods::Periods(PeriodKind kind, Date first, Date last) : kind_(kind) {
  if (last < first)
    throw InvalidInput("the interval of the periods ends (" + to_string(last) +
                       ") before it begins (" + to_string(first) + ")");
  std::int64_t count = pooled_size(kind);
  if (count == 0) {
    origin_ = ordinal_of(kind, first);
    count = ordinal_of(kind, last) - origin_ + 1;
  }
  labels_.reserve(std::size_t(count));
  for (std::int64_t i = 0; i < count; ++i) labels_.push_back(label_of(kind, origin_ + i));
}

std::optional<std::size_t> Periods::index_of(Date date) const {
  const std::int64_t index = ordinal_of(kind_, date) - origin_;
  if (index < 0 || index >= std::int64_t(labels_.size())) return std::nullopt;
  return std::size_t(index);
}

}  // namespace cubemill
