#include "kernel_bench_device.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "cubemill/pixel/window_layout.hpp"
#include "device_pool.hpp"
#include "fold_launch.hpp"
#include "handles.hpp"
#include "sums_launch.hpp"

namespace cubemill::bench {
namespace {

using cuda::BandArgs;
using cuda::DeviceBuffer;
using cuda::DevicePool;
using cuda::FoldArgs;
using cuda::Pinned;
using cuda::SceneArgs;
using cuda::Stream;

/// An event that knows when it was.
class TimedEvent {
 public:
  TimedEvent() { CUBEMILL_CUDA(cudaEventCreate(&event_)); }
  ~TimedEvent() { (void)cudaEventDestroy(event_); }
  TimedEvent(const TimedEvent&) = delete;
  TimedEvent& operator=(const TimedEvent&) = delete;
  void record(const Stream& stream) { CUBEMILL_CUDA(cudaEventRecord(event_, stream.get())); }
  double seconds_since(const TimedEvent& begin) const {
    CUBEMILL_CUDA(cudaEventSynchronize(event_));
    float milliseconds = 0;
    CUBEMILL_CUDA(cudaEventElapsedTime(&milliseconds, begin.event_, event_));
    return 1e-3 * double(milliseconds);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

std::size_t device_memory() {
  std::size_t free = 0, all = 0;
  CUBEMILL_CUDA(cudaMemGetInfo(&free, &all));
  return free / 2;
}

/// A case's bytes on the device: a slab, tables, arguments and sums.
class Resident {
 public:
  Resident(const KernelData& data, DevicePool& pool, const Stream& stream)
      : slab_(pool, data.slab().size(), stream),
        centres_(pool, data.tables().centres.size() * sizeof(CentreSegment), stream),
        boxes_(pool, std::max<std::size_t>(data.tables().boxes.size(), 1) * sizeof(BoxSegment),
               stream),
        arguments_(pool, data.chunk().scenes.size() * sizeof(SceneArgs<KernelData::bands>), stream),
        sums_(pool, data.sum_bytes(), stream),
        host_slab_(data.slab().data()) {
    copy(slab_, data.slab().data(), data.slab().size(), stream);
    copy(centres_, data.tables().centres.data(), centres_.bytes(), stream);
    copy(boxes_, data.tables().boxes.data(), data.tables().boxes.size() * sizeof(BoxSegment),
         stream);
    std::vector<SceneArgs<KernelData::bands>> scenes;
    for (const FoldScene& scene : data.chunk().scenes) scenes.push_back(scene_args(scene));
    copy(arguments_, scenes.data(), arguments_.bytes(), stream);
    CUBEMILL_CUDA(cudaMemsetAsync(sums_.data(), 0, sums_.bytes(), stream.get()));
    CUBEMILL_CUDA(cudaStreamSynchronize(stream.get()));  // host memory is read no more
    const FoldChunk& chunk = data.chunk();
    args_.width = std::int32_t(chunk.width), args_.height = std::int32_t(chunk.height);
    args_.scenes = std::int32_t(scenes.size());
    args_.fuse_pixels = chunk.fuse_pixels;
    args_.kind = data.which().kind;
    args_.class_stride = std::int32_t(class_stride(chunk.width));
    args_.fused_classes = on_device(chunk.fused_classes);
    args_.scene = arguments_.data();
    args_.sums = sums_.data();
    args_.stride = std::int32_t(chunk.width);
  }

  const FoldArgs& args() const { return args_; }
  const DeviceBuffer& sums() const { return sums_; }
  std::size_t bytes() const {
    return slab_.bytes() + centres_.bytes() + boxes_.bytes() + sums_.bytes();
  }

 private:
  static void copy(const DeviceBuffer& to, const void* from, std::size_t bytes,
                   const Stream& stream) {
    if (bytes > 0)
      CUBEMILL_CUDA(cudaMemcpyAsync(to.data(), from, bytes, cudaMemcpyHostToDevice, stream.get()));
  }
  template <class T>
  const T* on_device(const T* host) const {
    const auto offset = reinterpret_cast<const std::byte*>(host) - host_slab_;
    return reinterpret_cast<const T*>(slab_.data() + offset);
  }
  SceneArgs<KernelData::bands> scene_args(const FoldScene& scene) const {
    SceneArgs<KernelData::bands> args{};
    args.classes = on_device(scene.classes);
    const BandGroup& group = scene.groups.front();
    for (int b = 0; b < KernelData::bands; ++b) {
      BandArgs& band = args.band[b];
      band.where = group.where;
      band.where.centres = reinterpret_cast<const CentreSegment*>(centres_.data());
      band.where.boxes = reinterpret_cast<const BoxSegment*>(boxes_.data());
      band.window = group.window[b];
      band.window.data = on_device(static_cast<const std::byte*>(group.window[b].data));
      band.scale = group.scale[b], band.offset = group.offset[b];
      band.storage = group.storage, band.method = group.method;
      place_band(band, b > 0 ? &args.band[b - 1] : nullptr);
    }
    return args;
  }

  DeviceBuffer slab_, centres_, boxes_, arguments_, sums_;
  const std::byte* host_slab_;
  FoldArgs args_{};
};

/// Sums on the device, and what they are made into.
class FinishedOnDevice {
 public:
  FinishedOnDevice(const KernelData& data, const std::vector<std::byte>& sums, DevicePool& pool,
                   const Stream& stream)
      : kind_(data.which().kind),
        pixels_(std::size_t(data.pixels())),
        stream_(stream),
        sums_(pool, sums.size(), stream),
        means_(pool, pixels_ * sizeof(float), stream),
        counts_(pool, pixels_ * sizeof(std::uint16_t), stream),
        beyond_(pool, sizeof(std::uint64_t), stream),
        scratch_(pool, std::max<std::size_t>(cuda::finish_scratch_bytes(pixels_), 1), stream) {
    CUBEMILL_CUDA(cudaMemcpyAsync(sums_.data(), sums.data(), sums.size(), cudaMemcpyHostToDevice,
                                  stream.get()));
    CUBEMILL_CUDA(cudaStreamSynchronize(stream.get()));  // host memory is read no more
  }

  void finish() const {
    cuda::finish_sums(
        kind_, sums_.data(), pixels_,
        {reinterpret_cast<float*>(means_.data()), reinterpret_cast<std::uint16_t*>(counts_.data()),
         reinterpret_cast<std::uint64_t*>(beyond_.data())},
        {scratch_.data(), scratch_.bytes()}, stream_.get());
  }
  Finished download() const {
    Finished result{std::vector<float>(pixels_), std::vector<std::uint16_t>(pixels_), 0};
    copy(result.means.data(), means_);
    copy(result.counts.data(), counts_);
    copy(&result.beyond, beyond_);
    CUBEMILL_CUDA(cudaStreamSynchronize(stream_.get()));
    return result;
  }
  std::size_t bytes() const { return sums_.bytes() + means_.bytes() + counts_.bytes(); }

 private:
  void copy(void* to, const DeviceBuffer& from) const {
    CUBEMILL_CUDA(
        cudaMemcpyAsync(to, from.data(), from.bytes(), cudaMemcpyDeviceToHost, stream_.get()));
  }

  const AccumulatorKind kind_;
  const std::size_t pixels_;
  const Stream& stream_;
  DeviceBuffer sums_, means_, counts_, beyond_, scratch_;
};

class CudaKernelDevice final : public KernelDevice {
 public:
  explicit CudaKernelDevice(bool quick) : quick_(quick), pool_(device_, device_memory()) {
    CUBEMILL_CUDA(cudaGetDeviceProperties(&properties_, 0));
  }

  DeviceFacts facts() override {
    DeviceFacts f;
    f.name = properties_.name;
    f.capability = std::to_string(properties_.major) + "." + std::to_string(properties_.minor);
    CUBEMILL_CUDA(cudaDriverGetVersion(&f.driver));
    CUBEMILL_CUDA(cudaRuntimeGetVersion(&f.runtime));
    f.multiprocessors = properties_.multiProcessorCount;
    f.l2_bytes = double(l2_bytes());
    const std::size_t large = quick_ ? std::size_t(1) << 20 : std::size_t(256) << 20;
    const std::size_t slab = quick_ ? std::size_t(1) << 16 : std::size_t(3) << 20;
    f.copy_rate = 2 * rate_within(quick_ ? large : 4 * large);
    f.to_device = rate_across(large, cudaMemcpyHostToDevice);
    f.from_device = rate_across(large, cudaMemcpyDeviceToHost);
    f.slab_to_device = rate_across(slab, cudaMemcpyHostToDevice);
    f.launch_seconds = time_launch();
    return f;
  }

  std::vector<std::byte> fold_once(const KernelData& data) override {
    const Resident resident(data, pool_, stream_);
    fold(data, resident);
    std::vector<std::byte> sums(data.sum_bytes());
    CUBEMILL_CUDA(cudaMemcpyAsync(sums.data(), resident.sums().data(), sums.size(),
                                  cudaMemcpyDeviceToHost, stream_.get()));
    CUBEMILL_CUDA(cudaStreamSynchronize(stream_.get()));
    return sums;
  }

  FoldTime time(const KernelData& data) override {
    return time_copies([&] { return std::make_unique<Resident>(data, pool_, stream_); },
                       [&](const Resident& resident) { fold(data, resident); });
  }

  Finished finish_once(const KernelData& data, const std::vector<std::byte>& sums) override {
    const FinishedOnDevice one(data, sums, pool_, stream_);
    one.finish();
    return one.download();
  }

  FoldTime time_finish(const KernelData& data, const std::vector<std::byte>& sums) override {
    return time_copies(
        [&] { return std::make_unique<FinishedOnDevice>(data, sums, pool_, stream_); },
        [](const FinishedOnDevice& one) { one.finish(); });
  }

 private:
  std::size_t l2_bytes() const { return std::size_t(std::max(properties_.l2CacheSize, 1 << 20)); }

  void fold(const KernelData& data, const Resident& resident) const {
    const KernelCase& c = data.which();
    launch_fold(KernelData::indices().front().index, cuda::Shape{c.storage, c.method},
                resident.args(), stream_.get());
  }

  /// Times an action on copies of its data: on so many in turn that no cache holds them, and on
  /// one.
  template <class Make, class Action>
  FoldTime time_copies(const Make& make, const Action& action) const {
    std::vector<decltype(make())> copies;
    copies.push_back(make());
    const std::size_t wanted = quick_ ? 2 : 4 * l2_bytes() / copies.front()->bytes() + 2;
    while (copies.size() < wanted) copies.push_back(make());
    const std::size_t turns = quick_ ? 2 : std::max<std::size_t>(copies.size(), 20);
    return {median_of_batches(turns, [&](std::size_t i) { action(*copies[i % copies.size()]); }),
            median_of_batches(turns, [&](std::size_t) { action(*copies.front()); })};
  }

  /// Seconds an action, the median of batches of so many; the first batch does not count.
  double median_of_batches(std::size_t actions,
                           const std::function<void(std::size_t)>& action) const {
    std::vector<double> times;
    for (int batch = 0; batch <= (quick_ ? 1 : 15); ++batch) {
      TimedEvent begin, end;
      begin.record(stream_);
      for (std::size_t i = 0; i < actions; ++i) action(i);
      end.record(stream_);
      const double time = end.seconds_since(begin) / double(actions);
      if (batch > 0) times.push_back(time);
    }
    std::nth_element(times.begin(), times.begin() + std::ptrdiff_t(times.size() / 2), times.end());
    return times[times.size() / 2];
  }

  double rate_within(std::size_t bytes) {
    const DeviceBuffer from(pool_, bytes, stream_), to(pool_, bytes, stream_);
    CUBEMILL_CUDA(cudaMemsetAsync(from.data(), 1, bytes, stream_.get()));
    return double(bytes) / median_of_batches(quick_ ? 1 : 5, [&](std::size_t) {
             CUBEMILL_CUDA(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice,
                                           stream_.get()));
           });
  }

  double rate_across(std::size_t bytes, cudaMemcpyKind kind) {
    const DeviceBuffer device(pool_, bytes, stream_);
    const Pinned host(bytes);
    std::memset(host.data(), 1, bytes);
    CUBEMILL_CUDA(cudaMemsetAsync(device.data(), 1, bytes, stream_.get()));
    const bool down = kind == cudaMemcpyDeviceToHost;
    void* const to = down ? host.data() : device.data();
    const void* const from = down ? device.data() : host.data();
    return double(bytes) / median_of_batches(quick_ ? 1 : 5, [&](std::size_t) {
             CUBEMILL_CUDA(cudaMemcpyAsync(to, from, bytes, kind, stream_.get()));
           });
  }

  double time_launch() {
    KernelCase pixel;
    pixel.width = pixel.height = 32;
    const KernelData data(pixel);
    const Resident resident(data, pool_, stream_);
    FoldArgs args = resident.args();
    args.width = args.height = 1;
    return median_of_batches(quick_ ? 2 : 200, [&](std::size_t) {
      launch_fold(0, cuda::Shape{pixel.storage, pixel.method}, args, stream_.get());
    });
  }

  const bool quick_;
  Stream stream_;
  const cuda::Device device_{0};
  DevicePool pool_;
  cudaDeviceProp properties_{};
};

}  // namespace

std::unique_ptr<KernelDevice> make_kernel_device(bool quick, std::string& reason) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess || count == 0) {
    (void)cudaGetLastError();
    reason = error == cudaSuccess ? "no CUDA device" : cudaGetErrorString(error);
    return nullptr;
  }
  CUBEMILL_CUDA(cudaSetDevice(0));
  return std::make_unique<CudaKernelDevice>(quick);
}

}  // namespace cubemill::bench
