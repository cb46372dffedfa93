#include "cubemill/backend/chunk_fold.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "cubemill/backend/mode.hpp"
#include "cubemill/base/wide_loops.hpp"
#include "cubemill/pixel/qa_rule.hpp"
#include "cubemill/pixel/sample.hpp"
#include "cubemill/pixel/window_layout.hpp"

namespace cubemill {
namespace {

constexpr int eights_in_run = run_length / 8;

/// A run's flags, one byte a pixel.
struct Flags {
  alignas(32) std::uint8_t on[run_length] = {};
  unsigned eights() const {
    unsigned bits = 0;
    for (int e = 0; e < eights_in_run; ++e) {
      std::uint64_t eight;
      std::memcpy(&eight, on + 8 * e, 8);
      bits |= unsigned(eight != 0) << e;
    }
    return bits;
  }
};

Flags equal_to(const std::uint8_t* classes, QaClass wanted, int count) {
  Flags f;
  for (int i = 0; i < run_length; ++i) f.on[i] = classes[i] == wanted;
  for (int i = count; i < run_length; ++i) f.on[i] = 0;
  return f;
}

/// Asks for the sums of a run before its values are worked out: a tile of them is larger than the
/// caches near a core.
void ask_for(const SumsView& sums, std::int64_t at) {
  constexpr std::size_t line = 64;
  const bool packed = sums.kind == AccumulatorKind::packed;
  const std::size_t bytes = packed ? run_length * sizeof(PackedSum) : offsetof(WideRun, high);
  const auto* first = static_cast<const std::byte*>(sums.data) +
                      std::size_t(at / run_length) * bytes_per_run(sums.kind);
  for (std::size_t i = 0; i < bytes; i += line) __builtin_prefetch(first + i, 1);
}

/// Folds the runs of one chunk; holds the values of a run.
class Run {
 public:
  Run(const FoldChunk& chunk, const std::vector<FoldIndex>& indices, const PassKernels& kernels)
      : chunk_(chunk), indices_(indices), kernels_(kernels) {
    std::fill(&sampled_[0][0], &sampled_[0][0] + max_slots * run_length, missing());
    std::fill(&fused_[0][0], &fused_[0][0] + max_slots * run_length, missing());
  }

  void fold(std::int64_t y, std::int32_t x, const std::vector<SumsView>& sums) {
    y_ = y, x_ = x;
    count_ = int(std::min<std::int64_t>(run_length, chunk_.width - x));
    if (chunk_.scenes.size() == 1)
      fold_single(sums);
    else if (chunk_.fuse_pixels)
      fold_by_pixel(sums);
    else
      fold_by_band(sums);
  }

 private:
  std::size_t offset() const { return std::size_t(y_ * class_stride(chunk_.width) + x_); }

  void sample(const FoldScene& scene, unsigned eights, RunValues& values) {
    for (const BandGroup& g : scene.groups) {
      if (g.where.spacing == 0)
        for (int b = 0; b < g.bands; ++b) std::fill_n(values[g.slot[b]], run_length, missing());
      else if (g.method == Resampling::mode)
        sample_mode(g, y_, x_, count_, eights, values);
      else
        kernels_.sample(g, y_, x_, count_, eights, values);
    }
  }

  void fold_index(std::size_t i, const RunValues& values, const Flags& good, const SumsView& sums) {
    const double* bands[max_index_bands];
    for (std::size_t b = 0; b < indices_[i].slots.size(); ++b)
      bands[b] = values[indices_[i].slots[b]];
    alignas(32) double value[run_length];
    kernels_.evaluate(indices_[i].index, bands, value);
    const std::int64_t at = y_ * sums.stride + x_;
    if (sums.kind == AccumulatorKind::packed)
      kernels_.fold_packed(value, good.on, static_cast<PackedSum*>(sums.data) + at);
    else
      kernels_.fold_wide(value, good.on, static_cast<WideRun*>(sums.data)[at / run_length]);
  }

  void fold_single(const std::vector<SumsView>& sums) {
    const FoldScene& scene = chunk_.scenes.front();
    const Flags good = equal_to(scene.classes + offset(), qa_good, count_);
    const unsigned eights = good.eights();
    if (eights == 0) return;
    for (const SumsView& s : sums) ask_for(s, y_ * s.stride + x_);
    sample(scene, eights, sampled_);
    for (std::size_t i = 0; i < indices_.size(); ++i) fold_index(i, sampled_, good, sums[i]);
  }

  // The first scene that is valid at a pixel, flags and all bands of the index, gives all of them;
  // its class decides.
  void fold_by_pixel(const std::vector<SumsView>& sums) {
    unsigned wanted = 0;
    for (const FoldScene& s : chunk_.scenes)
      wanted |= equal_to(s.classes + offset(), qa_good, count_).eights();
    if (wanted == 0) return;
    for (std::size_t i = 0; i < indices_.size(); ++i) {
      ask_for(sums[i], y_ * sums[i].stride + x_);
      Flags taken, good;
      unsigned open = wanted;
      for (const FoldScene& s : chunk_.scenes) {
        sample(s, open, sampled_);
        take_pixels(i, s, open, taken, good);
        open = still_open(taken, wanted);
        if (open == 0) break;
      }
      fold_index(i, fused_, good, sums[i]);
    }
  }

  void take_pixels(std::size_t index, const FoldScene& scene, unsigned eights, Flags& taken,
                   Flags& good) {
    const std::uint8_t* const classes = scene.classes + offset();
    Flags take;
    for (int p = 0; p < count_; ++p)
      take.on[p] = !taken.on[p] & (classes[p] != qa_missing) & ((eights >> (p / 8)) & 1);
    for (const std::int32_t slot : indices_[index].slots)
      for (int p = 0; p < count_; ++p) take.on[p] &= !is_missing(sampled_[slot][p]);
    for (const std::int32_t slot : indices_[index].slots)
      for (int p = 0; p < count_; ++p)
        fused_[slot][p] = take.on[p] ? sampled_[slot][p] : fused_[slot][p];
    for (int p = 0; p < count_; ++p) {
      taken.on[p] |= take.on[p];
      good.on[p] |= take.on[p] & (classes[p] == qa_good);
    }
  }

  unsigned still_open(const Flags& taken, unsigned wanted) const {
    Flags open;
    for (int p = 0; p < count_; ++p) open.on[p] = !taken.on[p];
    return open.eights() & wanted;
  }

  // Every band, the flags among them, from the first scene that is valid there.
  void fold_by_band(const std::vector<SumsView>& sums) {
    const Flags good = equal_to(chunk_.fused_classes + offset(), qa_good, count_);
    unsigned lacking = good.eights();
    if (lacking == 0) return;
    for (const SumsView& s : sums) ask_for(s, y_ * s.stride + x_);
    sample(chunk_.scenes.front(), lacking, fused_);
    for (std::size_t s = 1; s < chunk_.scenes.size(); ++s) {
      lacking = lacking_a_band(good);
      if (lacking == 0) break;
      sample(chunk_.scenes[s], lacking, sampled_);
      fill_bands(lacking);
    }
    for (std::size_t i = 0; i < indices_.size(); ++i) fold_index(i, fused_, good, sums[i]);
  }

  // The groups of eight with a good pixel that lacks a band.
  unsigned lacking_a_band(const Flags& good) const {
    Flags lacking;
    for (const FoldIndex& index : indices_)
      for (const std::int32_t slot : index.slots)
        for (int p = 0; p < run_length; ++p)
          lacking.on[p] = is_missing(fused_[slot][p]) ? good.on[p] : lacking.on[p];
    return lacking.eights();
  }

  void fill_bands(unsigned eights) {
    for (const FoldIndex& index : indices_)
      for (const std::int32_t slot : index.slots)
        for (int p = 0; p < count_; ++p) {
          const bool take = ((eights >> (p / 8)) & 1) & is_missing(fused_[slot][p]);
          fused_[slot][p] = take ? sampled_[slot][p] : fused_[slot][p];
        }
  }

  const FoldChunk& chunk_;
  const std::vector<FoldIndex>& indices_;
  const PassKernels& kernels_;
  std::int64_t y_ = 0;
  std::int32_t x_ = 0;
  int count_ = 0;
  alignas(64) RunValues sampled_;
  alignas(64) RunValues fused_;
};

}  // namespace

CUBEMILL_WIDE_LOOPS void fold_chunk(const FoldChunk& chunk, const std::vector<FoldIndex>& indices,
                                    const std::vector<SumsView>& sums, const PassKernels& kernels) {
  if (chunk.scenes.empty()) return;
  Run run(chunk, indices, kernels);
  for (std::int64_t y = 0; y < chunk.height; ++y)
    for (std::int32_t x = 0; x < chunk.width; x += run_length) run.fold(y, x, sums);
}

}  // namespace cubemill
