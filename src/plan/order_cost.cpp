#include <algorithm>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

// CPU seconds a byte, as `bench/orders --costs` measures them, which sees the last two as one. Only
// their ratio matters: folding is the same in any order.
constexpr double decoding = 1.3e-9;   // of decoded DEFLATE blocks, brought into windows
constexpr double spilling = 0.30e-9;  // written with a checksum, and the memory cleared
constexpr double fetching = 0.45e-9;  // read back, checked and added

struct Spilling {
  std::uint64_t written = 0, read_back = 0;  // sums of tiles
  std::uint64_t most_on_disk = 0;
};

/// Follows the sums through the run, as exec does: what is needed last makes room (Belady 1966).
class SumsInMemory {
 public:
  SumsInMemory(const Plan& plan, std::uint64_t room)
      : plan_(plan), room_(room), next_(plan.chunks.size(), never), on_disk_(plan.tiles.size()) {
    std::vector<std::uint32_t> later(plan.tiles.size(), never);
    for (std::size_t c = plan.chunks.size(); c-- > 0;)
      next_[c] = std::exchange(later[plan.chunks[c].tile], std::uint32_t(c));
    due_ = later;
  }

  Spilling follow() {
    for (std::uint32_t c = 0; c < plan_.chunks.size(); ++c) {
      const std::uint32_t tile = plan_.chunks[c].tile;
      if (!held_.erase({due_[tile], tile}) && held_.size() + 1 > room_) put_out();
      due_[tile] = next_[c];
      if (next_[c] != never)
        held_.insert({next_[c], tile});
      else if (std::exchange(on_disk_[tile], 0))
        ++result_.read_back, --disk_;
    }
    return result_;
  }

 private:
  static constexpr std::uint32_t never = std::numeric_limits<std::uint32_t>::max();

  void put_out() {
    const std::uint32_t tile = std::prev(held_.end())->second;
    held_.erase(std::prev(held_.end()));
    ++result_.written;
    if (std::exchange(on_disk_[tile], 1))
      ++result_.read_back;  // joined with what is there
    else
      result_.most_on_disk = std::max(result_.most_on_disk, ++disk_);
  }

  const Plan& plan_;
  const std::uint64_t room_;
  std::vector<std::uint32_t> next_, due_;  // by chunk: the tile's next one; by tile: its next one
  std::vector<std::uint8_t> on_disk_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> held_;  // (next chunk, tile)
  std::uint64_t disk_ = 0;
  Spilling result_;
};

}  // namespace

OrderCost order_cost(const Plan& plan, const Survey& survey, const MemoryPlan& memory) {
  OrderCost cost;
  cost.looked_at = cost.fits = true;
  cost.decoded = plan.block_bytes_decoded + bytes_decoded_again(plan, survey, memory.cache);
  const Spilling s = SumsInMemory(plan, memory.tile_states).follow();
  const std::uint64_t bytes = tile_accumulator_bytes(plan);
  cost.spilled = s.written * bytes, cost.read_back = s.read_back * bytes;
  cost.disk = s.most_on_disk * bytes;
  cost.seconds = decoding * double(cost.decoded) + spilling * double(cost.spilled) +
                 fetching * double(cost.read_back);
  return cost;
}

}  // namespace cubemill
