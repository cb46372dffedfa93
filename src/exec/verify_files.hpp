// Which files a verification reads. Reads headers only where assets cannot be told without.
#pragma once
#include <string>
#include <vector>

#include "cubemill/model/scene.hpp"
#include "cubemill/plan/recipe.hpp"

namespace cubemill {

/// One band of one asset; band 0: all that the file has.
struct FileToVerify {
  std::string item, asset, href;
  int band = 0;
  std::string fault;  ///< why there is nothing to read: the item lacks the asset
};

/// The bands that a composite of the recipe would read of each scene, by item and asset. Throws as
/// `survey_scenes`, but for files that cannot be read.
std::vector<FileToVerify> files_of_recipe(const std::vector<Scene>& scenes, const Recipe& recipe,
                                          int threads);
/// Every asset, by item and asset.
std::vector<FileToVerify> files_of_all_assets(const std::vector<Scene>& scenes);

}  // namespace cubemill
