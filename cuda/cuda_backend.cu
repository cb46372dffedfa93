// Two streams: `copy` brings slabs, arguments and tables to the device, `compute` folds them into the
// sums, which belong to it. Events order them; the host waits for a copy before it gives the pinned
// slab back, and the copy stream waits for a fold before it fills a device slab again.
#include "cubemill/backend/cuda_backend.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "backend/tile_sums.hpp"
#include "cubemill/pixel/window_layout.hpp"
#include "fold_launch.hpp"
#include "handles.hpp"
#include "table_cache.hpp"

namespace cubemill {
namespace cuda {
namespace {

constexpr std::size_t slabs_in_flight = 2;
constexpr std::size_t tables_kept = 8;
constexpr std::uint64_t reserve = 256u << 20;  // of the device, for whoever else uses it

class PinnedMemory final : public StagingMemory {
 public:
  std::byte* take(std::size_t bytes) override {
    return pieces_.emplace_back(std::make_unique<Pinned>(bytes))->data();
  }
  void give_back(std::byte* memory) noexcept override {
    std::erase_if(pieces_, [&](const auto& p) { return p->data() == memory; });
  }

 private:
  std::vector<std::unique_ptr<Pinned>> pieces_;
};

/// The sums of a tile: on the device, unless they had to make room; what was folded before that is a
/// partial on the host.
struct CudaState final : TileState {
  std::vector<DeviceBuffer> sums;  // by index; none: not on the device
  std::unique_ptr<TileSums> partial;
  std::uint64_t last_use = 0;
  bool downloaded = false;  // `partial` holds all
};

/// A slab on the device with the arguments of its launches.
struct Staging {
  Staging(DevicePool& pool, std::size_t slab_bytes, const Stream& compute)
      : slab(pool, slab_bytes, compute) {}
  DeviceBuffer slab, arguments;
  std::unique_ptr<Pinned> host_arguments;
  Event copied, folded;
  std::optional<StagedChunk> chunk;  // until it is copied
};

class CudaBackend final : public FoldBackend {
 public:
  CudaBackend(FoldSpec spec, const CudaOptions& options)
      : spec_(std::move(spec)),
        pool_(limit(options)),
        tables_([this](std::size_t bytes) { return take(bytes); }, copy_, compute_, tables_kept),
        bounce_(std::size_t{1} << 20),
        only_slab_(options.slabs < 2),
        kernels_(pass_kernels()) {
    for (std::size_t i = 0; i < slabs_in_flight; ++i)
      staging_.push_back(
          std::make_unique<Staging>(pool_, (options.slab_bytes + 4095) / 4096 * 4096, compute_));
    made_.record(compute_);
    made_.hold(copy_);
  }
  ~CudaBackend() override {
    (void)cudaStreamSynchronize(copy_.get());
    (void)cudaStreamSynchronize(compute_.get());
  }

  StagingMemory& staging_memory() override { return pinned_; }

  std::unique_ptr<TileState> make_state() override {
    const std::lock_guard lock(mutex_);
    auto state = std::make_unique<CudaState>();
    live_.push_back(state.get());
    return state;
  }

  void fold(StagedChunk chunk, TileState& tile, std::int64_t x, std::int64_t y) override {
    const std::lock_guard lock(mutex_);
    auto& state = static_cast<CudaState&>(tile);
    current_ = &state;
    bring_in(state);
    Staging& s = *staging_[next_];
    next_ = (next_ + 1) % staging_.size();
    s.copied.synchronize();  // its pinned arguments are read no more
    s.chunk.reset();
    s.folded.hold(copy_);
    CUBEMILL_CUDA(cudaMemcpyAsync(s.slab.data(), chunk.slab.data(), chunk.slab.used(),
                                  cudaMemcpyHostToDevice, copy_.get()));
    s.chunk.emplace(std::move(chunk));
    const std::vector<FoldArgs> launches = stage_arguments(s, state, x, y);
    s.copied.record(copy_);
    s.copied.hold(compute_);
    for (std::size_t i = 0; i < launches.size(); ++i)
      launch_fold(spec_.indices[i].index, shape_of(s.chunk->fold, i), launches[i], compute_.get());
    s.folded.record(compute_);
    tables_.end_of_chunk();
    give_slabs_back(only_slab_ ? nullptr : &s);
  }

  std::uint64_t finish(TileState& tile, std::size_t index, std::vector<float>& means,
                       std::vector<std::uint32_t>& counts) override {
    auto& state = static_cast<CudaState&>(tile);
    if (!state.downloaded) {
      const std::lock_guard lock(mutex_);
      move_out(state);
      state.downloaded = true;
    }
    return state.partial->finish(index, kernels_, means, counts);
  }

  void recycle(std::unique_ptr<TileState> tile) override {
    const std::lock_guard lock(mutex_);
    auto& state = static_cast<CudaState&>(*tile);
    if (state.partial) free_.push_back(std::move(state.partial));
    std::erase(live_, &state);
  }

  void release_slabs() noexcept override {
    const std::lock_guard lock(mutex_);
    (void)cudaStreamSynchronize(copy_.get());
    for (auto& s : staging_) s->chunk.reset();
  }

 private:
  static std::size_t limit(const CudaOptions& options) {
    if (options.memory > 0) return options.memory;
    std::size_t free = 0, all = 0;
    CUBEMILL_CUDA(cudaMemGetInfo(&free, &all));
    return free > 2 * reserve ? free - reserve : free / 2;
  }

  // Slabs go back as soon as they are copied: no reader waits for a fold. The latest may be kept until
  // the next chunk comes, so that its copy overlaps with reading, but not when it is the only one: the
  // next chunk would need it.
  void give_slabs_back(const Staging* kept) {
    for (auto& s : staging_)
      if (s.get() != kept && s->chunk) {
        s->copied.synchronize();
        s->chunk.reset();
      }
  }

  /// What all bands of an index have in common.
  std::optional<Shape> shape_of(const FoldChunk& chunk, std::size_t index) const {
    std::optional<Shape> shape;
    for (const FoldScene& scene : chunk.scenes)
      for (const std::int32_t slot : spec_.indices[index].slots) {
        const BandGroup& g = *find(scene, slot).first;
        if (shape && (shape->storage != g.storage || shape->method != g.method)) return {};
        shape = Shape{g.storage, g.method};
      }
    return shape;
  }

  static std::pair<const BandGroup*, int> find(const FoldScene& scene, std::int32_t slot) {
    for (const BandGroup& g : scene.groups)
      for (int b = 0; b < g.bands; ++b)
        if (g.slot[b] == slot) return {&g, b};
    throw std::logic_error("a chunk lacks a band of its index");
  }

  /// Writes the arguments of all launches into pinned memory and sends them after the slab.
  std::vector<FoldArgs> stage_arguments(Staging& s, CudaState& state, std::int64_t x,
                                        std::int64_t y) {
    const FoldChunk& chunk = s.chunk->fold;
    std::size_t bytes = 0;
    for (const FoldIndex& index : spec_.indices)
      bytes += chunk.scenes.size() * scene_bytes(index.slots.size());
    make_room(s, bytes);
    std::vector<FoldArgs> launches;
    std::size_t at = 0;
    for (std::size_t i = 0; i < spec_.indices.size(); ++i) {
      launches.push_back(launch_of(s, state, i, x, y));
      launches.back().scene = s.arguments.data() + at;
      for (const FoldScene& scene : chunk.scenes) {
        write_scene(s, scene, spec_.indices[i], s.host_arguments->data() + at);
        at += scene_bytes(spec_.indices[i].slots.size());
      }
    }
    CUBEMILL_CUDA(cudaMemcpyAsync(s.arguments.data(), s.host_arguments->data(), bytes,
                                  cudaMemcpyHostToDevice, copy_.get()));
    return launches;
  }

  static std::size_t scene_bytes(std::size_t bands) {
    return offsetof(SceneArgs<1>, band) + bands * sizeof(BandArgs);
  }

  void make_room(Staging& s, std::size_t bytes) {
    if (s.host_arguments && s.host_arguments->bytes() >= bytes) return;
    const std::size_t room = 2 * bytes;
    s.host_arguments = std::make_unique<Pinned>(room);
    s.arguments = {};
    s.arguments = take(room);
    made_.record(compute_);
    made_.hold(copy_);
  }

  FoldArgs launch_of(const Staging& s, const CudaState& state, std::size_t index, std::int64_t x,
                     std::int64_t y) const {
    const FoldChunk& chunk = s.chunk->fold;
    const std::uint8_t* const fused =
        chunk.fused_classes ? chunk.fused_classes : chunk.scenes.front().classes;
    FoldArgs a{};
    a.width = std::int32_t(chunk.width), a.height = std::int32_t(chunk.height);
    a.scenes = std::int32_t(chunk.scenes.size());
    a.fuse_pixels = chunk.fuse_pixels;
    a.kind = spec_.kinds[index];
    a.class_stride = class_stride(chunk.width);
    a.fused_classes = on_device(s, fused);
    const auto run = std::size_t((y * spec_.tile_edge + x) / run_length);
    a.sums = state.sums[index].data() + run * bytes_per_run(a.kind);
    a.stride = spec_.tile_edge;
    return a;
  }

  void write_scene(const Staging& s, const FoldScene& scene, const FoldIndex& index,
                   std::byte* to) {
    const std::uint8_t* const classes = on_device(s, scene.classes);
    std::memcpy(to, &classes, sizeof classes);
    to += offsetof(SceneArgs<1>, band);
    for (const std::int32_t slot : index.slots) {
      const auto [group, b] = find(scene, slot);
      BandArgs band{};
      band.where = tables_.on_device(group->where, s.chunk->fold.height);
      band.window = group->window[b];
      band.window.data = on_device(s, static_cast<const std::byte*>(band.window.data));
      band.scale = group->scale[b], band.offset = group->offset[b];
      band.storage = group->storage, band.method = group->method;
      std::memcpy(to, &band, sizeof band);
      to += sizeof band;
    }
  }

  template <class T>
  static const T* on_device(const Staging& s, const T* host) {
    const auto offset = reinterpret_cast<const std::byte*>(host) - s.chunk->slab.data();
    return reinterpret_cast<const T*>(s.slab.data() + offset);
  }

  /// Sees to it that the sums are on the device; others move out where there is no room.
  void bring_in(CudaState& state) {
    state.last_use = ++clock_;
    if (!state.sums.empty()) return;
    std::vector<DeviceBuffer> sums;
    for (const AccumulatorKind kind : spec_.kinds) {
      const std::size_t bytes =
          std::size_t(spec_.tile_edge * spec_.tile_edge / run_length) * bytes_per_run(kind);
      sums.push_back(take(bytes));
      CUBEMILL_CUDA(cudaMemsetAsync(sums.back().data(), 0, bytes, compute_.get()));
    }
    state.sums = std::move(sums);
  }

  /// Device memory; where there is none left, tables that can be copied again go first, then the sums
  /// of the tile that was folded longest ago.
  DeviceBuffer take(std::size_t bytes) {
    for (;;) try {
        return DeviceBuffer(pool_, bytes, compute_);
      } catch (const OutOfMemory&) {
        if (!tables_.drop_one() && !move_oldest_out()) throw;
      }
  }

  bool move_oldest_out() {
    CudaState* oldest = nullptr;
    for (CudaState* s : live_)
      if (s != current_ && !s->sums.empty() && (!oldest || s->last_use < oldest->last_use))
        oldest = s;
    if (oldest) move_out(*oldest);
    return oldest != nullptr;
  }

  /// Adds the sums to the partial on the host and gives their device memory back.
  void move_out(CudaState& state) {
    if (!state.partial) state.partial = empty_sums();
    for (std::size_t i = 0; i < state.sums.size(); ++i) {
      const DeviceBuffer& sums = state.sums[i];
      for (std::size_t at = 0; at < sums.bytes();) {
        const std::size_t most = bounce_.bytes() / bytes_per_run(spec_.kinds[i]) *
                                 bytes_per_run(spec_.kinds[i]);
        const std::size_t n = std::min(most, sums.bytes() - at);
        CUBEMILL_CUDA(cudaMemcpyAsync(bounce_.data(), sums.data() + at, n, cudaMemcpyDeviceToHost,
                                      compute_.get()));
        compute_.synchronize();
        state.partial->merge(i, at, bounce_.data(), n);
        at += n;
      }
    }
    state.sums.clear();
  }

  std::unique_ptr<TileSums> empty_sums() {
    if (free_.empty()) return std::make_unique<TileSums>(spec_.kinds, spec_.tile_edge);
    std::unique_ptr<TileSums> sums = std::move(free_.back());
    free_.pop_back();
    return sums;
  }

  const FoldSpec spec_;
  std::mutex mutex_;
  PinnedMemory pinned_;
  // Pools go after what they gave, streams after pools.
  Stream copy_, compute_;
  DevicePool pool_;
  TableCache tables_;
  Pinned bounce_;
  const bool only_slab_;
  Event made_;
  std::vector<std::unique_ptr<Staging>> staging_;
  std::size_t next_ = 0;
  const CudaState* current_ = nullptr;  // the state that is being folded into
  std::vector<CudaState*> live_;
  std::vector<std::unique_ptr<TileSums>> free_;
  std::uint64_t clock_ = 0;
  const PassKernels& kernels_;
};

}  // namespace
}  // namespace cuda

bool cuda_is_built_in() { return true; }

std::vector<CudaDevice> cuda_devices(std::string& reason) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    (void)cudaGetLastError();
    reason = error == cudaSuccess ? "no CUDA device" : cudaGetErrorString(error);
    return {};
  }
  std::vector<CudaDevice> devices;
  for (int d = 0; d < count; ++d) {
    cudaDeviceProp properties{};
    CUBEMILL_CUDA(cudaGetDeviceProperties(&properties, d));
    std::size_t free = 0, all = properties.totalGlobalMem;
    if (d == 0) CUBEMILL_CUDA(cudaMemGetInfo(&free, &all));
    devices.push_back({properties.name,
                       std::to_string(properties.major) + "." + std::to_string(properties.minor),
                       all, free});
  }
  return devices;
}

std::unique_ptr<FoldBackend> make_cuda_backend(FoldSpec spec, const CudaOptions& options) {
  std::string reason;
  if (cuda_devices(reason).empty())
    throw DeviceError("--backend cuda: " + reason + "; use --backend cpu");
  CUBEMILL_CUDA(cudaSetDevice(0));
  return std::make_unique<cuda::CudaBackend>(std::move(spec), options);
}

}  // namespace cubemill
