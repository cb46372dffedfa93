#include "backend/tile_sums.hpp"

#include <algorithm>

namespace cubemill {

TileSums::TileSums(const std::vector<AccumulatorKind>& kinds, std::int64_t edge)
    : kinds_(kinds), edge_(edge) {
  for (const AccumulatorKind kind : kinds)
    data_.emplace_back(std::size_t(edge * edge / run_length) * bytes_per_run(kind) /
                       sizeof(std::uint64_t));
}

void TileSums::clear() {
  for (auto& d : data_) std::fill(d.begin(), d.end(), 0);
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

}  // namespace cubemill
