// The rectangle in degrees that a STAC Item covers. Pure; any thread.
#pragma once
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace cubemill {

/// Gives west, south, east, north from `bbox` (4 or 6 numbers), else from the geometry; nothing
/// where the item has neither. West > east crosses the antimeridian. A box wider than 180° is often
/// a scene at the antimeridian whose longitudes jump from -180 to 180: where the geometry's
/// longitudes, the negative ones counted on from 180, span less than 180°, they are taken instead.
/// Throws InvalidInput (without file and id) for a bbox that is none.
std::optional<std::array<double, 4>> read_place(const nlohmann::json& item);

}  // namespace cubemill
