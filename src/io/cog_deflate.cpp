#include "io/cog_deflate.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "io/cog_bits.hpp"
#include "io/cog_block_header.hpp"

namespace cubemill {
namespace {

constexpr std::size_t block_bytes =
    61440;  // 30 or 60 rows; fits into a stored block, whose limit is 65535
constexpr std::size_t end_of_block = 256;
constexpr std::size_t shortest_match = 8, longest_match = 258;
constexpr int longest_code = 12;  // four literals and a rest of 7 bits fit into 64 bits

struct Length {
  std::uint16_t symbol;
  std::uint8_t extra_bits;
  std::uint16_t base;
};

// RFC 1951, 3.2.5: four symbols a power of two from length 11 on; 258 has a symbol of its own.
constexpr std::array<Length, longest_match + 1> make_lengths() {
  std::array<Length, longest_match + 1> lengths{};
  std::uint16_t symbol = 257, base = 3;
  for (; base < 11; ++base, ++symbol) lengths[base] = {symbol, 0, base};
  for (std::uint8_t extra = 1; extra <= 5; ++extra)
    for (int i = 0; i < 4; ++i, ++symbol) {
      const auto width = static_cast<std::uint16_t>(1 << extra);
      for (std::uint16_t l = base; l < base + width && l < longest_match; ++l)
        lengths[l] = {symbol, extra, base};
      base = static_cast<std::uint16_t>(base + width);
    }
  lengths[longest_match] = {285, 0, longest_match};
  return lengths;
}
constexpr auto lengths = make_lengths();

std::uint64_t load64(const std::uint8_t* p) {
  std::uint64_t value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

// How far two places agree, at most `most`.
std::size_t agreement(const std::uint8_t* a, const std::uint8_t* b, std::size_t most) {
  std::size_t n = 0;
  for (; n + 8 <= most; n += 8)
    if (const std::uint64_t differs = load64(a + n) ^ load64(b + n))
      return n + static_cast<std::size_t>(std::countr_zero(differs)) / 8;
  while (n < most && a[n] == b[n]) ++n;
  return n;
}

}  // namespace

RowDeflater::RowDeflater(std::size_t row_bytes) : row_bytes_(row_bytes) {
  // Distance symbols: two a power of two (RFC 1951, 3.2.5).
  const std::size_t distance = row_bytes - 1;
  const auto log = static_cast<std::size_t>(std::bit_width(distance)) - 1;
  above_extra_bits_ = log - 1;
  above_symbol_ = 2 * log + ((distance >> above_extra_bits_) & 1);
  above_extra_ = distance & ((std::uint64_t{1} << above_extra_bits_) - 1);
  matches_.reserve(block_bytes / shortest_match);
}

std::size_t RowDeflater::bound(std::size_t size) {
  return size + 6 * (size / block_bytes + 1) + 6 +
         8;  // all blocks stored, zlib's frame, room to flush
}

void RowDeflater::find_matches(const std::uint8_t* in, std::size_t begin, std::size_t end) {
  std::uint32_t seen[4][256] = {};  // four, so that equal neighbours need not wait for each other
  matches_.clear();
  counts_.fill(0);
  std::size_t at = begin;
  while (at + shortest_match <= end) {
    const std::uint8_t* p = in + at;
    const std::uint64_t here = load64(p);
    const bool run = at >= 1 && here == load64(p - 1);
    const bool above = !run && at >= row_bytes_ && here == load64(p - row_bytes_);
    if (!run && !above) {
      ++seen[0][p[0]], ++seen[1][p[1]], ++seen[2][p[2]], ++seen[3][p[3]];
      at += 4;
      continue;
    }
    const std::size_t length =
        agreement(p, p - (above ? row_bytes_ : 1), std::min(longest_match, end - at));
    matches_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint16_t>(length), above});
    ++counts_[lengths[length].symbol];
    at += length;
  }
  for (; at < end; ++at) ++seen[0][in[at]];
  for (std::size_t s = 0; s < 256; ++s)
    counts_[s] = seen[0][s] + seen[1][s] + seen[2][s] + seen[3][s];
  counts_[end_of_block] = 1;
}

std::uint64_t RowDeflater::coded_bits() const {
  std::uint64_t bits = 0;
  for (std::size_t s = 0; s < counts_.size(); ++s)
    bits += std::uint64_t{counts_[s]} * codes_[s].length;
  for (const Match& m : matches_)
    bits += lengths[m.length].extra_bits + 1 + (m.above ? above_extra_bits_ : 0);
  return bits;
}

void RowDeflater::write_symbols(BitPacker& bits, const std::uint8_t* in, std::size_t begin,
                                std::size_t end) const {
  const auto literals = [&](std::size_t from, std::size_t to) {
    for (; from + 4 <= to; from += 4) {
      for (std::size_t i = 0; i < 4; ++i) bits.add(codes_[in[from + i]]);
      bits.flush();
    }
    for (; from < to; ++from) bits.add(codes_[in[from]]), bits.flush();
  };
  std::size_t at = begin;
  for (const Match& m : matches_) {
    literals(at, m.position);
    const Length& length = lengths[m.length];
    bits.add(codes_[length.symbol]);
    bits.add(m.length - length.base, length.extra_bits);
    bits.add(m.above, 1);  // of the two distance codes the smaller symbol, 1 byte, is 0
    if (m.above) bits.add(above_extra_, above_extra_bits_);
    bits.flush();
    at = m.position + m.length;
  }
  literals(at, end);
  bits.add(codes_[end_of_block]);
  bits.flush();
}

void RowDeflater::write_block(BitPacker& bits, const std::uint8_t* in, std::size_t begin,
                              std::size_t end, bool last) {
  find_matches(in, begin, end);
  make_huffman_codes(counts_, longest_code, codes_);
  const BlockHeader header(codes_, above_symbol_);
  const std::size_t size = end - begin;
  bits.add(last, 1);
  if (header.bits() + coded_bits() < 8 * (size + 4)) {
    bits.add(2, 2);
    header.write(bits);
    write_symbols(bits, in, begin, end);
    return;
  }
  bits.add(0, 2);
  std::uint8_t* out = bits.align();
  const auto length = static_cast<std::uint16_t>(size),
             inverse = static_cast<std::uint16_t>(~length);
  std::memcpy(out, &length, 2);
  std::memcpy(out + 2, &inverse, 2);
  std::memcpy(out + 4, in + begin, size);
  bits.skip(4 + size);
}

std::size_t RowDeflater::compress(std::span<const std::uint8_t> in, std::uint8_t* out) {
  out[0] = 0x78, out[1] = 0x01;  // DEFLATE, window of 32 KiB, fastest
  BitPacker bits(out + 2);
  for (std::size_t begin = 0; begin < in.size(); begin += block_bytes) {
    const std::size_t end = std::min(begin + block_bytes, in.size());
    write_block(bits, in.data(), begin, end, end == in.size());
  }
  std::uint8_t* tail = bits.align();
  const std::uint32_t sum = libdeflate_adler32(1, in.data(), in.size());
  for (int i = 0; i < 4; ++i) tail[i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
  return static_cast<std::size_t>(tail + 4 - out);
}

}  // namespace cubemill
