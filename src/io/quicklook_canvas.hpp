// A picture in memory to draw on, by Cairo, and its PNG. Text is DejaVu Sans, or the nearest font
// that is there.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "io/quicklook_colours.hpp"
#include "io/quicklook_layout.hpp"

namespace cubemill {

enum class Align { left, centre, right };

struct TextStyle {
  double size = 13;  ///< pixels
  bool bold = false;
  Colour colour = 0x222222;
  Align align = Align::left;
};

class Canvas {
 public:
  Canvas(int width, int height, Colour background);
  ~Canvas();

  void fill(const Rect& rect, Colour colour);
  void outline(const Rect& rect, Colour colour);
  /// Fills a triangle between the three points.
  void triangle(double x0, double y0, double x1, double y1, double x2, double y2, Colour colour);
  /// Copies pixels, row-major, to the whole-numbered place of `rect`.
  void image(const Rect& rect, const std::vector<Colour>& pixels);

  /// Draws one line of text in the middle of the height of `rect`; what is wider than it ends in an
  /// ellipsis. Gives the width that was used.
  double text(const Rect& rect, const std::string& line, const TextStyle& style);
  double text_width(const std::string& line, const TextStyle& style);

  std::vector<std::byte> png();

 private:
  std::string fitted(const std::string& line, double width, const TextStyle& style);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cubemill
