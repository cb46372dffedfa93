#include <algorithm>
#include <cmath>
#include <map>

#include "cubemill/base/error.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

double centre_longitude(const GeoBox& grid) {
  const Point c = grid.transform.apply(double(grid.width) / 2, double(grid.height) / 2);
  double x = c.x, y = c.y;
  if (!grid.crs.geographic())
    Transformer(grid.crs, Crs::parse("OGC:CRS84"), Transformer::Need::rough).forward(&x, &y, 1);
  return std::isfinite(x) ? x : 0;
}

// The days to make periods of: the asked interval, at its open ends the observations'. A solar day
// may lie a day outside the interval that selected by UTC; nothing selected is lost.
std::pair<Date, Date> range_of(const std::vector<Observation>& observations,
                               const DateInterval& asked) {
  const auto [low, high] = std::minmax_element(
      observations.begin(), observations.end(),
      [](const Observation& a, const Observation& b) { return a.date < b.date; });
  Date first = low->date, last = high->date;
  if (asked.first) first = std::min(first, *asked.first);
  if (asked.last) last = std::max(last, *asked.last);
  return {first, last};
}

}  // namespace

void group_observations(Plan& plan, const Survey& survey, const Recipe& recipe) {
  const double longitude = centre_longitude(plan.grid);
  std::map<Date, std::size_t> days;
  for (std::size_t i = 0; i < plan.scenes.size(); ++i) {
    const Scene& scene = survey.scenes[survey.surveyed[plan.scenes[i].surveyed].scene];
    const bool by_day = recipe.group_by == GroupBy::solar_day;
    const Date date = by_day ? solar_day(scene, longitude) : utc_date(scene.start);
    if (by_day) {
      const auto [day, fresh] = days.try_emplace(date, plan.observations.size());
      if (!fresh) {
        plan.observations[day->second].scenes.push_back(i);
        continue;
      }
    }
    plan.observations.push_back({date, 0, {i}});
  }
  std::stable_sort(plan.observations.begin(), plan.observations.end(),
                   [](const Observation& a, const Observation& b) { return a.date < b.date; });
  const auto [first, last] = range_of(plan.observations, recipe.datetime);
  plan.periods = Periods(recipe.period, first, last);
  std::vector<std::size_t> counts(plan.periods.size());
  for (Observation& o : plan.observations) {
    o.period = plan.periods.index_of(o.date).value();
    plan.most_observations = std::max(plan.most_observations, ++counts[o.period]);
  }
  if (plan.most_observations > WideSum::max_count)
    throw InvalidInput(std::to_string(plan.most_observations) +
                       " observations in one period; at most " +
                       std::to_string(WideSum::max_count) + ": choose a finer --period");
}

}  // namespace cubemill
