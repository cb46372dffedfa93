#include <mutex>
#include <utility>

#include "backend/tile_sums.hpp"
#include "cubemill/backend/fold_backend.hpp"

namespace cubemill {
namespace {

class CpuBackend final : public FoldBackend {
 public:
  explicit CpuBackend(FoldSpec spec) : spec_(std::move(spec)), kernels_(pass_kernels()) {}

  StagingMemory& staging_memory() override { return heap_memory(); }

  std::unique_ptr<TileState> make_state() override {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<TileState> state = std::move(free_.back());
        free_.pop_back();
        return state;
      }
    }
    return std::make_unique<TileSums>(spec_.kinds, spec_.tile_edge);
  }

  void fold(StagedChunk chunk, TileState& state, std::int64_t x, std::int64_t y) override {
    fold_chunk(chunk.fold, spec_.indices, static_cast<TileSums&>(state).views(x, y), kernels_);
  }

  std::uint64_t finish(TileState& state, std::size_t index, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts) override {
    return static_cast<TileSums&>(state).finish(index, kernels_, means, counts);
  }

  void recycle(std::unique_ptr<TileState> state) override {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(state));
  }

 private:
  const FoldSpec spec_;
  const PassKernels& kernels_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<TileState>> free_;
};

}  // namespace

std::unique_ptr<FoldBackend> make_cpu_backend(FoldSpec spec) {
  return std::make_unique<CpuBackend>(std::move(spec));
}

}  // namespace cubemill
