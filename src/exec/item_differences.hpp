// Where the files' georeference differs from what their items say: the files' is used, and the user
// is told.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cubemill/plan/survey.hpp"

namespace cubemill {

class ItemDifferences {
 public:
  /// Looks at a raster whose header was read.
  void compare(const Scene& scene, const SceneInput& input, const SceneAsset& asset);
  /// A line for the CRS and one for grids, each with how many assets and an example.
  std::vector<std::string> notes() const;

 private:
  std::map<std::string, double> grids_;  // pixels, by asset
  std::set<std::string> systems_;
};

}  // namespace cubemill
