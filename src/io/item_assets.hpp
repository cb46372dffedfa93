// The assets of a STAC Item: where they lie and what the item says of their bands and grids. Pure;
// any thread.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cubemill/model/scene.hpp"

namespace cubemill {

/// Reads the assets that can hold pixels; text, metadata and thumbnails are left out. `base` is
/// what relative hrefs start from. Throws InvalidInput (without file and id: the caller adds them)
/// for an asset without href.
///
/// Numbers: `raster:bands`, then `bands` (STAC 1.1), then the asset itself; a lone scale means
/// offset 0. Where the item says that the offset has been applied to the pixels already
/// (`earthsearch:boa_offset_applied`), it is 0, whatever the asset says. Grid: the asset's `proj:*`
/// before the item's, each as far as they agree on the shape; what cannot be read counts as not
/// said, because the file itself decides. Alternates with a href are kept, each with what
/// `storage:*` says of it.
std::map<std::string, SceneAsset> read_assets(const nlohmann::json& item, const std::string& base);

}  // namespace cubemill
