#include "backend/tile_sums.hpp"

namespace cubemill {

TileSums::TileSums(const std::vector<AccumulatorKind>& kinds, std::int64_t edge)
    : kinds_(kinds), edge_(edge) {
  for (const AccumulatorKind kind : kinds)
    data_.emplace_back(std::size_t(edge * edge / run_length) * bytes_per_run(kind) /
                       sizeof(std::uint64_t));
}

std::vector<SumsView> TileSums::views(std::int64_t x, std::int64_t y) {
  std::vector<SumsView> views;
  for (std::size_t i = 0; i < kinds_.size(); ++i)
    views.push_back({kinds_[i],
                     data(i) + std::size_t((y * edge_ + x) / run_length) * bytes_per_run(kinds_[i]),
                     edge_});
  return views;
}

std::uint64_t TileSums::finish(std::size_t index, const PassKernels& kernels,
                               std::vector<float>& means, std::vector<std::uint32_t>& counts) {
  const auto pixels = std::size_t(edge_ * edge_);
  means.resize(pixels);
  counts.resize(pixels);
  if (kinds_[index] == AccumulatorKind::wide)
    return kernels.finish_wide(reinterpret_cast<WideRun*>(data(index)), std::int32_t(pixels),
                               means.data(), counts.data());
  kernels.finish_packed(reinterpret_cast<PackedSum*>(data(index)), std::int32_t(pixels),
                        means.data(), counts.data());
  return 0;
}

void TileSums::merge(std::size_t index, std::size_t at, const std::byte* sums, std::size_t bytes) {
  std::byte* const into = data(index) + at;
  if (kinds_[index] == AccumulatorKind::packed) {
    auto* const ours = reinterpret_cast<PackedSum*>(into);
    const auto* const theirs = reinterpret_cast<const PackedSum*>(sums);
    for (std::size_t i = 0; i < bytes / sizeof(PackedSum); ++i) ours[i].merge(theirs[i]);
    return;
  }
  auto* const ours = reinterpret_cast<WideRun*>(into);
  const auto* const theirs = reinterpret_cast<const WideRun*>(sums);
  for (std::size_t run = 0; run < bytes / sizeof(WideRun); ++run)
    for (int i = 0; i < run_length; ++i) {
      WideSum sum = ours[run].get(i);
      sum.merge(theirs[run].get(i));
      ours[run].set(i, sum);
    }
}

}  // namespace cubemill
