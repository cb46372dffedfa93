#include "exec/spill_place.hpp"

#include <algorithm>
#include <filesystem>

#include "cubemill/base/error.hpp"
#include "exec/report_text.hpp"
#include "io/disk_space.hpp"
#include "io/spill_file.hpp"

namespace cubemill {
namespace {

constexpr const char* on_a_disk = "/var/tmp";  // by the hierarchy standard kept over reboots

bool can_take(const std::string& folder) {
  try {
    check_spill_room(folder, 0);
    return !is_ram_disk(folder);
  } catch (const IoError&) {
    return false;
  }
}

/// The folder itself, or the one that is to hold it.
std::string nearest_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::path p = std::filesystem::absolute(path.empty() ? "." : path);
  while (!std::filesystem::is_directory(p, error) && p.has_relative_path()) p = p.parent_path();
  return p.string();
}

std::uint64_t limit_of(const CompositeRequest& request) {
  return request.spill_limit ? request.spill_limit : ~std::uint64_t(0);
}

/// Sums of all tiles that a checkpoint may copy while they are also being spilled.
std::uint64_t copies(const Plan& plan) {
  const MemoryPlan& m = plan.memory;
  const OrderCost& cost = plan.order == Order::scene ? plan.scene_order : plan.tile_order;
  return 2 * m.accumulators + cost.disk;
}

}  // namespace

std::uint64_t spill_room(const CompositeRequest& request) {
  const std::string& asked = request.spill_folder;
  return std::min(limit_of(request),
                  free_bytes(nearest_folder(asked.empty() ? request.output : asked)));
}

SpillPlace choose_spill_place(const CompositeRequest& request, const Plan& plan,
                              const std::string& staging) {
  SpillPlace place;
  place.options = {request.spill_folder.empty() ? staging : request.spill_folder, staging,
                   request.spill_limit};
  std::string& folder = place.options.folder;
  const std::uint64_t needed =
      (plan.order == Order::scene ? plan.scene_order : plan.tile_order).disk;
  if (needed > 0 && is_ram_disk(folder)) {
    if (request.spill_folder.empty() && can_take(on_a_disk))
      folder = on_a_disk;
    else
      place.notes.push_back(folder +
                            " lies in memory: what is spilled there takes it all the same");
  }
  if (folder != staging) purge_dead_spills(folder);
  check_spill_room(folder, needed);
  if (needed > limit_of(request))
    throw OutOfMemory("--spill-limit is too small: " + std::to_string(needed) +
                          " bytes of sums are to be spilled, " +
                          std::to_string(request.spill_limit) + " are allowed",
                      needed);
  place.options.checkpoints = request.checkpoint_seconds > 0;
  const std::uint64_t room = std::min(free_bytes(folder), limit_of(request));
  if (place.options.checkpoints && room < needed + copies(plan)) {
    place.options.checkpoints = false;
    place.notes.push_back(text("no checkpoints: %s has room for %.0f MiB, they may need %.0f",
                               folder.c_str(), mib(room), mib(needed + copies(plan))));
  }
  return place;
}

}  // namespace cubemill
