// What is known before planning: the scenes, and for each scene the rasters that the recipe needs,
// with their headers and the numbers that apply. Made by exec/surveyor from catalog, product and
// headers; read by the planner.
#pragma once
#include <string>
#include <vector>

#include "cubemill/model/product.hpp"
#include "cubemill/model/raster_info.hpp"
#include "cubemill/model/scene.hpp"
#include "cubemill/pixel/index.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/resampling.hpp"

namespace cubemill {

/// One band that every scene is read for. The flag band, if any, is input 0.
struct Input {
  std::string role;
  bool flags = false;
  Resampling method = Resampling::nearest;
  bool overviews = false;  ///< may be read from its overviews: measured values, no flags
};

struct RasterSize {
  std::int64_t width = 0, height = 0;
  bool operator==(const RasterSize&) const = default;
};

/// One input of one scene.
struct SceneInput {
  std::string asset;
  std::string href;
  int band = 1;
  RasterInfo info;  ///< of what is read: of an overview, if one is
  /// Where an overview is read: sizes of the raster and of its overviews that are finer.
  std::vector<RasterSize> finer;
  bool remote = false;     ///< its blocks are fetched ahead, from a network
  std::string version;     ///< of the remote file that was opened (ETag); else empty
  bool estimated = false;  ///< info is from metadata, not from the header
  BandNumbers numbers;     ///< those that apply; scale and offset always set
  std::string
      numbers_from;  ///< where scale and offset come from: option, item, product, file, none
  std::optional<ValueRange> valid_range;  ///< source values that may count

  /// The grid of the raster at full resolution.
  GeoBox full_grid() const {
    return finer.empty() ? info.grid : info.grid.resized(finer[0].width, finer[0].height);
  }
};

struct SurveyedScene {
  std::size_t scene = 0;  ///< index into Survey::scenes
  std::vector<SceneInput> inputs;
};

/// An output: an index evaluated from some of the inputs.
struct IndexPlan {
  std::string name;
  std::int32_t index = 0;           ///< position in AllIndices
  std::vector<std::size_t> inputs;  ///< into Survey::inputs, in the index's order
};

struct Survey {
  std::vector<Scene> scenes;  ///< in order of (datetime, id)
  std::vector<Input> inputs;
  std::vector<IndexPlan> indices;
  std::vector<SurveyedScene> surveyed;
  QaRule qa;
  std::vector<std::string> masked_flags;  ///< as printed; empty without a mask
  std::string product;                    ///< name, empty when the options said everything
  std::size_t all_bands =
      0;  ///< distinct data assets of the scenes, for the size of the whole dataset
  std::size_t bytes_per_pixel_all_bands = 0;
};

}  // namespace cubemill
