#include "io/cog_huffman.hpp"

#include <algorithm>
#include <array>

namespace cubemill {
namespace {

constexpr std::size_t most_symbols = 288;
constexpr std::size_t most_bits = 15;
constexpr std::size_t deepest =
    64;  // of a code without limit: counts fit into 32 bits, so depth stays below 47

struct Leaf {
  std::uint32_t count;
  std::uint16_t symbol;
};

using Histogram = std::array<std::uint32_t, deepest>;  // how many codes have each length

// Depths of a minimal tree over leaves in ascending order of count: two queues, of leaves and of
// nodes, each in order.
Histogram minimal_lengths(std::span<const Leaf> leaves) {
  const std::size_t n = leaves.size();
  std::array<std::uint64_t, most_symbols> weight;
  std::array<std::size_t, 2 * most_symbols> parent;
  std::size_t leaf = 0, node = 0;
  for (std::size_t made = 0; made + 1 < n; ++made) {
    weight[made] = 0;
    for (int child = 0; child < 2; ++child) {
      if (leaf < n && (node >= made || leaves[leaf].count <= weight[node])) {
        weight[made] += leaves[leaf].count;
        parent[leaf++] = made;
      } else {
        weight[made] += weight[node];
        parent[n + node++] = made;
      }
    }
  }
  std::array<std::size_t, most_symbols> depth;
  depth[n - 2] = 0;
  for (std::size_t i = n - 2; i-- > 0;) depth[i] = depth[parent[n + i]] + 1;
  Histogram lengths{};
  for (std::size_t i = 0; i < n; ++i) ++lengths[depth[parent[i]] + 1];
  return lengths;
}

// Cuts lengths at `longest`, then makes room for what that oversubscribed: one code of the longest
// length below the limit grows by a bit and takes one from the limit beside it, until the code is
// complete again.
void limit(Histogram& lengths, std::size_t longest) {
  std::uint64_t used = 0;  // in units of 2^-longest
  for (std::size_t l = longest + 1; l < deepest; ++l) {
    lengths[longest] += lengths[l];
    lengths[l] = 0;
  }
  for (std::size_t l = 1; l <= longest; ++l) used += std::uint64_t{lengths[l]} << (longest - l);
  for (; used > std::uint64_t{1} << longest; --used) {
    std::size_t l = longest - 1;
    while (lengths[l] == 0) --l;
    --lengths[l];
    lengths[l + 1] += 2;
    --lengths[longest];
  }
}

std::uint16_t reversed(std::uint32_t code, std::size_t length) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < length; ++i) bits |= ((code >> i) & 1u) << (length - 1 - i);
  return static_cast<std::uint16_t>(bits);
}

}  // namespace

void make_huffman_codes(std::span<const std::uint32_t> counts, int longest,
                        std::span<HuffmanCode> codes) {
  std::array<Leaf, most_symbols> leaves;
  std::size_t n = 0;
  for (std::size_t s = 0; s < counts.size(); ++s) {
    codes[s] = {};
    if (counts[s] > 0) leaves[n++] = {counts[s], static_cast<std::uint16_t>(s)};
  }
  std::sort(leaves.begin(), leaves.begin() + n, [](const Leaf& a, const Leaf& b) {
    return a.count != b.count ? a.count < b.count : a.symbol < b.symbol;
  });
  Histogram lengths = minimal_lengths(std::span(leaves).first(n));
  limit(lengths, static_cast<std::size_t>(longest));

  std::size_t rarest = 0;  // the longest codes go to the rarest symbols
  for (std::size_t l = most_bits; l > 0; --l)
    for (std::uint32_t i = 0; i < lengths[l]; ++i)
      codes[leaves[rarest++].symbol].length = static_cast<std::uint16_t>(l);

  std::array<std::uint32_t, most_bits + 2> next{};
  for (std::size_t l = 1; l <= most_bits; ++l) next[l + 1] = (next[l] + lengths[l]) << 1;
  for (std::size_t s = 0; s < counts.size(); ++s)
    if (codes[s].length > 0) codes[s].bits = reversed(next[codes[s].length]++, codes[s].length);
}

}  // namespace cubemill
