#include <algorithm>
#include <cstring>

#include "sums_launch.hpp"
#include "tile_transfers.hpp"

namespace cubemill::cuda {
namespace {

// How results lie in the scratch: beyond, means, counts, and what CUB works in.
constexpr std::size_t means_at = 256;
constexpr std::size_t counts_at(std::size_t pixels) { return means_at + pixels * sizeof(float); }
constexpr std::size_t work_at(std::size_t pixels) {
  return (counts_at(pixels) + pixels * sizeof(std::uint16_t) + 255) / 256 * 256;
}

std::size_t scratch_bytes(std::size_t pixels) {
  return std::max(Bounce::landing_bytes, work_at(pixels) + finish_scratch_bytes(pixels));
}

}  // namespace

TileTransfers::TileTransfers(DevicePool& pool, std::size_t pixels, const Stream& compute)
    : pixels_(pixels), compute_(compute), scratch_(pool, scratch_bytes(pixels), compute) {}

void TileTransfers::download(
    const DeviceSumsView& sums,
    const std::function<void(std::size_t, std::span<const std::byte>)>& take) {
  const std::lock_guard lock(mutex_);
  bounce_.download(sums.data, sums.bytes, bytes_per_run(sums.kind), compute_, take);
}

void TileTransfers::merge(const DeviceSumsView& sums, std::span<const std::byte> more) {
  const std::lock_guard lock(mutex_);
  const std::size_t unit = bytes_per_run(sums.kind);
  bounce_.upload(more, unit, scratch_.data(), compute_,
                 [&](std::size_t at, const std::byte* piece, std::size_t bytes) {
                   add_sums(sums.kind, sums.data + at, piece, bytes / unit * run_length,
                            compute_.get());
                 });
}

std::uint64_t TileTransfers::finish(const DeviceSumsView& sums, std::vector<float>& means,
                                    std::vector<std::uint32_t>& counts) {
  const std::lock_guard lock(mutex_);
  std::byte* const scratch = scratch_.data();
  const std::size_t work = work_at(pixels_);
  finish_sums(sums.kind, sums.data, pixels_,
              {reinterpret_cast<float*>(scratch + means_at),
               reinterpret_cast<std::uint16_t*>(scratch + counts_at(pixels_)),
               reinterpret_cast<std::uint64_t*>(scratch)},
              {scratch + work, scratch_.bytes() - work}, compute_.get());
  CUBEMILL_CUDA(cudaMemsetAsync(sums.data, 0, sums.bytes, compute_.get()));
  means.resize(pixels_);
  counts.resize(pixels_);
  bounce_.download(scratch + means_at, pixels_ * sizeof(float), sizeof(float), compute_,
                   [&](std::size_t at, std::span<const std::byte> piece) {
                     std::memcpy(reinterpret_cast<std::byte*>(means.data()) + at, piece.data(),
                                 piece.size());
                   });
  bounce_.download(scratch + counts_at(pixels_), pixels_ * sizeof(std::uint16_t),
                   sizeof(std::uint16_t), compute_,
                   [&](std::size_t at, std::span<const std::byte> piece) {
                     const auto* const from = reinterpret_cast<const std::uint16_t*>(piece.data());
                     std::copy_n(from, piece.size() / sizeof *from,
                                 counts.begin() + std::ptrdiff_t(at / sizeof *from));
                   });
  std::uint64_t beyond = 0;
  bounce_.download(scratch, sizeof beyond, sizeof beyond, compute_,
                   [&](std::size_t, std::span<const std::byte> piece) {
                     std::memcpy(&beyond, piece.data(), sizeof beyond);
                   });
  return beyond;
}

}  // namespace cubemill::cuda
