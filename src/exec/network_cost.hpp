// What a run is expected to cost over the network, told before its flags are read: all blocks that
// it may need, merged as the supply will merge them. What is asked for again or twice, because a
// network fails or is slow, comes on top. Knows no prices. Pure.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cubemill/net/range_client.hpp"
#include "cubemill/plan/plan.hpp"
#include "cubemill/plan/survey.hpp"
#include "exec/block_numbers.hpp"

namespace cubemill {

struct PlaceCost {
  std::string place;        ///< bucket or server
  std::uint64_t files = 0;  ///< that are read there
  Traffic headers;          ///< that the run fetches, at most
  Traffic blocks;           ///< at most so many bytes, in about so many requests
  Traffic fetched;          ///< so far, for planning; of a run these are its headers
  bool requester_pays = false;
};

/// Sums over all places, and each.
struct NetworkCost : PlaceCost {
  bool estimated = false;  ///< some sizes are those of other files
  std::vector<PlaceCost> places;
};

/// What is known of the network beside the plan.
struct NetworkFacts {
  const SceneBands& bands;  ///< open rasters by surveyed scene and input; null: not open
  std::map<std::string, Traffic> fetched;                   ///< by place, so far
  bool headers_are_there = false;                           ///< for the run: it fetches no more
  std::function<bool(const std::string& href)> has_header;  ///< kept by an earlier run
  std::function<bool(const std::string& place)> requester_pays;
};

/// Nothing in it where all files are local.
NetworkCost network_cost(const Plan& plan, const Survey& survey, const NetworkFacts& facts);

}  // namespace cubemill
