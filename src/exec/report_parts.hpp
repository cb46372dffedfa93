// Parts that several documents of a run share. Pure.
#pragma once
#include <nlohmann/json.hpp>
#include <utility>

#include "exec/reports.hpp"

namespace cubemill {

using Json = nlohmann::ordered_json;

/// Sources and options as given: what --recipe reads.
Json recipe_json(const CompositeRequest& request);
Json grid_json(const GeoBox& grid);
/// Source grids: operation, number of rasters, and where the output's pixels lie in them.
Json lattices_json(const Survey& survey, const Plan& plan);
/// One entry for every input and every set of numbers that scenes have.
Json scaling_json(const Survey& survey);
/// At which pixel size bands are read: one entry for every band and level, with the number of
/// scenes; null where overviews were not asked for.
Json levels_json(const Survey& survey);
/// The same in a line; empty where overviews were not asked for.
std::string levels_text(const Survey& survey);
Json memory_json(const MemoryPlan& memory);
/// What the run is expected to cost over the network.
Json network_cost_json(const NetworkCost& cost);
/// Where the assets that are read lie, and how many in each place.
Json places_json(const Survey& survey);
/// A scene that was left out; what was tried only where that is known.
Json skipped_json(const SkippedScene& skipped);
SkippedScene skipped_from(const Json& json);
/// The order of work, why, and what either was estimated to cost.
Json order_json(const Plan& plan);

const Scene& scene_of(const Survey& survey, const Plan& plan, std::size_t planned);
std::size_t used_scenes(const Plan& plan);
std::size_t used_observations(const Plan& plan);
/// The asked interval; at open ends that of the scenes that are used.
std::pair<Instant, Instant> time_range(const Survey& survey, const Plan& plan,
                                       const Recipe& recipe);

}  // namespace cubemill
