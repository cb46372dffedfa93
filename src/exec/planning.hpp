// From a request to a plan: the catalog, the survey, the grid, and what the planner must be told of
// its surroundings. Reads headers, never pixels.
#pragma once
#include <iosfwd>
#include <optional>
#include <vector>

#include "cubemill/exec/composite.hpp"
#include "cubemill/io/catalog.hpp"
#include "cubemill/plan/plan.hpp"
#include "exec/network_cost.hpp"
#include "exec/surveyor.hpp"

namespace cubemill {

/// Reads the items that the recipe asks for.
Catalog search(const CompositeRequest& request, std::istream& standard_input);

struct Planned {
  SurveyResult survey;
  Plan plan;
  std::optional<NetworkCost> network;  ///< where files are remote
};

/// Plans within `limits`. `grid`: the output grid where it is known already; `leave_out`: scenes
/// that could not be read before. Throws InvalidInput, IoError, OutOfMemory.
Planned plan_for(const CompositeRequest& request, const Limits& limits,
                 const std::vector<Scene>& scenes, Headers headers,
                 const std::optional<GeoBox>& grid, const std::vector<SkippedScene>& leave_out);

}  // namespace cubemill
