#include "cubemill/backend/mode.hpp"

#include <algorithm>
#include <vector>

#include "cubemill/pixel/sample.hpp"

namespace cubemill {
namespace {

struct Share {
  double value;
  double area;
};

double stored_value(Storage storage, const WindowView& w, std::int64_t col, std::int64_t row) {
  switch (storage) {
    case Storage::u16:
      return stored_value<Storage::u16>(w, col, row);
    case Storage::i16:
      return stored_value<Storage::i16>(w, col, row);
    case Storage::f32:
      return stored_value<Storage::f32>(w, col, row);
    case Storage::f64:
      return stored_value<Storage::f64>(w, col, row);
  }
  return missing();
}

void collect(const BandGroup& g, int band, const BoxSegment& s, int k, std::vector<Share>& shares) {
  const BoxSide x = box_side(s.u, s.width, k), y = box_side(s.v, s.height, k);
  shares.clear();
  if (!(x.end < 1e6) || !(y.end < 1e6)) return;  // a box across a seam of the projection
  for (int r = 0; r < taps(y.end); ++r)
    for (int c = 0; c < taps(x.end); ++c) {
      const double v = stored_value(g.storage, g.window[band], x.base - g.where.left + c,
                                    y.base - g.where.top + r);
      const double area = overlap(y.begin, y.end, double(r)) * overlap(x.begin, x.end, double(c));
      if (!is_missing(v) && area > 0) shares.push_back({v, area});
    }
}

// Areas are sums of rounded products: those within the edge tolerance of the largest are equal to
// it.
double mode_of(std::vector<Share>& shares) {
  if (shares.empty()) return missing();
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.value < b.value; });
  std::size_t distinct = 0;
  double largest = 0;
  for (const Share& s : shares) {
    if (distinct > 0 && shares[distinct - 1].value == s.value)
      shares[distinct - 1].area += s.area;
    else
      shares[distinct++] = s;
    largest = std::max(largest, shares[distinct - 1].area);
  }
  return std::find_if(shares.begin(), shares.begin() + std::ptrdiff_t(distinct),
                      [&](const Share& s) { return s.area > largest - edge_tolerance; })
      ->value;
}

}  // namespace

void sample_mode(const BandGroup& g, std::int64_t y, std::int32_t x0, std::int32_t count,
                 unsigned eights, RunValues& values) {
  thread_local std::vector<Share> shares;
  const std::size_t row = std::size_t(y * g.where.segments);
  for (std::int32_t i = 0; i < count; ++i) {
    if (!(eights >> (i / 8) & 1)) continue;
    const int x = x0 + i, segment = x / g.where.spacing;
    const int k = x - segment * g.where.spacing - g.where.spacing / 2;
    for (int b = 0; b < g.bands; ++b) {
      collect(g, b, g.where.boxes[row + std::size_t(segment)], k, shares);
      values[g.slot[b]][i] = mode_of(shares) * g.scale[b] + g.offset[b];
    }
  }
}

}  // namespace cubemill
