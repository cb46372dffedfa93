// Where the body of an answer goes: into the bytes of the range, once, at their place, or, when it
// is no part of the object, its beginning into a text. Knows no connection. Owned by one transfer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "net/answer_head.hpp"

namespace cubemill::net {

/// The part of an object that is wanted.
struct Extent {
  std::uint64_t offset = 0;
  std::size_t size = 0;
  bool may_be_shorter = false;
};

class BodySink {
 public:
  /// What there is to say against an answer.
  enum class Flaw {
    none,
    not_an_object,  ///< an error, or a page for people
    other_place,    ///< Content-Range is not what was asked for, or is missing
    too_short,      ///< consistent, but less than there is
    beyond_end,     ///< the object ends before the range does
    encoded,        ///< compressed by the server: places mean something else
    no_memory,
  };

  void begin(const Extent& extent);
  /// Takes the next bytes; false when no more are wanted, or they are of no use (`flaw`).
  bool take(const AnswerHead& head, const char* data, std::size_t size);
  /// To be called once when the answer is over, in order: judges what an answer without a body, or
  /// one that ended early, is.
  void end(const AnswerHead& head);

  /// All bytes that are wanted are here.
  bool whole() const { return flaw_ == Flaw::none && started_ && filled_ == wanted_; }
  Flaw flaw() const { return flaw_; }
  std::size_t filled() const { return filled_; }
  std::size_t wanted() const { return wanted_; }
  /// Bytes of the body, useless ones included.
  std::uint64_t received() const { return received_; }
  /// Size of the object; 0 where it is not known.
  std::uint64_t object_size() const { return object_size_; }
  /// The beginning of a body that is no part of the object.
  const std::string& text() const { return text_; }
  std::shared_ptr<const std::byte[]> release() { return std::move(bytes_); }

 private:
  void start(const AnswerHead& head, const char* data, std::size_t size);
  Flaw start_part(const AnswerHead& head);
  Flaw start_object(const AnswerHead& head, const char* data, std::size_t size);
  Flaw want_until(std::uint64_t end);

  Extent extent_;
  bool started_ = false;
  Flaw flaw_ = Flaw::none;
  std::uint64_t skip_ = 0;  // bytes of the whole object before the range
  std::size_t wanted_ = 0, filled_ = 0;
  std::uint64_t object_size_ = 0;
  std::uint64_t received_ = 0;
  std::shared_ptr<std::byte[]> bytes_;
  std::string text_;
};

}  // namespace cubemill::net
