#include "exec/wanted_blocks.hpp"

#include <algorithm>
#include <limits>

#include "cubemill/base/wide_loops.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/window_layout.hpp"

namespace cubemill {
namespace {

constexpr std::int64_t cell = 32;
std::int64_t cells_along(std::int64_t pixels) { return (pixels + cell - 1) / cell; }

/// Source pixels that the output pixels [x0, x1] × [y0, y1] of a chunk reach.
struct Reach {
  std::int64_t left = std::numeric_limits<std::int64_t>::max(), top = left;
  std::int64_t right = std::numeric_limits<std::int64_t>::min(), bottom = right;

  void take(const TileCoordinates& t, std::int64_t x, std::int64_t y) {
    const CentreSegment& s = t.centres[std::size_t(y * t.segments + x / t.spacing)];
    const auto k = std::int32_t(x % t.spacing) - t.spacing / 2;
    if (s.u.a == nowhere_q32) return;
    const std::int64_t u = at(s.u, k) >> 32, v = at(s.v, k) >> 32;
    left = std::min(left, u), right = std::max(right, u);
    top = std::min(top, v), bottom = std::max(bottom, v);
  }
  bool any() const { return left <= right; }
};

Reach reach_of_cell(const TileCoordinates& t, std::int64_t x0, std::int64_t y0, std::int64_t x1,
                    std::int64_t y1) {
  Reach r;
  if (t.spacing == 1) {  // the map may have a seam: look at every pixel
    for (std::int64_t y = y0; y <= y1; ++y)
      for (std::int64_t x = x0; x <= x1; ++x) r.take(t, x, y);
  } else {
    for (const std::int64_t y : {y0, y1})
      for (const std::int64_t x : {x0, x1}) r.take(t, x, y);
  }
  if (!r.any()) return r;
  // A box reaches half an output pixel beyond its centre, cubic two source pixels; one more for the
  // bulge of the edges.
  const std::int64_t pixels = std::max<std::int64_t>(1, std::min(x1 - x0, y1 - y0));
  const std::int64_t more = 4 + std::max(r.right - r.left, r.bottom - r.top) / pixels;
  r.left -= more, r.top -= more, r.right += more, r.bottom += more;
  return r;
}

}  // namespace

BlockRectangle block_rectangle(const SourceWindow& w, const RasterInfo& info) {
  if (w.empty()) return {};
  return {w.left / info.block_width, w.top / info.block_height,
          (w.right - 1) / info.block_width + 1, (w.bottom - 1) / info.block_height + 1};
}

CUBEMILL_WIDE_LOOPS FlagCounts count_flags(const std::uint8_t* classes, std::int64_t width,
                                           std::int64_t height) {
  const std::int64_t stride = class_stride(width);
  constexpr std::int64_t most = 255 * run_length;  // what a byte a lane can count
  FlagCounts counts;
  for (std::int64_t y = 0; y < height; ++y, classes += stride)
    for (std::int64_t begin = 0; begin < stride; begin += most) {
      std::uint8_t missing[run_length] = {}, masked[run_length] = {};
      const std::int64_t end = std::min(stride, begin + most);
      for (std::int64_t x = begin; x < end; x += run_length)
        for (int i = 0; i < run_length; ++i) {
          missing[i] = std::uint8_t(missing[i] + (classes[x + i] == qa_missing));
          masked[i] = std::uint8_t(masked[i] + (classes[x + i] == qa_masked));
        }
      counts.seen += std::uint64_t(end - begin);
      for (int i = 0; i < run_length; ++i) counts.seen -= missing[i], counts.masked += masked[i];
    }
  return counts;
}

CUBEMILL_WIDE_LOOPS std::vector<std::uint8_t> good_cells(
    const std::vector<const std::uint8_t*>& planes, std::int64_t width, std::int64_t height) {
  const std::int64_t across = cells_along(width), stride = class_stride(width);
  std::vector<std::uint8_t> cells(std::size_t(across * cells_along(height)));
  for (const std::uint8_t* plane : planes)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t c = 0; c < across; ++c) {
        const std::uint8_t* const p = plane + y * stride + c * cell;
        std::uint8_t any = 0;
        for (std::int64_t i = 0; i < cell; ++i) any |= std::uint8_t(p[i] == qa_good);
        cells[std::size_t(y / cell * across + c)] |= any;
      }
  return cells;
}

std::vector<std::uint8_t> wanted_blocks(const Chunk& chunk, const TileCoordinates& tables,
                                        const Lattice::Origin& origin, const SourceWindow& source,
                                        const RasterInfo& info,
                                        const std::vector<std::uint8_t>& cells) {
  const BlockRectangle blocks = block_rectangle(source, info);
  std::vector<std::uint8_t> wanted(std::size_t(blocks.count()));
  if (tables.spacing == 0 || blocks.count() == 0) return wanted;
  const std::int64_t width = chunk.window.width, height = chunk.window.height,
                     across = cells_along(width);
  // Where every cell is good the whole window is; and a cell one pixel wide says nothing of how far
  // a pixel reaches.
  const bool narrow = width % cell == 1 || height % cell == 1;
  if (narrow ? std::find(cells.begin(), cells.end(), 1) != cells.end()
             : std::find(cells.begin(), cells.end(), 0) == cells.end()) {
    std::fill(wanted.begin(), wanted.end(), std::uint8_t(1));
    return wanted;
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i]) continue;
    const std::int64_t x0 = std::int64_t(i) % across * cell, y0 = std::int64_t(i) / across * cell;
    const Reach r = reach_of_cell(tables, x0, y0, std::min(x0 + cell, width) - 1,
                                  std::min(y0 + cell, height) - 1);
    if (!r.any()) continue;
    const auto clamp = [](std::int64_t v, std::int64_t low, std::int64_t high) {
      return std::int32_t(std::clamp(v, low, high));
    };
    const SourceWindow part{clamp(r.left - origin.left, source.left, source.right),
                            clamp(r.top - origin.top, source.top, source.bottom),
                            clamp(r.right + 1 - origin.left, source.left, source.right),
                            clamp(r.bottom + 1 - origin.top, source.top, source.bottom)};
    const BlockRectangle b = block_rectangle(part, info);
    for (std::int64_t y = b.top; y < b.bottom; ++y)
      for (std::int64_t x = b.left; x < b.right; ++x)
        wanted[std::size_t((y - blocks.top) * (blocks.right - blocks.left) + x - blocks.left)] = 1;
  }
  return wanted;
}

}  // namespace cubemill
