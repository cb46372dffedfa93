// How far a run has come, in its staging folder: two documents that are replaced as a whole.
// `run.json` says what the run is of, `checkpoint.json` what is done. Not responsible for the
// spools and spill files that they point into.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/io/stored_tile.hpp"
#include "cubemill/plan/plan.hpp"
#include "exec/report_parts.hpp"
#include "exec/run_state.hpp"

namespace cubemill {

/// How the plan cut its tiles into chunks: sums can be taken over only where it is the same.
struct PlanCut {
  Order order = Order::tile;
  std::int64_t window_edge = tile_size;
  std::uint64_t chunks = 0;  ///< a hash of them all, in order
  bool operator==(const PlanCut&) const = default;
};
PlanCut cut_of(const Plan& plan);

struct Checkpoint {
  PlanCut cut;
  RunState run;
  std::vector<std::vector<StoredTile>> stored;  ///< by finished tile: one a result file
};

/// Replaces a file as a whole, so that there is never half of one. Throws IoError.
void replace_file(const std::string& path, const std::string& text);

void write_checkpoint(const std::string& folder, const Checkpoint& checkpoint);
/// Nothing when there is none, or it cannot be understood.
std::optional<Checkpoint> read_checkpoint(const std::string& folder);

void write_run(const std::string& folder, const Json& run);
/// Null when there is none, or it cannot be understood.
Json read_run(const std::string& folder);

}  // namespace cubemill
