// Length-limited Huffman codes for DEFLATE (RFC 1951, 3.2.2). Pure; no memory is allocated.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace cubemill {

/// A symbol's code, its bits reversed as DEFLATE packs them, lowest bit first.
struct HuffmanCode {
  std::uint16_t bits = 0;
  std::uint16_t length = 0;  ///< 0: the symbol does not occur
};

/// Makes a complete canonical code of at most `longest` bits (at most 15). At least two and at most
/// 2^longest of the at most 288 counts must be above 0. Nearly minimal: the minimal code where it
/// is short enough, else the cheapest lengthening of its short codes that makes room.
void make_huffman_codes(std::span<const std::uint32_t> counts, int longest,
                        std::span<HuffmanCode> codes);

}  // namespace cubemill
