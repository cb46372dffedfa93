// What dates are grouped into: seasons, months, years. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/date.hpp"

namespace cubemill {

enum class PeriodKind { season, season_year, month, month_year, year, all };

/// Reads `season`, `season-year`, `month`, `month-year`, `year`, `all`; throws InvalidInput that
/// lists them.
PeriodKind parse_period(const std::string& name);
std::string to_string(PeriodKind kind);

/// The periods of an interval in time order, empty ones included.
/// season: DJF, MAM, JJA, SON pooled over the years (all four, always). season_year: `2021-DJF`
/// (December belongs to the next year's DJF). month: `01`…`12` (all twelve). month_year: `2021-03`.
/// year: `2021`. all: `all`.
class Periods {
 public:
  Periods(PeriodKind kind, Date first, Date last);

  PeriodKind kind() const { return kind_; }
  const std::vector<std::string>& labels() const { return labels_; }
  std::size_t size() const { return labels_.size(); }
  /// Index of the period that `date` belongs to; nothing when outside the interval's periods.
  std::optional<std::size_t> index_of(Date date) const;

 private:
  PeriodKind kind_;
  std::int64_t origin_ = 0;  // ordinal of the first period
  std::vector<std::string> labels_;
};

}  // namespace cubemill
