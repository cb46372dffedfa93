#include "io/quicklook_image.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cubemill {
namespace {

// The source pixels under one output pixel along one axis.
struct Span {
  std::int64_t first = 0, last = 0;
  double first_weight = 0, last_weight = 0;

  double weight(std::int64_t i) const {
    return i == first ? first_weight : i == last ? last_weight : 1.0;
  }
};

// In whole numbers of 1/out of a pixel, so that whole factors stay exact.
std::vector<Span> spans(std::int64_t in, std::int64_t out) {
  std::vector<Span> all;
  for (std::int64_t i = 0; i < out; ++i) {
    const std::int64_t begin = i * in, end = begin + in;
    Span s;
    s.first = begin / out, s.last = (end - 1) / out;
    s.first_weight = double(std::min((s.first + 1) * out, end) - begin) / double(out);
    s.last_weight = double(end - s.last * out) / double(out);
    all.push_back(s);
  }
  return all;
}

}  // namespace

std::vector<float> resample_by_area(const std::vector<float>& values, std::int64_t width,
                                    std::int64_t height, std::int64_t out_width,
                                    std::int64_t out_height) {
  const std::vector<Span> across = spans(width, out_width), down = spans(height, out_height);
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(out_width * out_height));
  for (const Span& rows : down)
    for (const Span& columns : across) {
      double sum = 0, weights = 0;
      for (std::int64_t y = rows.first; y <= rows.last; ++y)
        for (std::int64_t x = columns.first; x <= columns.last; ++x) {
          const float v = values[y * width + x];
          if (!std::isfinite(v)) continue;
          const double weight = rows.weight(y) * columns.weight(x);
          sum += weight * v, weights += weight;
        }
      out.push_back(weights > 0 ? static_cast<float>(sum / weights)
                                : std::numeric_limits<float>::quiet_NaN());
    }
  return out;
}

}  // namespace cubemill
