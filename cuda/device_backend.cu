#include <algorithm>

#include "backend/tile_sums.hpp"
#include "device_backend.hpp"

namespace cubemill::cuda {
namespace {

constexpr std::size_t slabs_in_flight = 2;
constexpr std::size_t tables_kept = 8;
constexpr std::size_t arguments_at_first = std::size_t(1) << 14;
constexpr std::uint64_t reserve = 256u << 20;  // of the device, for whoever else uses it

std::size_t memory_limit(const CudaOptions& options) {
  if (options.memory > 0) return options.memory;
  std::size_t free = 0, all = 0;
  CUBEMILL_CUDA(cudaMemGetInfo(&free, &all));
  return free > 2 * reserve ? free - reserve : free / 2;
}

/// The sums of a tile, by index.
struct DeviceSums final : TileState {
  std::vector<DeviceBuffer> sums;
};

}  // namespace

DeviceBackend::DeviceBackend(int device, std::size_t devices, FoldSpec spec,
                             const CudaOptions& options, std::shared_ptr<PinnedMemory> pinned)
    : device_(device),
      spec_(std::move(spec)),
      devices_(devices),
      table_bytes_(options.table_bytes),
      pinned_(std::move(pinned)),
      trace_(options.span, device_),
      pool_(device_, memory_limit(options)),
      tables_([this](std::size_t bytes) { return take(bytes); }, copy_, compute_, tables_kept),
      transfers_(pool_, std::size_t(spec_.tile_edge * spec_.tile_edge), compute_) {
  for (std::size_t i = 0; i < slabs_in_flight; ++i) {
    auto s = std::make_unique<Staging>();
    s->slab = DeviceBuffer(pool_, (options.slab_bytes + 4095) / 4096 * 4096, compute_);
    make_room_for_arguments(*s, arguments_at_first);
    staging_.push_back(std::move(s));
  }
}

DeviceBackend::~DeviceBackend() {
  (void)cudaSetDevice(device_.number());
  (void)cudaStreamSynchronize(copy_.get());
  (void)cudaStreamSynchronize(compute_.get());
}

DeviceSumsView DeviceBackend::sums_of(TileState& tile, std::size_t index) const {
  const DeviceBuffer& sums = static_cast<DeviceSums&>(tile).sums[index];
  return {spec_.kinds[index], sums.data(), sums.bytes()};
}

std::size_t DeviceBackend::left() const {
  const std::lock_guard lock(mutex_);
  return pool_.left();
}

/// Device memory; where there is none left, tables that can be copied again go.
DeviceBuffer DeviceBackend::take(std::size_t bytes) {
  for (;;) try {
      return DeviceBuffer(pool_, bytes, compute_);
    } catch (const OutOfMemory&) {
      if (!tables_.drop_one()) throw;
    }
}

// Leaves what the tables of a chunk take; more of them than that go.
bool DeviceBackend::has_room_for_state() {
  const std::size_t state = tile_sums_bytes(spec_.kinds, spec_.tile_edge);
  for (;;) {
    const std::size_t tables = tables_.bytes();
    const std::size_t headroom = table_bytes_ > tables ? table_bytes_ - tables : 0;
    if (pool_.left() >= state + headroom) return true;
    if (tables <= table_bytes_ || !tables_.drop_one()) return false;
  }
}

std::unique_ptr<TileState> DeviceBackend::make_state() {
  device_.use();
  const std::lock_guard lock(mutex_);
  if (states_ > 0 && !has_room_for_state()) return {};
  auto state = std::make_unique<DeviceSums>();
  try {
    for (const AccumulatorKind kind : spec_.kinds)
      state->sums.push_back(take(tile_sums_bytes({kind}, spec_.tile_edge)));
  } catch (const OutOfMemory&) {
    if (states_ > 0) return {};
    throw;
  }
  for (const DeviceBuffer& sums : state->sums)
    CUBEMILL_CUDA(cudaMemsetAsync(sums.data(), 0, sums.bytes(), compute_.get()));
  ++states_;
  return state;
}

void DeviceBackend::recycle(std::unique_ptr<TileState> tile) {
  device_.use();
  const std::lock_guard lock(mutex_);
  tile.reset();
  --states_;
}

void DeviceBackend::fold(StagedChunk& chunk, TileState& tile, std::int64_t x, std::int64_t y) {
  device_.use();
  const std::lock_guard lock(mutex_);
  Staging& s = *staging_[next_];
  std::vector<ChunkLaunch> launches = prepare(s, chunk);
  next_ = (next_ + 1) % staging_.size();
  const auto run = std::size_t((y * spec_.tile_edge + x) / run_length);
  for (std::size_t i = 0; i < launches.size(); ++i)
    launches[i].arguments.sums = sums_of(tile, i).data + run * bytes_per_run(spec_.kinds[i]);
  try {
    send(s, chunk);
    launch(s, launches);
  } catch (const OutOfMemory& error) {  // of the driver itself; the chunk is no more as it was
    throw DeviceError(error.what());
  }
  tables_.end_of_chunk();
  give_slabs_back(pinned_->pieces() > devices_ ? &s : nullptr);
}

// All that may fail for want of memory; then it leaves no trace.
std::vector<ChunkLaunch> DeviceBackend::prepare(Staging& s, const StagedChunk& chunk) {
  s.copied.synchronize();  // its pinned arguments are read no more
  s.chunk.reset();
  try {
    make_room_for_arguments(s, argument_bytes(chunk.fold, spec_.indices));
    return write_launches(
        chunk.fold, spec_,
        {chunk.slab.data(), s.slab.data(), s.host_arguments->data(), s.arguments.data()}, tables_);
  } catch (const OutOfMemory&) {
    tables_.end_of_chunk();
    throw;
  }
}

void DeviceBackend::make_room_for_arguments(Staging& s, std::size_t bytes) {
  if (s.arguments.bytes() >= bytes) return;
  s.arguments = {};
  s.host_arguments = std::make_unique<Pinned>(2 * bytes);
  s.arguments = take(2 * bytes);
  made_.record(compute_);
  made_.hold(copy_);
}

void DeviceBackend::send(Staging& s, StagedChunk& chunk) {
  const std::size_t arguments = argument_bytes(chunk.fold, spec_.indices);
  s.folded.hold(copy_);
  {
    const StreamTrace::Span span(trace_, "copy", "copy", copy_);
    CUBEMILL_CUDA(cudaMemcpyAsync(s.slab.data(), chunk.slab.data(), chunk.slab.used(),
                                  cudaMemcpyHostToDevice, copy_.get()));
    s.chunk.emplace(std::move(chunk));
    CUBEMILL_CUDA(cudaMemcpyAsync(s.arguments.data(), s.host_arguments->data(), arguments,
                                  cudaMemcpyHostToDevice, copy_.get()));
  }
  s.copied.record(copy_);
  s.copied.hold(compute_);
}

void DeviceBackend::launch(Staging& s, const std::vector<ChunkLaunch>& launches) {
  {
    const auto span = computing("fold");
    for (const ChunkLaunch& l : launches)
      launch_fold(l.index, l.shape, l.arguments, compute_.get());
  }
  s.folded.record(compute_);
}

// Slabs go back as soon as they are copied: no reader waits for a fold. The latest may be kept
// until the next chunk comes, so that its copy overlaps with reading, but not where devices could
// keep them all: the next chunk would need one.
void DeviceBackend::give_slabs_back(const Staging* kept) {
  for (auto& s : staging_)
    if (s.get() != kept && s->chunk) {
      s->copied.synchronize();
      s->chunk.reset();
    }
}

void DeviceBackend::release_slabs() noexcept {
  const std::lock_guard lock(mutex_);
  (void)cudaStreamSynchronize(copy_.get());
  for (auto& s : staging_) s->chunk.reset();
}

void DeviceBackend::download(TileState& tile, TileSums& into) {
  device_.use();
  const auto span = computing("download");
  for (std::size_t i = 0; i < spec_.kinds.size(); ++i)
    transfers_.download(sums_of(tile, i), [&](std::size_t at, std::span<const std::byte> piece) {
      into.merge(i, at, piece);
    });
}

void DeviceBackend::merge(TileState& tile, const TileSums& sums) {
  device_.use();
  const auto span = computing("merge");
  const auto all = sums.bytes();
  for (std::size_t i = 0; i < all.size(); ++i) transfers_.merge(sums_of(tile, i), all[i]);
}

std::uint64_t DeviceBackend::finish(TileState& tile, std::size_t index, std::vector<float>& means,
                                    std::vector<std::uint32_t>& counts) {
  device_.use();
  const auto span = computing("finish");
  return transfers_.finish(sums_of(tile, index), means, counts);
}

}  // namespace cubemill::cuda
