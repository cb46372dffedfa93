// Headers that are not read: what the item says, and the rest as in a header of the same kind.
// Pure.
#pragma once
#include "cubemill/model/raster_info.hpp"

namespace cubemill {

/// Whether the item says where the asset's pixels lie.
bool has_grid(const SceneAsset& asset);

/// The header of an asset that `has_grid`, which is else like that of another one. Throws
/// InvalidInput where its CRS cannot be read.
RasterInfo info_from_metadata(const SceneAsset& asset, const RasterInfo& like);

}  // namespace cubemill
