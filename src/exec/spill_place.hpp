// Where sums go that memory cannot hold, looked at before anything is read.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cubemill/exec/composite.hpp"
#include "cubemill/plan/plan.hpp"
#include "exec/tile_store.hpp"

namespace cubemill {

struct SpillPlace {
  SpillOptions options;
  std::vector<std::string> notes;
};

/// Bytes that the user and the disk allow for sums.
std::uint64_t spill_room(const CompositeRequest& request);

/// Chooses the folder for a plan – the asked one, else the staging folder, but no RAM disk where
/// there is another – and removes what dead runs left there. Throws IoError (not writable, too
/// little room: needed and free bytes) and OutOfMemory (the limit is too small).
SpillPlace choose_spill_place(const CompositeRequest& request, const Plan& plan,
                              const std::string& staging);

}  // namespace cubemill
