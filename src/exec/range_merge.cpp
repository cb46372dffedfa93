#include "exec/range_merge.hpp"

#include <algorithm>

namespace cubemill {
namespace {

std::uint64_t end_of(WantedBlocks::iterator block) { return block->first + block->second.size; }

}  // namespace

MergedRange merge_around(WantedBlocks& blocks, WantedBlocks::iterator seed, const MergeRule& rule,
                         std::uint64_t room) {
  const std::uint64_t most = std::min(rule.longest, room);
  MergedRange range{seed, std::next(seed), seed->first, seed->second.size};
  std::uint64_t gaps = 0;
  const auto takes = [&](std::uint64_t gap, std::uint64_t more) {
    const std::uint64_t size = range.size + gap + more;
    if (gap > rule.gap || size > most || double(gaps + gap) > rule.waste * double(size))
      return false;
    range.size = size;
    gaps += gap;
    return true;
  };
  while (range.last != blocks.end()) {
    const std::uint64_t end = range.offset + range.size;
    const std::uint64_t gap = range.last->first > end ? range.last->first - end : 0;
    const std::uint64_t next = end_of(range.last);
    if (!takes(gap, next > end + gap ? next - end - gap : 0)) break;
    ++range.last;
  }
  while (range.first != blocks.begin()) {
    const auto before = std::prev(range.first);
    const std::uint64_t end = end_of(before);
    if (end > range.offset || !takes(range.offset - end, before->second.size)) break;
    range.offset = before->first;
    range.first = before;
  }
  return range;
}

}  // namespace cubemill
