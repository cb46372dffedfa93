#include "exec/verify_files.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "exec/surveyor.hpp"

namespace cubemill {
namespace {

// Of a scene that the survey left out, the assets that it chose of others.
void add_left_out(const Scene& scene, const std::set<std::pair<std::string, int>>& chosen,
                  std::vector<FileToVerify>& files) {
  for (const auto& [key, band] : chosen)
    if (const SceneAsset* const asset = scene.find_asset(key))
      files.push_back({scene.id, asset->key, asset->href, band, {}});
}

}  // namespace

std::vector<FileToVerify> files_of_recipe(const std::vector<Scene>& scenes, const Recipe& recipe,
                                          int threads) {
  Recipe lenient = recipe;
  lenient.skip_unreadable = true;  // what cannot be opened is a finding
  const SurveyResult result = survey_scenes(scenes, lenient, Headers::estimate, threads, {});
  std::vector<FileToVerify> files;
  std::set<std::pair<std::string, int>> chosen;
  std::set<std::string> surveyed;
  for (const SurveyedScene& scene : result.survey.surveyed) {
    const std::string& item = result.survey.scenes[scene.scene].id;
    surveyed.insert(item);
    for (const SceneInput& in : scene.inputs) {
      files.push_back({item, in.asset, in.href, in.band, {}});
      chosen.insert({in.asset, in.band});
    }
  }
  for (const SkippedScene& skipped : result.skipped)
    if (skipped.href.empty())
      files.push_back({skipped.item, skipped.asset, "", 0, skipped.reason});
    else if (surveyed.empty())  // nothing says which others would be read
      files.push_back({skipped.item, skipped.asset, skipped.href, 0, skipped.reason});
  for (const Scene& scene : result.survey.scenes)
    if (!surveyed.contains(scene.id)) add_left_out(scene, chosen, files);
  return files;
}

std::vector<FileToVerify> files_of_all_assets(const std::vector<Scene>& scenes) {
  std::vector<FileToVerify> files;
  for (const Scene& scene : scenes)
    for (const auto& [key, asset] : scene.assets)
      files.push_back({scene.id, key, asset.href, 0, {}});
  return files;
}

}  // namespace cubemill
