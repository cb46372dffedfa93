// The mark of reading over a network: a bare loop over libcurl's multi interface that fetches given
// ranges over so many connections, and threads that inflate every block in them by libdeflate and
// undo its predictor. It knows all ranges beforehand, tries nothing again, checks nothing but that
// blocks inflate, and keeps nothing. Usage: bare_read CONNECTIONS THREADS < LIST     prints one
// JSON line A line of LIST: URL, offset, size, and the same file on this machine ('-': bytes are
// fetched and dropped), by tabs.
#include <curl/curl.h>

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
#include "cubemill/io/raster.hpp"

namespace {

using cubemill::bench::Block;
using cubemill::bench::Blocks;

struct Range {
  std::string url{}, path{};
  std::size_t offset = 0, size = 0;
  const Blocks* blocks = nullptr;  // of the file
  std::vector<std::byte> bytes{};
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

struct Slot {
  CURL* easy = nullptr;
  Range* range = nullptr;
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* slot) {
    auto& bytes = static_cast<Slot*>(slot)->range->bytes;
    const auto* const from = reinterpret_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), from, from + size);
    return size;
  }
};

class Loop {
 public:
  Loop(std::vector<Range>& ranges, std::size_t connections, Arrived& arrived)
      : ranges_(ranges), arrived_(arrived), slots_(connections) {
    for (Slot& slot : slots_) {
      slot.easy = curl_easy_init();
      curl_easy_setopt(slot.easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_BUFFERSIZE, 131072L);
      curl_easy_setopt(slot.easy, CURLOPT_FAILONERROR, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &Slot::on_body);
    }
  }
  ~Loop() {
    for (Slot& slot : slots_) curl_easy_cleanup(slot.easy);
    curl_multi_cleanup(multi_);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void fetch_all() {
    std::size_t left = ranges_.size();
    for (Slot& slot : slots_) start(slot);
    while (left > 0) {
      int running = 0, queued = 0;
      curl_multi_perform(multi_, &running);
      while (const CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
        ended(*message);
        --left;
      }
      if (left > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  void start(Slot& slot) {
    if (next_ == ranges_.size()) return;
    slot.range = &ranges_[next_++];
    slot.range->bytes.reserve(slot.range->size);
    const std::string text = std::to_string(slot.range->offset) + "-" +
                             std::to_string(slot.range->offset + slot.range->size - 1);
    curl_easy_setopt(slot.easy, CURLOPT_URL, slot.range->url.c_str());
    curl_easy_setopt(slot.easy, CURLOPT_RANGE, text.c_str());
    curl_multi_add_handle(multi_, slot.easy);
  }
  void ended(const CURLMsg& message) {
    Slot* slot = nullptr;
    curl_easy_getinfo(message.easy_handle, CURLINFO_PRIVATE, &slot);
    const CURLcode result = message.data.result;
    curl_multi_remove_handle(multi_, slot->easy);
    if (result != CURLE_OK)
      throw std::runtime_error(slot->range->url + ": " + curl_easy_strerror(result));
    arrived_.put(slot->range);
    start(*slot);
  }

  std::vector<Range>& ranges_;
  Arrived& arrived_;
  CURLM* multi_ = curl_multi_init();
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
};

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
    Loop(ranges, connections, arrived).fetch_all();
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
