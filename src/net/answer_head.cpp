#include "net/answer_head.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <ctime>

#include "net/ascii.hpp"

namespace cubemill::net {
namespace {

// Seconds, or a date.
std::optional<double> parse_retry_after(std::string_view value) {
  if (const auto seconds = whole_number(value)) return double(*seconds);
  const std::time_t date = curl_getdate(std::string(value).c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::max(0.0, std::difftime(date, std::time(nullptr)));
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  if (!starts_but_for_case(value, "bytes")) return std::nullopt;
  value = trimmed(value.substr(5));
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  const std::string_view span = value.substr(0, slash), total = value.substr(slash + 1);
  if (total != "*" && !(range.total = whole_number(total))) return std::nullopt;
  if (span == "*") return range;
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  range.first = whole_number(span.substr(0, dash));
  range.last = whole_number(span.substr(dash + 1));
  if (!range.first || !range.last || *range.last < *range.first) return std::nullopt;
  return range;
}

void AnswerHead::take_line(std::string_view line) {
  line = trimmed(line);
  if (line.starts_with("HTTP/")) {
    *this = {};
    const std::size_t blank = line.find(' ');
    status = blank == std::string_view::npos
                 ? 0
                 : int(whole_number(line.substr(blank + 1, 3)).value_or(0));
    return;
  }
  if (line.empty()) {
    complete = status >= 200;
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  const auto is = [&](std::string_view other) { return equal_but_for_case(name, other); };
  if (is("content-length")) length = whole_number(value);
  if (is("content-range")) range = parse_content_range(value);
  if (is("content-type")) type = lower(value);
  if (is("content-encoding")) encoding = lower(value);
  if (is("etag")) etag = value;
  if (is("location")) location = value;
  if (is("retry-after")) retry_after = parse_retry_after(value);
  if (is("x-amz-bucket-region")) bucket_region = value;
}

}  // namespace cubemill::net
