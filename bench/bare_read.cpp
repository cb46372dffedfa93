// The mark of reading over a network: a bare loop over libcurl's multi interface that fetches given
// ranges over so many connections, and threads that inflate every block in them by libdeflate and
// undo its predictor. It knows all ranges beforehand, tries nothing again, checks nothing but that
// blocks inflate, and keeps nothing.
//
//     bare_read CONNECTIONS THREADS < LIST
//
// prints one JSON line. A line of LIST, by tabs: URL, offset, size, and the same file on this
// machine ('-': bytes are fetched and dropped).
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bare_blocks.hpp"
#include "bare_decode.hpp"
#include "bare_ranges.hpp"
#include "cubemill/io/raster.hpp"

namespace {

using cubemill::bench::Block;
using cubemill::bench::Blocks;

struct Range : cubemill::bench::BareRange {
  std::string path{};
  const Blocks* blocks = nullptr;  // of the file
};

// Ranges that are there, for the threads that inflate.
class Arrived {
 public:
  void put(Range* range) {
    {
      const std::lock_guard lock(mutex_);
      all_.push_back(range);
    }
    changed_.notify_one();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
  }
  Range* take() {  // null: there will be no more
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !all_.empty(); });
    if (all_.empty()) return nullptr;
    Range* const range = all_.front();
    all_.pop_front();
    return range;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Range*> all_;
  bool ended_ = false;
};

struct Total {
  std::size_t blocks = 0;
  std::uint64_t checksum = 0;  // keeps the decoded pixels in use
  bool is_right = true;
};

void inflate(const Range& range, cubemill::bench::BareDecoder& decoder,
             std::vector<std::uint16_t>& pixels, Total& total) {
  if (!range.blocks) return;
  const auto& [all, width, height] = *range.blocks;
  pixels.resize(std::size_t(width) * std::size_t(height));
  for (const Block& block : all) {
    if (block.offset < range.offset || block.offset + block.size > range.offset + range.size)
      continue;
    total.is_right = decoder.decode(&range.bytes[block.offset - range.offset], block.size,
                                    pixels.data(), width, height) &&
                     total.is_right;
    total.checksum += pixels.back();
    ++total.blocks;
  }
}

Total inflate_all(Arrived& arrived) {
  cubemill::bench::BareDecoder decoder;
  std::vector<std::uint16_t> pixels;
  Total total;
  while (Range* const range = arrived.take()) {
    inflate(*range, decoder, pixels, total);
    std::vector<std::byte>().swap(range->bytes);
  }
  return total;
}

std::vector<Range> read_list(std::map<std::string, Blocks>& files) {
  std::vector<Range> ranges;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    Range range;
    std::getline(in, range.url, '\t');
    in >> range.offset >> range.size >> std::ws;
    std::getline(in, range.path);
    if (in.bad() || range.size == 0) throw std::runtime_error("not understood: " + line);
    if (range.path != "-") {
      const auto [file, is_new] = files.try_emplace(range.path);
      if (is_new) file->second = cubemill::bench::blocks_of(range.path);
      range.blocks = &file->second;
    }
    ranges.push_back(std::move(range));
  }
  return ranges;
}

Total read_all(std::vector<Range>& ranges, std::size_t connections, std::size_t threads) {
  Arrived arrived;
  std::vector<Total> totals(threads);
  {
    std::vector<std::jthread> pool;
    for (Total& total : totals) pool.emplace_back([&] { total = inflate_all(arrived); });
    const struct End {
      Arrived& arrived;
      ~End() { arrived.end(); }
    } end{arrived};  // also when a fetch fails: the threads wait for it
    std::vector<cubemill::bench::BareRange*> all;
    for (Range& range : ranges) all.push_back(&range);
    cubemill::bench::BareRanges(connections).fetch(all, [&](cubemill::bench::BareRange& range) {
      arrived.put(static_cast<Range*>(&range));
    });
  }
  Total all;
  for (const Total& total : totals) {
    all.blocks += total.blocks;
    all.checksum += total.checksum;
    all.is_right = all.is_right && total.is_right;
  }
  return all;
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) throw std::runtime_error("usage: bare_read CONNECTIONS THREADS < LIST");
  cubemill::initialise_gdal(16 << 20);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  std::map<std::string, Blocks> files;
  std::vector<Range> ranges = read_list(files);
  const auto begin = std::chrono::steady_clock::now();
  const Total total = read_all(ranges, std::stoul(arguments[1]), std::stoul(arguments[2]));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!total.is_right) throw std::runtime_error("a block is corrupt");
  std::printf("{\"ranges\": %zu, \"blocks\": %zu, \"seconds\": %.3f, \"checksum\": %llu}\n",
              ranges.size(), total.blocks, seconds.count(),
              static_cast<unsigned long long>(total.checksum));
  return 0;
} catch (const std::exception& wrong) {
  std::fprintf(stderr, "bare_read: %s\n", wrong.what());
  return 1;
}
