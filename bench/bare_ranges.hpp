// The rival of every read over a network: a bare loop over libcurl's multi interface. Tries nothing
// again and checks nothing.
#pragma once
#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cubemill::bench {

struct BareRange {
  std::string url;
  std::uint64_t offset = 0, size = 0;
  std::vector<std::byte> bytes{};
};

/// Connections, kept from one fetch to the next.
class BareRanges {
 public:
  explicit BareRanges(std::size_t connections) : slots_(connections) {
    for (Slot& slot : slots_) {
      slot.easy = curl_easy_init();
      curl_easy_setopt(slot.easy, CURLOPT_NOSIGNAL, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_BUFFERSIZE, 131072L);
      curl_easy_setopt(slot.easy, CURLOPT_FAILONERROR, 1L);
      curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot);
      curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &on_body);
    }
  }
  ~BareRanges() {
    for (Slot& slot : slots_) curl_easy_cleanup(slot.easy);
    curl_multi_cleanup(multi_);
  }
  BareRanges(const BareRanges&) = delete;
  BareRanges& operator=(const BareRanges&) = delete;

  /// Fetches all, first ones first, and calls `arrived` for each. Throws std::runtime_error when
  /// one does not come.
  void fetch(std::vector<BareRange*> ranges, const std::function<void(BareRange&)>& arrived) {
    left_ = std::move(ranges);
    next_ = 0;
    std::size_t coming = left_.size();
    for (Slot& slot : slots_) start(slot);
    while (coming > 0) {
      int running = 0, queued = 0;
      curl_multi_perform(multi_, &running);
      while (const CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
        arrived(ended(*message));
        --coming;
      }
      if (coming > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  struct Slot {
    CURL* easy = nullptr;
    BareRange* range = nullptr;
  };

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* slot) {
    auto& bytes = static_cast<Slot*>(slot)->range->bytes;
    const auto* const from = reinterpret_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), from, from + size);
    return size;
  }

  void start(Slot& slot) {
    if (next_ == left_.size()) return;
    BareRange& range = *(slot.range = left_[next_++]);
    range.bytes.clear();
    range.bytes.reserve(range.size);
    const std::string text =
        std::to_string(range.offset) + "-" + std::to_string(range.offset + range.size - 1);
    curl_easy_setopt(slot.easy, CURLOPT_URL, range.url.c_str());
    curl_easy_setopt(slot.easy, CURLOPT_RANGE, text.c_str());
    curl_multi_add_handle(multi_, slot.easy);
  }

  BareRange& ended(const CURLMsg& message) {
    Slot* slot = nullptr;
    curl_easy_getinfo(message.easy_handle, CURLINFO_PRIVATE, &slot);
    const CURLcode result = message.data.result;
    curl_multi_remove_handle(multi_, slot->easy);
    BareRange& range = *slot->range;
    if (result != CURLE_OK) throw std::runtime_error(range.url + ": " + curl_easy_strerror(result));
    start(*slot);
    return range;
  }

  CURLM* multi_ = curl_multi_init();
  std::vector<Slot> slots_;
  std::vector<BareRange*> left_;
  std::size_t next_ = 0;
};

}  // namespace cubemill::bench
