// Overviews instead of full resolution: which level each band of a scene is read at, and which flag
// pixels a pixel of an overview stands for. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cubemill/plan/survey.hpp"

namespace cubemill {

/// Pixels first … last - 1 along one axis; they may lie beyond the raster.
struct PixelRange {
  std::int64_t first = 0, last = 0;
  bool operator==(const PixelRange&) const = default;
};

/// What pixels of an overview were made of, along one axis.
struct OverviewAxis {
  /// Pixels of the overview, and of what it was made of: finer overviews, full resolution last.
  std::vector<std::int64_t> sizes;
  double scale = 1, offset = 0;  ///< a flag pixel is scale × a pixel of full resolution + offset
  bool operator==(const OverviewAxis&) const = default;
};

/// The flag pixels that have a share in pixels [first, last) of the overview. Each level is taken
/// to be made of the next finer one: of all pixels that lie under it, even in part. That holds what
/// one made of full resolution at once has in it, too.
PixelRange flags_under(const OverviewAxis& axis, PixelRange pixels);

/// How the flags of a scene are brought to the grid of the overviews that its bands are read from.
struct FlagCover {
  std::size_t input = 0;                    ///< one that is read on that grid
  std::vector<OverviewAxis> columns, rows;  ///< one where all bands have the same overviews
};
PixelRange flags_under(const std::vector<OverviewAxis>& axes, PixelRange pixels);

/// The cover of a scene, where its bands are read from overviews and flags are sampled by nearest.
/// Nothing: flags are sampled as they are.
std::optional<FlagCover> flag_cover(const std::vector<Input>& inputs, const SurveyedScene& scene);

/// The level at which each input of each surveyed scene is read: 0 is full resolution, 1 the finest
/// overview. All bands of a scene that may be read from overviews share one grid: the coarsest that
/// all of them have, as an overview or in full, and whose pixels are no larger than those of the
/// output, per axis. Without such a grid all are read in full.
std::vector<std::vector<std::size_t>> choose_levels(const Survey& survey, const GeoBox& output);

/// Sets the input to a level: its header, and the sizes that are finer.
void set_level(SceneInput& input, std::size_t level);

}  // namespace cubemill
