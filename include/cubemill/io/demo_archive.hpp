// Makes a small synthetic archive that looks like Landsat Collection 2 Level 2: COGs, QA bits, STAC
// items. For trying the program and for its tests; no pixel of it was ever measured. Equal options
// give equal bytes. Uses its own threads.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace cubemill {

struct DemoOptions {
  std::uint64_t seed = 1;  ///< landscape, weather and noise; other seeds give other archives
  int scenes =
      36;  ///< 1…160; two rows of a path make one acquisition, of two neighbouring paths by turns
  int size = 720;  ///< nominal side of a scene in 30 m pixels, 64…8192; each scene differs a little
  int year = 2023;  ///< the year of the scenes; the first acquisitions lie in the December before
  int threads = 0;  ///< 0: as many as there are cores
};

struct DemoSummary {
  std::string items_path;  ///< the FeatureCollection to give to `composite`
  int scenes = 0;
  int acquisitions = 0;      ///< solar days
  std::uint64_t files = 0;   ///< rasters
  std::uint64_t bytes = 0;   ///< of the rasters on disk
  std::uint64_t pixels = 0;  ///< of all rasters at full resolution
  std::string first_date;    ///< `YYYY-MM-DD`, UTC
  std::string last_date;
  std::vector<int> epsg;   ///< CRS codes of the scenes, ascending
  double cloud_cover = 0;  ///< mean of the scenes, percent of the valid pixels
};

/// Writes the archive into `directory`, which must be empty or absent: a folder a scene with `red`,
/// `nir08` and `qa_pixel` and its STAC Item, and items.json with all of them. Throws InvalidInput
/// (options out of range, directory not empty) and IoError; what was written is removed then.
DemoSummary make_demo_archive(const std::string& directory, const DemoOptions& options);

}  // namespace cubemill
