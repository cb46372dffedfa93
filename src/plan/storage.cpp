#include <cmath>
#include <limits>

#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

struct WordType {
  bool fits = false;
  Storage storage = Storage::u16;
  double low = 0, high = 0;  // of the type
};

WordType word_type(PixelType type) {
  switch (type) {
    case PixelType::u8:
      return {true, Storage::u16, 0, 255};
    case PixelType::i8:
      return {true, Storage::i16, -128, 127};
    case PixelType::u16:
      return {true, Storage::u16, 0, 65535};
    case PixelType::i16:
      return {true, Storage::i16, -32768, 32767};
    default:
      return {};
  }
}

std::uint16_t word(double value) { return std::uint16_t(std::int32_t(value)); }

}  // namespace

StorageChoice choose_storage(PixelType type, const BandNumbers& numbers,
                             const std::optional<ValueRange>& valid) {
  const WordType t = word_type(type);
  if (!t.fits) return {type == PixelType::f32 ? Storage::f32 : Storage::f64, 0};
  const auto inside = [&](double v) { return v >= t.low && v <= t.high && v == std::floor(v); };
  if (numbers.nodata && inside(*numbers.nodata)) return {t.storage, word(*numbers.nodata)};
  // No value is missing by definition: look for one that cannot occur or cannot count.
  if (t.high < 32767) return {t.storage, word(t.high + 1)};
  if (valid && valid->low > t.low) return {t.storage, word(t.low)};
  if (valid && valid->high < t.high) return {t.storage, word(t.high)};
  return {Storage::f32, 0};
}

ValueRange value_range(PixelType type, const std::optional<ValueRange>& valid) {
  const WordType t = word_type(type);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  ValueRange range{-infinity, infinity};
  if (t.fits) range = {t.low, t.high};
  if (type == PixelType::u32 || type == PixelType::u64) range.low = 0;
  if (valid) range = {std::max(range.low, valid->low), std::min(range.high, valid->high)};
  return range;
}

namespace {

template <class... Index>
bool within_one(std::int32_t index, const ValueRange* ranges, std::tuple<Index...>*) {
  std::int32_t i = 0;
  bool result = false;
  ((i++ == index && (result = Index::within_one(ranges))), ...);
  return result;
}

// The range of an input after scaling, over all scenes. Cubic may overshoot: no range is known
// then.
ValueRange range_of_input(const Survey& survey, std::size_t input) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (survey.inputs[input].method == Resampling::cubic) return {-infinity, infinity};
  ValueRange all{infinity, -infinity};
  for (const SurveyedScene& s : survey.surveyed) {
    const SceneInput& in = s.inputs[input];
    const ValueRange r = scaled_range(value_range(in.info.type, in.valid_range), *in.numbers.scale,
                                      *in.numbers.offset);
    all = {std::min(all.low, r.low), std::max(all.high, r.high)};
  }
  return all;
}

}  // namespace

void choose_accumulators(Plan& plan, const Survey& survey) {
  for (const IndexPlan& index : survey.indices) {
    ValueRange ranges[max_index_bands];
    for (std::size_t i = 0; i < index.inputs.size(); ++i)
      ranges[i] = range_of_input(survey, index.inputs[i]);
    const bool small = within_one(index.index, ranges, static_cast<AllIndices*>(nullptr)) &&
                       plan.most_observations <= PackedSum::max_count;
    plan.accumulators.push_back(small ? AccumulatorKind::packed : AccumulatorKind::wide);
  }
}

}  // namespace cubemill
