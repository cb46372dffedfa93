#include "io/block_table.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

namespace cubemill {
namespace {

constexpr std::size_t group = 64;  // blocks whose sizes are added up to find one of them

// The gap that lies between each block and the next, where it is always the same.
std::optional<std::uint32_t> common_gap(const std::vector<std::uint64_t>& offsets,
                                        const std::vector<std::uint32_t>& sizes) {
  std::optional<std::uint64_t> gap;
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (offsets[i] == 0 && sizes[i] == 0) continue;
    if (offsets[i] == 0 || sizes[i] == 0) return {};
    if (end != 0) {
      if (offsets[i] < end || (gap && offsets[i] - end != *gap)) return {};
      gap = offsets[i] - end;
    }
    end = offsets[i] + sizes[i];
  }
  if (gap.value_or(0) > std::numeric_limits<std::uint32_t>::max()) return {};
  return std::uint32_t(gap.value_or(0));
}

std::string name_of(std::size_t block) { return "block " + std::to_string(block); }

}  // namespace

BlockTable::BlockTable(const std::vector<std::uint64_t>& offsets, std::vector<std::uint32_t> sizes)
    : sizes_(std::move(sizes)) {
  assert(offsets.size() == sizes_.size());
  const auto gap = common_gap(offsets, sizes_);
  if (!gap || sizes_.size() < 2) {
    offsets_ = offsets;
    return;
  }
  gap_ = *gap;
  offsets_.reserve((sizes_.size() + group - 1) / group);
  std::uint64_t next = 0;  // where the next block that is not sparse begins, once there was one
  for (std::size_t i = 0; i < sizes_.size(); ++i) {
    if (sizes_[i] != 0) next = offsets[i];
    if (i % group == 0) offsets_.push_back(next);
    if (sizes_[i] != 0) next += sizes_[i] + gap_;
  }
  // Groups before the first block that is there.
  const auto first = std::find_if(offsets.begin(), offsets.end(), [](auto o) { return o != 0; });
  for (auto& start : offsets_)
    if (start == 0 && first != offsets.end()) start = *first;
}

BlockPlace BlockTable::operator[](std::size_t block) const {
  assert(block < sizes_.size());
  if (!contiguous()) return {offsets_[block], sizes_[block]};
  if (sizes_[block] == 0) return {};
  const std::size_t start = block / group * group;
  std::uint64_t offset = offsets_[block / group];
  for (std::size_t i = start; i < block; ++i)
    if (sizes_[i] != 0) offset += sizes_[i] + gap_;
  return {offset, sizes_[block]};
}

std::size_t BlockTable::memory() const {
  return sizes_.capacity() * sizeof sizes_[0] + offsets_.capacity() * sizeof offsets_[0];
}

std::string fault_of_table(const std::vector<std::uint64_t>& offsets,
                           const std::vector<std::uint32_t>& sizes, std::uint64_t file_size,
                           LayoutClaims claims) {
  const std::uint64_t before = claims.framed ? frame_before : 0;
  const std::uint64_t behind = claims.framed ? frame_behind : 0;
  std::vector<std::size_t> there;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (offsets[i] == 0 && sizes[i] == 0) continue;
    if (offsets[i] <= before || sizes[i] == 0) return name_of(i) + " has half an entry";
    if (offsets[i] > file_size || sizes[i] + behind > file_size - offsets[i])
      return name_of(i) + " ends beyond the file";
    there.push_back(i);
  }
  if (!claims.in_order)
    std::sort(there.begin(), there.end(),
              [&](std::size_t a, std::size_t b) { return offsets[a] < offsets[b]; });
  for (std::size_t i = 1; i < there.size(); ++i) {
    const std::uint64_t end = offsets[there[i - 1]] + sizes[there[i - 1]] + behind;
    const std::uint64_t start = offsets[there[i]] - before;
    if (start >= end) continue;
    const bool before_it = claims.in_order && offsets[there[i]] < offsets[there[i - 1]];
    return name_of(there[i]) + (before_it ? " lies before " : " overlaps ") + name_of(there[i - 1]);
  }
  return {};
}

}  // namespace cubemill
