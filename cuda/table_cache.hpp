// Segment tables on the device, by their id; the one used longest ago makes room. One thread at a
// time.
#pragma once
#include <cstdint>
#include <functional>
#include <list>

#include "cubemill/backend/pass.hpp"
#include "device_pool.hpp"

namespace cubemill::cuda {

class TableCache {
 public:
  /// Keeps at most `capacity` tables between chunks. `take` gives memory in the order of the
  /// compute stream.
  TableCache(std::function<DeviceBuffer(std::size_t)> take, const Stream& copy,
             const Stream& compute, std::size_t capacity)
      : take_(std::move(take)), copy_(copy), compute_(compute), capacity_(capacity) {}

  /// The same view with device addresses; copies the tables, `rows` rows of segments, unless they
  /// are there. They stay until `end_of_chunk`.
  CoordinateView on_device(const CoordinateView& host, std::int64_t rows);
  /// Tables that the chunk used may go once what is in the compute stream now is done.
  void end_of_chunk();
  /// Lets the oldest tables go that the chunk does not use; false when there are none.
  bool drop_one();
  /// Of all tables that are there.
  std::size_t bytes() const;

 private:
  struct Entry {
    std::uint64_t id = 0;
    bool in_use = false;
    DeviceBuffer centres, boxes;
  };

  DeviceBuffer room_for(const void* host, std::size_t bytes);
  void fill(const DeviceBuffer& buffer, const void* host);

  std::function<DeviceBuffer(std::size_t)> take_;
  const Stream& copy_;
  const Stream& compute_;
  const std::size_t capacity_;
  Event made_, filled_;
  std::list<Entry> recent_;  // the latest first
};

}  // namespace cubemill::cuda
