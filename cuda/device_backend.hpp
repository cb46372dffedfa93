// The fold on one device. Two streams: `copy` brings slabs, arguments and tables to the device,
// `compute` folds them into the sums, which belong to it. Events order them; the host waits for a
// copy before it gives the pinned slab back, and the copy stream waits for a fold before it fills a
// device slab again. Which sums have to leave when memory is short is the caller's to say.
#pragma once
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "chunk_launches.hpp"
#include "cubemill/backend/cuda_backend.hpp"
#include "pinned_memory.hpp"
#include "stream_trace.hpp"
#include "tile_transfers.hpp"

namespace cubemill::cuda {

class DeviceBackend final : public FoldBackend {
 public:
  /// `devices`: how many share the slabs of `pinned`. Throws DeviceError, OutOfMemory.
  DeviceBackend(int device, std::size_t devices, FoldSpec spec, const CudaOptions& options,
                std::shared_ptr<PinnedMemory> pinned);
  ~DeviceBackend() override;

  StagingMemory& staging_memory() override { return *pinned_; }
  std::unique_ptr<TileState> make_state() override;
  void fold(StagedChunk& chunk, TileState& tile, std::int64_t x, std::int64_t y) override;
  TileSums* on_host(TileState&) override { return nullptr; }
  void download(TileState& tile, TileSums& into) override;
  void merge(TileState& tile, const TileSums& sums) override;
  std::uint64_t finish(TileState& tile, std::size_t index, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts) override;
  void recycle(std::unique_ptr<TileState> tile) override;
  void release_slabs() noexcept override;

  /// Device memory that is left.
  std::size_t left() const;

 private:
  /// A slab on the device with the arguments of its launches.
  struct Staging {
    DeviceBuffer slab, arguments;
    std::unique_ptr<Pinned> host_arguments;
    Event copied, folded;
    std::optional<StagedChunk> chunk;  // until it is copied
  };

  DeviceSumsView sums_of(TileState& tile, std::size_t index) const;
  DeviceBuffer take(std::size_t bytes);
  bool has_room_for_state();
  std::vector<ChunkLaunch> prepare(Staging& s, const StagedChunk& chunk);
  void make_room_for_arguments(Staging& s, std::size_t bytes);
  void send(Staging& s, StagedChunk& chunk);
  void launch(Staging& s, const std::vector<ChunkLaunch>& launches);
  StreamTrace::Span computing(const char* what) { return {trace_, what, "compute", compute_}; }
  void give_slabs_back(const Staging* kept);

  const Device device_;
  const FoldSpec spec_;
  const std::size_t devices_;
  const std::size_t table_bytes_;  // of one chunk
  const std::shared_ptr<PinnedMemory> pinned_;
  StreamTrace trace_;
  // Pools go after what they gave, streams after pools.
  Stream copy_, compute_;
  mutable std::mutex mutex_;  // guards what follows
  DevicePool pool_;
  TableCache tables_;
  Event made_;
  std::vector<std::unique_ptr<Staging>> staging_;
  std::size_t next_ = 0, states_ = 0;
  TileTransfers transfers_;  // guards itself
};

}  // namespace cubemill::cuda
