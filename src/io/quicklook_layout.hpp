// Where everything of a quick look goes. Pure: rectangles from sizes, in pixels, y down; none of
// them overlap.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cubemill {

struct Rect {
  double x = 0, y = 0, width = 0, height = 0;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
  bool overlaps(const Rect& o) const {
    return x < o.right() && o.x < right() && y < o.bottom() && o.y < bottom();
  }
};

struct PanelLayout {
  Rect label;
  Rect image;  ///< whole pixels
};

struct QuicklookLayout {
  int width = 0, height = 0;
  Rect title, subtitle;
  std::vector<PanelLayout> panels;
  Rect bar;     ///< colours
  Rect ticks;   ///< numbers under the bar; they may reach half a number beyond the bar's ends
  Rect unit;    ///< under the numbers
  Rect legend;  ///< right of the bar: what the grey means
  Rect note;    ///< under the legend
};

/// Length that the longer side of a panel may have when so many are drawn.
int panel_side(std::size_t panels);

/// Arranges `panels` images of `width` × `height` pixels whose pixels are `aspect` times as high as
/// wide. Large images shrink to the panel's side, small ones grow by a whole factor.
QuicklookLayout arrange(std::size_t panels, std::int64_t width, std::int64_t height, double aspect);

}  // namespace cubemill
