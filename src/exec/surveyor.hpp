// From a catalog to a survey: which product, which assets, which numbers, which headers. Reads
// headers, never pixels.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/io/catalog.hpp"
#include "cubemill/io/raster.hpp"
#include "cubemill/model/product.hpp"
#include "cubemill/plan/recipe.hpp"
#include "cubemill/plan/survey.hpp"
#include "exec/skipped.hpp"

namespace cubemill {

/// How headers are come by.
enum class Headers {
  open_all,   ///< open every raster and keep it open for reading
  probe_all,  ///< read every header
  estimate,   ///< one header a product and grid, the rest from proj:* metadata where it is given
};

/// Headers of remote files that were not fetched, or more than once.
struct HeaderTally {
  /// One that came otherwise then: why it was fetched again.
  struct Changed {
    std::string item, asset, doubt;
  };
  std::uint64_t kept = 0;       ///< by an earlier run, and not fetched
  std::uint64_t refetched = 0;  ///< each time counted
  std::vector<Changed> changed;
};

struct SurveyResult {
  Survey survey;
  /// By surveyed scene and input: all for Headers::open_all; else those on a network of which the
  /// header was read, for their tables of blocks, and null.
  std::vector<std::vector<std::unique_ptr<RasterBand>>> bands;
  std::vector<SkippedScene> skipped;
  std::vector<std::string> notes;
  std::uint64_t headers_read = 0;
  HeaderTally headers;
};

/// Surveys the scenes. `leave_out`: ids that could not be read before. Throws InvalidInput (unknown
/// product, band, flag; an item lacks an asset) and IoError (a file is missing or unreadable),
/// unless the recipe allows to skip such scenes, and as many of them.
SurveyResult survey_scenes(std::vector<Scene> scenes, const Recipe& recipe, Headers headers,
                           int threads, const std::vector<SkippedScene>& leave_out);

/// The longitude/latitude box that the catalog is searched for, generous to sloppy footprints;
/// nothing without --bbox.
std::optional<std::array<double, 4>> search_box(const Recipe& recipe);

}  // namespace cubemill
