// What a STAC Item says of the buckets that hold its assets: the extension storage, versions 1 and
// 2. Not responsible for whether it is true. Pure; any thread.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "cubemill/model/scene.hpp"

namespace cubemill {

/// Reads region and requester pays of the place `href`. Version 2 (`storage:refs` of `holder`, an
/// asset or alternate, into `storage:schemes` of the item's properties): the scheme of the href's
/// bucket, else the first that names none. Else version 1: `storage:region` and
/// `storage:requester_pays` of `holder`, else of the properties.
AssetStorage read_storage(const std::string& href, const nlohmann::json& holder,
                          const nlohmann::json& properties);

}  // namespace cubemill
