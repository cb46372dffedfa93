#include "io/quicklook_colours.hpp"

#include <algorithm>
#include <cmath>

namespace cubemill {
namespace {

// ColorBrewer 2.0 (C. Brewer, Pennsylvania State University, Apache-2.0): the brown half of BrBG,
// then YlGn.
constexpr std::array<Colour, 11> vegetation_control = {0x8c510a, 0xbf812d, 0xdfc27d, 0xf6e8c3,
                                                       0xf7fcb9, 0xd9f0a3, 0xaddd8e, 0x78c679,
                                                       0x41ab5d, 0x238443, 0x005a32};
// ColorBrewer 2.0, YlGnBu, its palest step left out: it would be lost beside the grey of no data.
constexpr std::array<Colour, 8> counts_control = {0xedf8b1, 0xc7e9b4, 0x7fcdbb, 0x41b6c4,
                                                  0x1d91c0, 0x225ea8, 0x253494, 0x081d58};

double channel(Colour colour, int shift) { return double((colour >> shift) & 255u); }

Colour between(Colour a, Colour b, double share) {
  Colour mixed = 0;
  for (const int shift : {16, 8, 0}) {
    const double value = channel(a, shift) + share * (channel(b, shift) - channel(a, shift));
    mixed |= static_cast<Colour>(std::lround(value)) << shift;
  }
  return mixed;
}

}  // namespace

template <std::size_t N>
Palette::Palette(const std::array<Colour, N>& control) {
  for (std::size_t i = 0; i < steps; ++i) {
    const double position = double(i) * double(N - 1) / double(steps - 1);
    const std::size_t left = std::min(static_cast<std::size_t>(position), N - 2);
    colours_[i] = between(control[left], control[left + 1], position - double(left));
  }
}

const Palette& Palette::vegetation() {
  static const Palette palette(vegetation_control);
  return palette;
}

const Palette& Palette::counts() {
  static const Palette palette(counts_control);
  return palette;
}

}  // namespace cubemill
