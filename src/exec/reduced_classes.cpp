#include "exec/reduced_classes.hpp"

#include <algorithm>
#include <cstring>

#include "cubemill/base/wide_loops.hpp"
#include "cubemill/pixel/qa_rule.hpp"

namespace cubemill {
namespace {

static_assert(qa_missing < qa_masked && qa_masked < qa_good, "the worst class is the smallest");

std::vector<PixelRange> ranges(const std::vector<OverviewAxis>& axes, std::int64_t first,
                               std::int64_t last) {
  std::vector<PixelRange> under;
  for (std::int64_t pixel = first; pixel < last; ++pixel)
    under.push_back(flags_under(axes, {pixel, pixel + 1}));
  return under;
}

bool inside(const PixelRange& range, std::int64_t first, std::int64_t last) {
  return range.first >= first && range.last <= last;
}

CUBEMILL_WIDE_LOOPS void take_worse(std::uint8_t* worst, const std::uint8_t* row,
                                    std::size_t pixels) {
  for (std::size_t i = 0; i < pixels; ++i) worst[i] = std::min(worst[i], row[i]);
}

}  // namespace

void reduce_classes(const FlagPixels& flags, const FlagCover& cover, const SourceWindow& window,
                    std::uint8_t* out, std::ptrdiff_t stride) {
  const SourceWindow& w = flags.window;
  const std::vector<PixelRange> columns = ranges(cover.columns, window.left, window.right);
  const std::vector<PixelRange> rows = ranges(cover.rows, window.top, window.bottom);
  const std::size_t across = std::size_t(std::max(w.right - w.left, 0));
  std::vector<std::uint8_t> worst(across);
  for (std::size_t y = 0; y < rows.size(); ++y, out += stride) {
    std::memset(out, qa_missing, columns.size());
    if (!inside(rows[y], w.top, w.bottom)) continue;
    std::fill(worst.begin(), worst.end(), std::uint8_t(qa_good));
    for (std::int64_t row = rows[y].first; row < rows[y].last; ++row)
      take_worse(worst.data(), flags.first + (row - w.top) * flags.stride, across);
    for (std::size_t x = 0; x < columns.size(); ++x) {
      if (!inside(columns[x], w.left, w.right)) continue;
      out[x] = *std::min_element(worst.begin() + (columns[x].first - w.left),
                                 worst.begin() + (columns[x].last - w.left));
    }
  }
}

}  // namespace cubemill
