// From values to a scale that a person reads: a robust range over all panels and round numbers on
// it. Pure functions.
#pragma once
#include <span>
#include <string>
#include <vector>

namespace cubemill {

/// The values at the two ends of the colour bar, and whether there are values beyond them.
struct ColourScale {
  double low = 0, high = 1;
  bool below = false, above = false;
};

/// Stretches over the valid values of all panels. Measurements: from their 2nd to their 98th
/// percentile. Counts: from 0 to the 98th percentile of those above 0, rounded up. Never of zero
/// width; 0…1 when nothing is valid.
ColourScale stretch(std::span<const std::vector<float>> panels, bool counts);

/// Lists at most `most` round numbers (1, 2 or 5 times a power of ten apart) in low…high; whole
/// ones when `whole`.
std::vector<double> round_ticks(double low, double high, int most, bool whole);

/// Writes ticks with the decimals that their distance needs, and a real minus sign.
std::vector<std::string> tick_labels(const std::vector<double>& ticks);

}  // namespace cubemill
