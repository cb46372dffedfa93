// One STAC Item (0.8 to 1.1, with the extensions eo, proj and raster) as a Scene. Not responsible
// for which items are wanted. Pure; any thread.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "cubemill/model/scene.hpp"

namespace cubemill {

/// Where an item was met.
struct ItemOrigin {
  std::string file;        ///< as the user would name it
  std::string base;        ///< its absolute path: relative hrefs start beside it; of standard input
                           ///< the current folder, with a slash at its end
  std::uint64_t line = 1;  ///< on which the item begins
};

/// Says whether the value gives itself out as a STAC Item: a GeoJSON Feature with `stac_version` or
/// `assets`.
bool looks_like_item(const nlohmann::json& value);

/// Says whether the value is a GeoJSON FeatureCollection (an ItemCollection is one).
bool is_feature_collection(const nlohmann::json& value);

/// Names what a JSON value is that is no Item: "a STAC Collection", "a GeoJSON feature without
/// assets" …
std::string describe(const nlohmann::json& value);

/// Reads an item. Throws InvalidInput with file, line, id and what is missing or wrong.
Scene read_scene(const nlohmann::json& item, const ItemOrigin& origin);

}  // namespace cubemill
