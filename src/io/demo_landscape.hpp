// The ground of the demo archive: a pure function of true position, so that scenes of all zones and
// days agree. Lowland with fields, rivers and lakes, forest above it, a snow-capped volcano. Knows
// nothing of clouds, scenes or files.
#pragma once
#include <cstdint>

namespace cubemill::demo {

enum class Cover : std::uint8_t { land, water, snow };

/// What lies at one place, before the season is known.
struct Ground {
  float elevation = 0;   ///< metres
  float greenest = 0;    ///< share of green cover at its peak, 0…1
  float palest = 0;      ///< share of green cover half a year later
  float peak_day = 0;    ///< day of the year of the peak, 1…365
  float brightness = 1;  ///< factor of the reflectance of bare soil
  bool water = false;
};

/// Surface reflectance as the satellite sees it on a clear day.
struct Surface {
  Cover cover = Cover::land;
  float red = 0;
  float nir = 0;
};

class Landscape {
 public:
  explicit Landscape(std::uint64_t seed);
  /// Describes the place `east`, `north` metres from the centre of the archive. Thread-safe.
  Ground at(double east, double north) const;

 private:
  float elevation(double east, double north) const;
  void plant_field(Ground& ground, double east, double north) const;
  void plant_forest(Ground& ground, double east, double north) const;

  std::uint32_t seed_;
  double volcano_east_, volcano_north_;
};

/// What the days of a year have in common: computed once a scene.
class Season {
 public:
  /// `day`: of the year, 1…366, on the southern hemisphere.
  explicit Season(int day);
  Surface surface(const Ground& ground) const;

 private:
  float cosine_, sine_;  ///< of the year's angle
  float snow_line_;      ///< metres
};

}  // namespace cubemill::demo
