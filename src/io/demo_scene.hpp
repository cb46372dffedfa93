// Which scenes the demo archive holds: when and where each was "taken", on which grid. Plain
// values, no pixels.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/io/demo_archive.hpp"
#include "cubemill/model/date.hpp"
#include "cubemill/model/geobox.hpp"

namespace cubemill::demo {

/// Ground positions are metres east and north of this point in `reference_crs()`: the 72nd
/// meridian, where UTM zones 18 and 19 meet. As in USGS's files, zones are the northern ones and
/// northings are negative.
inline constexpr double reference_longitude = -72.0;
inline constexpr double reference_latitude = -39.4;
Crs reference_crs();
Point reference_origin();

struct DemoScene {
  std::string id;         ///< LC08_L2SP_233087_20221210_02_T1
  std::string file_stem;  ///< with the processing date, as USGS names files
  Instant datetime;
  std::string platform;
  int path = 0;
  int row = 0;
  int acquisition = 0;  ///< scenes of one acquisition share their weather
  GeoBox grid;
  std::uint64_t seed = 0;     ///< of this scene's noise and awkward pixels
  std::uint64_t weather = 0;  ///< seed of the acquisition's clouds
  double cloudiness = 0;      ///< share of the acquisition's sky that is cloud
  int day_of_year = 1;
};

std::vector<DemoScene> plan_scenes(const DemoOptions& options);

/// The corners of the valid pixels in (column, row), clockwise from the top left: a parallelogram,
/// tilted as a descending orbit is; what lies outside is fill.
std::vector<Point> footprint(const GeoBox& grid);

}  // namespace cubemill::demo
