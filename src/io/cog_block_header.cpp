#include "io/cog_block_header.hpp"

#include <algorithm>

namespace cubemill {
namespace {

// The order in which the lengths of the codes for lengths are given: those that are often 0 last.
constexpr std::array<std::uint8_t, 19> order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};

std::size_t extra_bits(std::uint8_t symbol) {
  return symbol == 16 ? 2 : symbol == 17 ? 3 : symbol == 18 ? 7 : 0;
}

}  // namespace

BlockHeader::BlockHeader(std::span<const HuffmanCode> codes, std::size_t above_symbol) {
  std::array<std::uint8_t, most_lengths> all{};
  literals_ = codes.size();
  while (literals_ > 257 && codes[literals_ - 1].length == 0) --literals_;
  for (std::size_t s = 0; s < literals_; ++s) all[s] = static_cast<std::uint8_t>(codes[s].length);
  // Both distances get a code, used or not: the code is complete, as some decoders want it.
  distances_ = above_symbol + 1;
  all[literals_] = all[literals_ + above_symbol] = 1;
  shorten(std::span(all).first(literals_ + distances_));
  make_huffman_codes(counts_, 7, codes_);
  while (ordered_ > 4 && codes_[order[ordered_ - 1]].length == 0) --ordered_;
}

std::uint64_t BlockHeader::bits() const {
  std::uint64_t bits = 5 + 5 + 4 + 3 * ordered_;
  for (std::size_t i = 0; i < size_; ++i)
    bits += codes_[items_[i].symbol].length + extra_bits(items_[i].symbol);
  return bits;
}

void BlockHeader::write(BitPacker& bits) const {
  bits.add(literals_ - 257, 5);
  bits.add(distances_ - 1, 5);
  bits.add(ordered_ - 4, 4);
  for (std::size_t i = 0; i < ordered_; ++i) {
    bits.add(codes_[order[i]].length, 3);
    bits.flush();
  }
  for (std::size_t i = 0; i < size_; ++i) {
    bits.add(codes_[items_[i].symbol]);
    bits.add(items_[i].extra, extra_bits(items_[i].symbol));
    bits.flush();
  }
}

void BlockHeader::item(std::size_t symbol, std::size_t extra) {
  items_[size_++] = {static_cast<std::uint8_t>(symbol), static_cast<std::uint8_t>(extra)};
  ++counts_[symbol];
}

// 17 and 18 stand for 3…10 and 11…138 zeros, 16 for 3…6 repetitions of the length before.
void BlockHeader::shorten(std::span<const std::uint8_t> lengths) {
  for (std::size_t i = 0; i < lengths.size();) {
    const std::uint8_t length = lengths[i];
    std::size_t run = 1;
    while (i + run < lengths.size() && lengths[i + run] == length) ++run;
    i += run;
    if (length != 0) item(length, 0), --run;
    while (run >= 3) {
      const std::size_t n = std::min<std::size_t>(run, length != 0 ? 6 : 138);
      if (length != 0)
        item(16, n - 3);
      else if (n <= 10)
        item(17, n - 3);
      else
        item(18, n - 11);
      run -= n;
    }
    for (; run > 0; --run) item(length, 0);
  }
}

}  // namespace cubemill
