#include "net/body_sink.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

#include "net/ascii.hpp"

namespace cubemill::net {
namespace {

constexpr std::size_t text_limit = 16384;

// A page for people in place of the object: a portal's, a proxy's, a login.
bool is_page(const AnswerHead& head, std::string_view begin) {
  begin = trimmed(begin.substr(0, 256));
  return head.type.starts_with("text/html") || starts_but_for_case(begin, "<!doctype html") ||
         starts_but_for_case(begin, "<html");
}

bool is_encoded(const AnswerHead& head) {
  return !head.encoding.empty() && head.encoding != "identity" && head.encoding != "aws-chunked";
}

}  // namespace

void BodySink::begin(const Extent& extent) {
  *this = {};
  extent_ = extent;
}

bool BodySink::take(const AnswerHead& head, const char* data, std::size_t size) {
  if (!started_) start(head, data, size);
  received_ += size;
  if (flaw_ == Flaw::not_an_object) {
    text_.append(data, std::min(size, text_limit - text_.size()));
    return text_.size() < text_limit;
  }
  if (flaw_ != Flaw::none) return false;
  const std::size_t skipped = std::size_t(std::min<std::uint64_t>(skip_, size));
  skip_ -= skipped;
  const std::size_t taken = std::min(size - skipped, wanted_ - filled_);
  std::memcpy(bytes_.get() + filled_, data + skipped, taken);
  filled_ += taken;
  // What follows the range in a whole object is not waited for, nor that a connection is closed.
  const bool more = !head.length || received_ < *head.length;
  return skipped + taken == size && !(more && filled_ == wanted_);
}

void BodySink::end(const AnswerHead& head) {
  if (!started_) start(head, nullptr, 0);
  // The whole object, its length not told beforehand, ended within the range: now it is known.
  if (flaw_ == Flaw::none && head.status == 200 && !head.length && filled_ < wanted_) {
    object_size_ = received_;
    flaw_ = want_until(received_);
  }
}

void BodySink::start(const AnswerHead& head, const char* data, std::size_t size) {
  started_ = true;
  if (head.status == 206)
    flaw_ = start_part(head);
  else if (head.status == 200)
    flaw_ = start_object(head, data, size);
  else
    flaw_ = Flaw::not_an_object;
  if (flaw_ != Flaw::none) return;
  try {
    bytes_ = std::make_shared_for_overwrite<std::byte[]>(wanted_);
  } catch (const std::bad_alloc&) {
    flaw_ = Flaw::no_memory;
  }
}

BodySink::Flaw BodySink::start_part(const AnswerHead& head) {
  if (is_encoded(head)) return Flaw::encoded;
  if (!head.range || !head.range->first || *head.range->first != extent_.offset)
    return Flaw::other_place;
  const std::uint64_t end = *head.range->last + 1, asked = extent_.offset + extent_.size;
  if (end > asked) return Flaw::other_place;
  object_size_ = head.range->total.value_or(0);
  if (end < asked && end != object_size_) return Flaw::too_short;
  if (head.length && *head.length != end - extent_.offset) return Flaw::too_short;
  return want_until(end);
}

BodySink::Flaw BodySink::start_object(const AnswerHead& head, const char* data, std::size_t size) {
  if (is_page(head, {data, size})) return Flaw::not_an_object;
  if (is_encoded(head)) return Flaw::encoded;
  skip_ = extent_.offset;
  object_size_ = head.length.value_or(0);
  return want_until(head.length.value_or(extent_.offset + extent_.size));
}

// The object, or this answer, ends there.
BodySink::Flaw BodySink::want_until(std::uint64_t end) {
  const std::uint64_t asked = extent_.offset + extent_.size;
  if (end < asked && !extent_.may_be_shorter) return Flaw::beyond_end;
  wanted_ = std::size_t(std::max(std::min(end, asked), extent_.offset) - extent_.offset);
  return Flaw::none;
}

}  // namespace cubemill::net
