// Several devices as one backend: every tile is dealt to one of them, which then folds it to the
// end. Slabs are pinned for all.
#pragma once
#include <memory>
#include <vector>

#include "device_backend.hpp"

namespace cubemill::cuda {

class DealingBackend final : public FoldBackend {
 public:
  explicit DealingBackend(std::vector<std::unique_ptr<DeviceBackend>> devices)
      : devices_(std::move(devices)) {}

  StagingMemory& staging_memory() override { return devices_.front()->staging_memory(); }
  std::unique_ptr<TileState> make_state() override;
  void fold(StagedChunk& chunk, TileState& tile, std::int64_t x, std::int64_t y) override;
  TileSums* on_host(TileState&) override { return nullptr; }
  void download(TileState& tile, TileSums& into) override;
  void merge(TileState& tile, const TileSums& sums) override;
  std::uint64_t finish(TileState& tile, std::size_t index, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts) override;
  void recycle(std::unique_ptr<TileState> tile) override;
  void release_slabs() noexcept override;

 private:
  const std::vector<std::unique_ptr<DeviceBackend>> devices_;
};

}  // namespace cubemill::cuda
