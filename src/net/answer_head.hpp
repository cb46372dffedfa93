// The head of an HTTP answer, as far as it matters here. Not responsible for whether it is right.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cubemill::net {

/// Content-Range: bytes first-last/total; without first and last for an answer 416.
struct ContentRange {
  std::optional<std::uint64_t> first, last, total;
};

std::optional<ContentRange> parse_content_range(std::string_view value);

struct AnswerHead {
  int status = 0;
  std::optional<ContentRange> range;
  std::optional<std::uint64_t> length;
  std::string etag, type, encoding, location;
  std::string bucket_region;          ///< x-amz-bucket-region
  std::optional<double> retry_after;  ///< seconds
  bool complete = false;              ///< the empty line has come

  /// Takes one line of the head, with or without its end. A status line begins a new head.
  void take_line(std::string_view line);
};

}  // namespace cubemill::net
