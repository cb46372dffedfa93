// A zlib stream (RFC 1950, 1951) made quickly from predicted rows of a tile. After a predictor
// little is left but noise to be coded and constant areas: so only runs and repetitions of the row
// above are looked for, and the rest is Huffman coded. Measured on NDVI means: three times as fast
// as a general DEFLATE at its fastest, and as small as its default. One deflater per thread at a
// time.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "io/cog_huffman.hpp"

namespace cubemill {

class BitPacker;

class RowDeflater {
 public:
  /// For rows of `row_bytes` bytes, 4 to 32768.
  explicit RowDeflater(std::size_t row_bytes);

  /// Gives the room that `compress` needs for `size` bytes.
  static std::size_t bound(std::size_t size);
  /// Compresses `in` and gives the size of the stream. The same bytes give the same stream.
  std::size_t compress(std::span<const std::uint8_t> in, std::uint8_t* out);

 private:
  static constexpr std::size_t literals_and_lengths = 286;

  struct Match {
    std::uint32_t position;
    std::uint16_t length;
    bool above;  ///< repeats the row above, else the byte before
  };

  void find_matches(const std::uint8_t* in, std::size_t begin, std::size_t end);
  void write_block(BitPacker& bits, const std::uint8_t* in, std::size_t begin, std::size_t end,
                   bool last);
  void write_symbols(BitPacker& bits, const std::uint8_t* in, std::size_t begin,
                     std::size_t end) const;
  std::uint64_t coded_bits() const;

  std::size_t row_bytes_;
  std::size_t above_symbol_ =
      0;  // distance of a row: its symbol, the number and value of the bits that follow
  std::size_t above_extra_bits_ = 0;
  std::uint64_t above_extra_ = 0;
  std::vector<Match> matches_;
  std::array<std::uint32_t, literals_and_lengths> counts_{};
  std::array<HuffmanCode, literals_and_lengths> codes_{};
};

}  // namespace cubemill
