// The sky over one acquisition of the demo archive: thickness of clouds and cirrus at a place. Pure
// functions of the ground position, so that both rows of a path have the same weather. Thread-safe.
#pragma once
#include <cstdint>

namespace cubemill::demo {

class Sky {
 public:
  /// `cloudiness`: share of the sky that is cloud; `extent`: side in metres of the area over which
  /// that is so.
  Sky(std::uint64_t weather, double cloudiness, double extent);

  /// Thickness of the cloud at a place, positive inside; about −0.1…0 is its rim.
  float cloud(double east, double north) const;
  /// Whether high cirrus lies over a place.
  bool cirrus(double east, double north) const;

 private:
  float field(double east, double north) const;

  std::uint32_t seed_;
  float threshold_ = 0;
  bool has_cirrus_;
};

}  // namespace cubemill::demo
