#include <algorithm>
#include <exception>

#include "dealing_backend.hpp"

namespace cubemill::cuda {
namespace {

struct DealtState final : TileState {
  DealtState(DeviceBackend& of, std::unique_ptr<TileState> sums)
      : device(of), state(std::move(sums)) {}
  DeviceBackend& device;
  std::unique_ptr<TileState> state;
};

DealtState& dealt(TileState& tile) { return static_cast<DealtState&>(tile); }

}  // namespace

// The device with most room first; where one is full, its states can make room, so only if none has
// any the memory is too small.
std::unique_ptr<TileState> DealingBackend::make_state() {
  std::vector<std::pair<std::size_t, DeviceBackend*>> by_room;
  for (const auto& d : devices_) by_room.emplace_back(d->left(), d.get());
  std::stable_sort(by_room.begin(), by_room.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::exception_ptr too_small;
  bool full = false;
  for (const auto& [room, device] : by_room) try {
      if (auto state = device->make_state())
        return std::make_unique<DealtState>(*device, std::move(state));
      full = true;
    } catch (const OutOfMemory&) {
      too_small = std::current_exception();
    }
  if (!full) std::rethrow_exception(too_small);
  return {};
}

void DealingBackend::fold(StagedChunk& chunk, TileState& tile, std::int64_t x, std::int64_t y) {
  dealt(tile).device.fold(chunk, *dealt(tile).state, x, y);
}

void DealingBackend::download(TileState& tile, TileSums& into) {
  dealt(tile).device.download(*dealt(tile).state, into);
}

void DealingBackend::merge(TileState& tile, const TileSums& sums) {
  dealt(tile).device.merge(*dealt(tile).state, sums);
}

std::uint64_t DealingBackend::finish(TileState& tile, std::size_t index, std::vector<float>& means,
                                     std::vector<std::uint32_t>& counts) {
  return dealt(tile).device.finish(*dealt(tile).state, index, means, counts);
}

void DealingBackend::recycle(std::unique_ptr<TileState> tile) {
  DealtState& state = dealt(*tile);
  state.device.recycle(std::move(state.state));
}

void DealingBackend::release_slabs() noexcept {
  for (const auto& d : devices_) d->release_slabs();
}

}  // namespace cubemill::cuda
