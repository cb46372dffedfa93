#include "io/quicklook_layout.hpp"

#include <algorithm>
#include <cmath>

namespace cubemill {
namespace {

constexpr double margin = 32, gap = 18;
constexpr double title_height = 36, subtitle_height = 24, label_height = 24;
constexpr double bar_height = 16, ticks_height = 22, unit_height = 20;
constexpr double legend_width = 190;
constexpr double narrowest_cell = 120;     // a label and a share fit
constexpr double narrowest_content = 640;  // a title, a bar and a legend fit
constexpr double pleasing_ratio = 1.4;     // width to height of all panels together

struct Size {
  double width = 0, height = 0;
};

Size image_size(std::int64_t width, std::int64_t height, double aspect, double side) {
  const double w = double(width), h = double(height) * aspect;
  const double fit = side / std::max(w, h);
  const double scale = fit >= 1 ? std::floor(fit) : fit;
  return {std::max(1.0, std::round(w * scale)), std::max(1.0, std::round(h * scale))};
}

// Columns whose grid comes nearest to a pleasing shape; empty places count against it.
std::size_t choose_columns(std::size_t panels, const Size& cell) {
  std::size_t best = 1;
  double least = INFINITY;
  for (std::size_t columns = 1; columns <= panels; ++columns) {
    const std::size_t rows = (panels + columns - 1) / columns;
    const double ratio = double(columns) * cell.width / (double(rows) * cell.height);
    const double empty = double(columns * rows - panels) / double(panels);
    const double badness = std::fabs(std::log(ratio / pleasing_ratio)) + empty;
    if (badness < least - 1e-9) least = badness, best = columns;
  }
  return best;
}

}  // namespace

int panel_side(std::size_t panels) {
  if (panels <= 1) return 900;
  if (panels <= 4) return 600;
  if (panels <= 6) return 460;
  if (panels <= 12) return 360;
  if (panels <= 20) return 290;
  return 220;
}

QuicklookLayout arrange(std::size_t panels, std::int64_t width, std::int64_t height,
                        double aspect) {
  const Size image = image_size(width, height, aspect, panel_side(panels));
  const Size cell{std::max(image.width, narrowest_cell), label_height + image.height};
  const std::size_t columns = choose_columns(std::max<std::size_t>(panels, 1), cell);
  const double grid_width = double(columns) * (cell.width + gap) - gap;
  const double content = std::max(grid_width, narrowest_content);
  QuicklookLayout layout;
  layout.title = {margin, margin - 8, content, title_height};
  layout.subtitle = {margin, layout.title.bottom(), content, subtitle_height};
  const double left = margin + std::floor((content - grid_width) / 2);
  double y = layout.subtitle.bottom() + 10;
  for (std::size_t i = 0; i < panels; ++i) {
    if (i > 0 && i % columns == 0) y += cell.height + gap;
    const double x = left + double(i % columns) * (cell.width + gap);
    layout.panels.push_back(
        {{x, y, cell.width, label_height}, {x, y + label_height, image.width, image.height}});
  }
  const double bar_top = y + cell.height + 26;
  const double bar_width = std::min(560.0, content - legend_width - 40);
  layout.bar = {margin + 16, bar_top, bar_width, bar_height};
  layout.ticks = {layout.bar.x, layout.bar.bottom() + 4, bar_width, ticks_height - 4};
  layout.unit = {layout.bar.x, layout.ticks.bottom(), bar_width, unit_height};
  layout.legend = {margin + content - legend_width, bar_top, legend_width, bar_height};
  layout.note = {layout.legend.x, layout.ticks.y, legend_width, ticks_height};
  layout.width = static_cast<int>(std::ceil(margin + content + margin));
  layout.height = static_cast<int>(std::ceil(layout.unit.bottom() + margin - 14));
  return layout;
}

}  // namespace cubemill
