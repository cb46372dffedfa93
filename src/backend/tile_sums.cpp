#include "backend/tile_sums.hpp"

#include <cstring>
#include <utility>

namespace cubemill {

TileSums::TileSums(const std::vector<AccumulatorKind>& kinds, std::int64_t edge)
    : kinds_(kinds), edge_(edge), used_(kinds.size()) {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    data_.push_back(take_large(size(i)));
    std::memset(data(i), 0, size(i));
  }
}

std::vector<SumsView> TileSums::views(std::int64_t x, std::int64_t y) {
  std::vector<SumsView> views;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    used_[i] = true;
    views.push_back({kinds_[i],
                     data(i) + std::size_t((y * edge_ + x) / run_length) * bytes_per_run(kinds_[i]),
                     edge_});
  }
  return views;
}

std::uint64_t TileSums::finish(std::size_t index, const PassKernels& kernels,
                               std::vector<float>& means, std::vector<std::uint32_t>& counts) {
  const auto pixels = std::size_t(edge_ * edge_);
  means.resize(pixels);
  counts.resize(pixels);
  used_[index] = false;
  if (kinds_[index] == AccumulatorKind::wide)
    return kernels.finish_wide(reinterpret_cast<WideRun*>(data(index)), std::int32_t(pixels),
                               means.data(), counts.data());
  kernels.finish_packed(reinterpret_cast<PackedSum*>(data(index)), std::int32_t(pixels),
                        means.data(), counts.data());
  return 0;
}

void TileSums::merge(std::size_t index, std::size_t at, std::span<const std::byte> sums) {
  used_[index] = true;
  std::byte* const into = data(index) + at;
  if (kinds_[index] == AccumulatorKind::packed) {
    auto* const ours = reinterpret_cast<PackedSum*>(into);
    const auto* const theirs = reinterpret_cast<const PackedSum*>(sums.data());
    for (std::size_t i = 0; i < sums.size() / sizeof(PackedSum); ++i) ours[i].merge(theirs[i]);
    return;
  }
  auto* const ours = reinterpret_cast<WideRun*>(into);
  const auto* const theirs = reinterpret_cast<const WideRun*>(sums.data());
  for (std::size_t run = 0; run < sums.size() / sizeof(WideRun); ++run)
    for (int i = 0; i < run_length; ++i) {
      WideSum sum = ours[run].get(i);
      sum.merge(theirs[run].get(i));
      ours[run].set(i, sum);
    }
}

void TileSums::merge(const TileSums& other) {
  const auto all = other.bytes();
  for (std::size_t i = 0; i < all.size(); ++i)
    if (other.used_[i]) merge(i, 0, all[i]);
}

void TileSums::clear() {
  for (std::size_t i = 0; i < data_.size(); ++i)
    if (std::exchange(used_[i], std::uint8_t(0))) std::memset(data(i), 0, size(i));
}

std::vector<std::span<const std::byte>> TileSums::bytes() const {
  std::vector<std::span<const std::byte>> all;
  for (std::size_t i = 0; i < data_.size(); ++i) all.emplace_back(data_[i].get(), size(i));
  return all;
}

std::size_t tile_sums_bytes(const std::vector<AccumulatorKind>& kinds, std::int64_t edge) {
  std::size_t bytes = 0;
  for (const AccumulatorKind kind : kinds)
    bytes += std::size_t(edge * edge / run_length) * bytes_per_run(kind);
  return bytes;
}

std::unique_ptr<TileSums> SumsPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (out_ == capacity_) return {};
    ++out_;
    if (!free_.empty()) {
      std::unique_ptr<TileSums> sums = std::move(free_.back());
      free_.pop_back();
      return sums;
    }
  }
  return std::make_unique<TileSums>(kinds_, edge_);
}

void SumsPool::give_back(std::unique_ptr<TileSums> sums) {
  sums->clear();
  const std::lock_guard lock(mutex_);
  --out_;
  free_.push_back(std::move(sums));
}

}  // namespace cubemill
