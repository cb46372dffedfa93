#include <algorithm>

#include "table_cache.hpp"

namespace cubemill::cuda {

// Buffers are taken and given in the compute stream, whose kernels read them; the copy stream,
// which fills them, waits until they are there. The compute stream waits until they are filled, at
// once: a chunk that is refused halfway gives tables back that nothing was to read.
void TableCache::fill(const DeviceBuffer& buffer, const void* host) {
  if (!buffer) return;
  made_.record(compute_);
  made_.hold(copy_);
  CUBEMILL_CUDA(
      cudaMemcpyAsync(buffer.data(), host, buffer.bytes(), cudaMemcpyHostToDevice, copy_.get()));
  filled_.record(copy_);
  filled_.hold(compute_);
}

DeviceBuffer TableCache::room_for(const void* host, std::size_t bytes) {
  return host == nullptr || bytes == 0 ? DeviceBuffer() : take_(bytes);
}

CoordinateView TableCache::on_device(const CoordinateView& host, std::int64_t rows) {
  auto entry =
      std::find_if(recent_.begin(), recent_.end(), [&](const Entry& e) { return e.id == host.id; });
  if (entry == recent_.end()) {
    const auto segments = std::size_t(rows * host.segments);
    Entry made;
    made.id = host.id;
    made.centres = room_for(host.centres, segments * sizeof(CentreSegment));
    made.boxes = room_for(host.boxes, segments * sizeof(BoxSegment));
    try {
      fill(made.centres, host.centres);
      fill(made.boxes, host.boxes);
    } catch (const Error&) {
      (void)cudaStreamSynchronize(copy_.get());  // what is being written is not freed
      throw;
    }
    recent_.push_front(std::move(made));
    entry = recent_.begin();
  } else {
    recent_.splice(recent_.begin(), recent_, entry);
  }
  entry->in_use = true;
  CoordinateView view = host;
  view.centres = reinterpret_cast<const CentreSegment*>(entry->centres.data());
  view.boxes = reinterpret_cast<const BoxSegment*>(entry->boxes.data());
  return view;
}

void TableCache::end_of_chunk() {
  for (Entry& e : recent_) e.in_use = false;
  while (recent_.size() > capacity_) recent_.pop_back();
}

bool TableCache::drop_one() {
  const auto oldest =
      std::find_if(recent_.rbegin(), recent_.rend(), [](const Entry& e) { return !e.in_use; });
  if (oldest == recent_.rend()) return false;
  recent_.erase(std::next(oldest).base());
  return true;
}

std::size_t TableCache::bytes() const {
  std::size_t bytes = 0;
  for (const Entry& e : recent_) bytes += e.centres.bytes() + e.boxes.bytes();
  return bytes;
}

}  // namespace cubemill::cuda
