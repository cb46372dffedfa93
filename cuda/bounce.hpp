// Two pieces of pinned memory through which sums and results pass between the device and memory of
// the host that is not pinned: one is copied while the host works on the other. One thread at a
// time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>

#include "device_pool.hpp"

namespace cubemill::cuda {

class Bounce {
 public:
  static constexpr std::size_t piece_bytes = std::size_t(1) << 20;
  static constexpr std::size_t landing_bytes = 2 * piece_bytes;

  /// Calls `take(at, piece)` for piece after piece of `bytes` bytes on the device, each of whole
  /// `unit`s but the last.
  template <class Take>
  void download(const std::byte* from, std::size_t bytes, std::size_t unit, const Stream& stream,
                Take take) {
    const std::size_t step = piece_bytes / unit * unit;
    const auto fetch = [&](std::size_t at) {
      if (at >= bytes) return;
      Side& side = sides_[at / step % 2];
      CUBEMILL_CUDA(cudaMemcpyAsync(side.pinned.data(), from + at, std::min(step, bytes - at),
                                    cudaMemcpyDeviceToHost, stream.get()));
      side.copied.record(stream);
    };
    fetch(0);
    for (std::size_t at = 0; at < bytes; at += step) {
      fetch(at + step);
      const Side& side = sides_[at / step % 2];
      side.copied.synchronize();
      take(at, std::span<const std::byte>(side.pinned.data(), std::min(step, bytes - at)));
    }
  }

  /// Brings bytes piece by piece to `landing`, landing_bytes of device memory, and calls
  /// `use(at, piece, its bytes)`, which puts what uses it there into the stream.
  template <class Use>
  void upload(std::span<const std::byte> from, std::size_t unit, std::byte* landing,
              const Stream& stream, Use use) {
    const std::size_t step = piece_bytes / unit * unit;
    for (std::size_t at = 0; at < from.size(); at += step) {
      const std::size_t side_number = at / step % 2, n = std::min(step, from.size() - at);
      Side& side = sides_[side_number];
      side.copied.synchronize();
      std::memcpy(side.pinned.data(), from.data() + at, n);
      std::byte* const piece = landing + side_number * piece_bytes;
      CUBEMILL_CUDA(
          cudaMemcpyAsync(piece, side.pinned.data(), n, cudaMemcpyHostToDevice, stream.get()));
      side.copied.record(stream);
      use(at, piece, n);
    }
  }

 private:
  struct Side {
    Pinned pinned{piece_bytes};
    Event copied;
  };
  Side sides_[2];
};

}  // namespace cubemill::cuda
