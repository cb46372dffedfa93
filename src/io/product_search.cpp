// Which products there are, and which one the scenes are of.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cubemill/base/error.hpp"
#include "cubemill/io/product_file.hpp"

namespace cubemill {
namespace {

namespace fs = std::filesystem;

fs::path products_folder() {
  std::error_code error;
  if (const char* folder = std::getenv("CUBEMILL_PRODUCTS"); folder && *folder) {
    if (fs::is_directory(folder, error)) return folder;
    throw IoError(folder, "is no folder with product definitions: set CUBEMILL_PRODUCTS to one");
  }
  // Beside the program first: an installation may be moved as a whole.
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path beside = program.parent_path().parent_path() / "share/cubemill/products";
  for (const fs::path& folder :
       {beside, fs::path(CUBEMILL_PRODUCTS_INSTALLED), fs::path(CUBEMILL_PRODUCTS_SOURCE)})
    if (fs::is_directory(folder, error)) return folder;
  throw IoError(CUBEMILL_PRODUCTS_INSTALLED,
                "the product definitions are not there: set CUBEMILL_PRODUCTS to their folder");
}

fs::path product_path(const std::string& name) { return products_folder() / (name + ".json"); }

const SceneAsset* find_first(const Scene& scene, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (const SceneAsset* asset = scene.find_asset(key)) return asset;
  return nullptr;
}

bool holds_collection(const Product& product, const Scene& scene) {
  const auto& known = product.collections;
  return std::find(known.begin(), known.end(), scene.collection) != known.end();
}

bool same_scale(const SceneAsset& asset, const ProductBand& band) {
  if (!band.numbers.scale) return true;
  return !asset.bands.empty() && asset.bands[0].scale == band.numbers.scale;
}

/// How many of the product's bands are in every scene.
std::size_t common_bands(const Product& product, const std::vector<Scene>& scenes) {
  return std::size_t(
      std::count_if(product.bands.begin(), product.bands.end(), [&](const auto& band) {
        return std::all_of(scenes.begin(), scenes.end(), [&](const Scene& scene) {
          return find_first(scene, band.second.assets);
        });
      }));
}

bool fits_by_assets(const Product& product, const std::vector<Scene>& scenes) {
  if (product.qa_assets.empty() || common_bands(product, scenes) < 2) return false;
  return std::all_of(scenes.begin(), scenes.end(), [&](const Scene& scene) {
    return find_first(scene, product.qa_assets) &&
           std::all_of(product.bands.begin(), product.bands.end(), [&](const auto& band) {
             const SceneAsset* asset = find_first(scene, band.second.assets);
             return !asset || same_scale(*asset, band.second);
           });
  });
}

}  // namespace

std::vector<std::string> product_names() {
  const fs::path folder = products_folder();
  std::vector<std::string> names;
  try {
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  } catch (const fs::filesystem_error& error) {
    throw IoError(folder.string(), "cannot be listed: " + error.code().message());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Product find_product(const std::string& name_or_path) {
  if (name_or_path.ends_with(".json") || name_or_path.find('/') != std::string::npos)
    return read_product(name_or_path);
  const auto names = product_names();
  if (std::find(names.begin(), names.end(), name_or_path) != names.end())
    return read_product(product_path(name_or_path).string());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  throw InvalidInput("unknown product '" + name_or_path + "': choose one of " + list +
                     ", or give the path of a definition");
}

std::optional<Product> recognise_product(const std::vector<Scene>& scenes) {
  if (scenes.empty()) return std::nullopt;
  std::vector<Product> by_collection, by_assets;
  for (const std::string& name : product_names()) {
    const Product product = read_product(product_path(name).string());
    if (std::all_of(scenes.begin(), scenes.end(),
                    [&](const Scene& scene) { return holds_collection(product, scene); }))
      by_collection.push_back(product);
    else if (fits_by_assets(product, scenes))
      by_assets.push_back(product);
  }
  auto& candidates = by_collection.empty() ? by_assets : by_collection;
  std::optional<Product> best;
  std::size_t most = 0;
  bool tie = false;
  for (Product& product : candidates) {
    const std::size_t bands = common_bands(product, scenes);
    if (best && bands < most) continue;
    tie = best && bands == most;
    most = bands;
    best = std::move(product);
  }
  return tie ? std::nullopt : best;
}

}  // namespace cubemill
