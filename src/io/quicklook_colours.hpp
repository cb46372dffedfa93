// Colours of the quick look: two palettes and the greys. Pure values.
#pragma once
#include <array>
#include <cstdint>

namespace cubemill {

/// 0xRRGGBB, sRGB.
using Colour = std::uint32_t;

class Palette {
 public:
  static constexpr std::size_t steps = 256;

  /// Bare ground to dense vegetation: brown, cream, green.
  static const Palette& vegetation();
  /// Few to many, each step darker than the one before.
  static const Palette& counts();

  /// Gives the colour at `share` of the scale, held to 0…1.
  Colour at(double share) const {
    const double position = share * double(steps - 1) + 0.5;
    return colours_[position <= 0                   ? 0
                    : position >= double(steps - 1) ? steps - 1
                                                    : static_cast<std::size_t>(position)];
  }

 private:
  template <std::size_t N>
  explicit Palette(const std::array<Colour, N>& control);

  std::array<Colour, steps> colours_;
};

}  // namespace cubemill
