// What the catalog says of the network, joined with what the user says, which comes first. Pure.
#pragma once
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"
#include "cubemill/model/scene.hpp"

namespace cubemill {

/// Gives the request's options with the regions of the scenes' buckets, and, where the user leaves
/// it to the items, with those that are requester pays; these are also named in `notes`.
NetOptions net_options_for(const CompositeRequest& request, const std::vector<Scene>& scenes,
                           std::vector<std::string>& notes);

}  // namespace cubemill
