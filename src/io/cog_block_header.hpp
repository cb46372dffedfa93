// The header of a DEFLATE block that has codes of its own (RFC 1951, 3.2.7): the lengths of its
// codes, runs of them shortened, Huffman coded in turn. A plain value.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "io/cog_bits.hpp"
#include "io/cog_huffman.hpp"

namespace cubemill {

class BlockHeader {
 public:
  /// Describes the codes of literals and lengths, and two distance codes of one bit: symbols 0 and
  /// `above_symbol`.
  BlockHeader(std::span<const HuffmanCode> codes, std::size_t above_symbol);

  std::uint64_t bits() const;
  void write(BitPacker& bits) const;

 private:
  static constexpr std::size_t most_lengths = 286 + 30;
  struct Item {
    std::uint8_t symbol;
    std::uint8_t extra;
  };

  void item(std::size_t symbol, std::size_t extra);
  void shorten(std::span<const std::uint8_t> lengths);

  std::size_t literals_ = 0, distances_ = 0, ordered_ = 19;
  std::array<Item, most_lengths> items_;
  std::size_t size_ = 0;
  std::array<std::uint32_t, 19> counts_{};
  std::array<HuffmanCode, 19> codes_{};
};

}  // namespace cubemill
