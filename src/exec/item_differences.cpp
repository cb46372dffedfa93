#include "exec/item_differences.hpp"

#include <algorithm>

#include "cubemill/base/error.hpp"
#include "exec/header_check.hpp"
#include "exec/report_text.hpp"

namespace cubemill {
namespace {

constexpr double least_difference = 0.01;  // pixels

// Whether an item's CRS is readable and another one; unreadable ones are not needed.
bool is_other_system(const std::string& item, const Crs& file) {
  try {
    return !Crs::parse(item).same(file);
  } catch (const InvalidInput&) {
    return false;
  }
}

}  // namespace

void ItemDifferences::compare(const Scene& scene, const SceneInput& input,
                              const SceneAsset& asset) {
  const std::string name = scene.id + "/" + input.asset;
  const double off = grid_difference(asset, input.info.grid);
  if (off > least_difference) grids_.insert({name, off});
  if (!asset.proj.crs.empty() && is_other_system(asset.proj.crs, input.info.grid.crs))
    systems_.insert(name + " is " + input.info.grid.crs.name() + ", the item says " +
                    asset.proj.crs.substr(0, 40));
}

std::vector<std::string> ItemDifferences::notes() const {
  std::vector<std::string> notes;
  if (!systems_.empty())
    notes.push_back("the files' CRS is used; that of " + std::to_string(systems_.size()) +
                    " assets differs from the item's (" + *systems_.begin() + ")");
  if (grids_.empty()) return notes;
  const auto worst =
      std::max_element(grids_.begin(), grids_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  notes.push_back("the files' georeferencing is used; proj:* of " + std::to_string(grids_.size()) +
                  " assets differs from it, by up to " + text("%.3g", worst->second) + " pixels (" +
                  worst->first + ")");
  return notes;
}

}  // namespace cubemill
