#include "io/quicklook_stretch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace cubemill {
namespace {

constexpr double lower_share = 0.02, upper_share = 0.98;
constexpr std::size_t enough_values = std::size_t{1}
                                      << 20;  // percentiles of more would look the same

// Valid values, thinned evenly where there are too many.
std::vector<float> sample_of(std::span<const std::vector<float>> panels, bool counts) {
  std::size_t total = 0;
  for (const auto& panel : panels) total += panel.size();
  const std::size_t step = total / enough_values + 1;
  std::vector<float> values;
  for (const auto& panel : panels)
    for (std::size_t i = 0; i < panel.size(); i += step)
      if (std::isfinite(panel[i]) && (!counts || panel[i] > 0)) values.push_back(panel[i]);
  return values;
}

double percentile(std::vector<float>& values, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(std::lround(share * double(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

// A range without width gets one that shows on a scale of its value's size.
void widen(ColourScale& scale) {
  if (scale.high > scale.low) return;
  const double half = scale.low == 0 ? 0.5 : 0.1 * std::fabs(scale.low);
  scale.low -= half, scale.high += half;
}

}  // namespace

ColourScale stretch(std::span<const std::vector<float>> panels, bool counts) {
  std::vector<float> values = sample_of(panels, counts);
  if (values.empty()) return {};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double minimum = *least, maximum = *most;
  ColourScale scale;
  scale.high = percentile(values, upper_share);
  if (counts) {
    scale.high = std::ceil(scale.high);
  } else {
    scale.low = percentile(values, lower_share);
    widen(scale);
    scale.below = minimum < scale.low;
  }
  scale.above = maximum > scale.high;
  return scale;
}

std::vector<double> round_ticks(double low, double high, int most, bool whole) {
  double step = std::pow(10, std::floor(std::log10((high - low) / most)));
  if (whole) step = std::max(step, 1.0);
  const auto first = [&](double s) { return std::ceil(low / s - 1e-9); };
  const auto last = [&](double s) { return std::floor(high / s + 1e-9); };
  for (int i = 0; last(step) - first(step) + 1 > most; ++i) step *= i % 3 == 1 ? 2.5 : 2;
  std::vector<double> ticks;
  for (double i = first(step); i <= last(step); ++i) ticks.push_back(i * step);
  return ticks;
}

std::vector<std::string> tick_labels(const std::vector<double>& ticks) {
  const double step =
      ticks.size() > 1 ? ticks[1] - ticks[0] : std::fabs(ticks.empty() ? 1 : ticks[0]);
  const int decimals =
      step > 0 ? std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 12) : 0;
  std::vector<std::string> labels;
  for (const double tick : ticks) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, std::fabs(tick));
    labels.push_back((tick < -step / 2 ? "\u2212" : "") + std::string(text));
  }
  return labels;
}

}  // namespace cubemill
