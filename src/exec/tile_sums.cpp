#include "exec/tile_sums.hpp"

namespace cubemill {

TileSums::TileSums(const std::vector<AccumulatorKind>& kinds) : kinds_(kinds) {
  for (const AccumulatorKind kind : kinds)
    data_.emplace_back(std::size_t(tile_size * tile_size / run_length) * bytes_per_run(kind) /
                       sizeof(std::uint64_t));
}

std::vector<SumsView> TileSums::views(std::int64_t x, std::int64_t y) {
  std::vector<SumsView> views;
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    auto* const bytes = reinterpret_cast<std::byte*>(data_[i].data());
    views.push_back(
        {kinds_[i],
         bytes + std::size_t((y * tile_size + x) / run_length) * bytes_per_run(kinds_[i]),
         tile_size});
  }
  return views;
}

std::uint64_t TileSums::finish(std::size_t index, const PassKernels& kernels,
                               std::vector<float>& means, std::vector<std::uint32_t>& counts) {
  constexpr std::size_t pixels = std::size_t(tile_size * tile_size);
  means.resize(pixels);
  counts.resize(pixels);
  if (kinds_[index] == AccumulatorKind::packed) {
    kernels.finish_packed(reinterpret_cast<PackedSum*>(data_[index].data()), std::int32_t(pixels),
                          means.data(), counts.data());
    return 0;
  }
  return kernels.finish_wide(reinterpret_cast<WideRun*>(data_[index].data()), std::int32_t(pixels),
                             means.data(), counts.data());
}

std::unique_ptr<TileSums> TileSumsPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<TileSums> sums = std::move(free_.back());
      free_.pop_back();
      return sums;
    }
  }
  return std::make_unique<TileSums>(kinds_);
}

void TileSumsPool::give_back(std::unique_ptr<TileSums> sums) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(sums));
}

}  // namespace cubemill
