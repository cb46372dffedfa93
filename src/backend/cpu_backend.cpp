#include <utility>

#include "backend/tile_sums.hpp"
#include "cubemill/backend/fold_backend.hpp"

namespace cubemill {
namespace {

class CpuBackend final : public FoldBackend {
 public:
  CpuBackend(FoldSpec spec, std::size_t states)
      : spec_(std::move(spec)),
        kernels_(pass_kernels()),
        pool_(spec_.kinds, spec_.tile_edge, states) {}

  StagingMemory& staging_memory() override { return heap_memory(); }
  std::unique_ptr<TileState> make_state() override { return pool_.take(); }

  void fold(StagedChunk& chunk, TileState& state, std::int64_t x, std::int64_t y) override {
    fold_chunk(chunk.fold, spec_.indices, sums(state).views(x, y), kernels_);
    chunk.slab.give_back();
  }

  TileSums* on_host(TileState& state) override { return &sums(state); }
  void download(TileState& state, TileSums& into) override { into.merge(sums(state)); }
  void merge(TileState& state, const TileSums& more) override { sums(state).merge(more); }

  std::uint64_t finish(TileState& state, std::size_t index, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts) override {
    return sums(state).finish(index, kernels_, means, counts);
  }

  void recycle(std::unique_ptr<TileState> state) override {
    pool_.give_back(std::unique_ptr<TileSums>(static_cast<TileSums*>(state.release())));
  }

 private:
  static TileSums& sums(TileState& state) { return static_cast<TileSums&>(state); }

  const FoldSpec spec_;
  const PassKernels& kernels_;
  SumsPool pool_;
};

}  // namespace

std::unique_ptr<FoldBackend> make_cpu_backend(FoldSpec spec, std::size_t states) {
  return std::make_unique<CpuBackend>(std::move(spec), states);
}

}  // namespace cubemill
