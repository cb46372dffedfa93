// One request in flight: libcurl's handle, kept and used again, with what has come of the answer.
// Not responsible for what is to be done then. Used by the client's thread only.
#pragma once
#include <memory>
#include <string>

#include "net/answer_head.hpp"
#include "net/body_sink.hpp"
#include "net/clock.hpp"
#include "net/curl_handles.hpp"
#include "net/wire_request.hpp"

namespace cubemill::net {

struct PendingRange;

class Transfer {
 public:
  Transfer(const std::string& user_agent, Millis connect_limit);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Begins; the handle belongs to `multi` until `finish`.
  void start(CURLM* multi, WireRequest wire, const Extent& extent, Moment now);
  /// Ends, in order (`CURLE_OK`) or not, and takes the handle back from `multi`.
  void finish(CURLM* multi, CURLcode code);
  static Transfer& of(CURL* easy);

  const WireRequest& wire() const { return wire_; }
  const AnswerHead& head() const { return head_; }
  BodySink& sink() { return sink_; }
  const BodySink& sink() const { return sink_; }
  CURLcode code() const { return code_; }
  /// libcurl's words for what went wrong.
  std::string error() const;
  /// What a proxy answered when it was asked for a way to the server; 0 when none was.
  int tunnel_status() const;
  bool whole() const { return sink_.whole(); }

  Moment sent() const { return sent_; }
  bool has_first_byte() const { return received_ > 0; }
  Moment first_byte() const { return first_byte_; }
  std::uint64_t received_body() const { return sink_.received(); }
  /// Whether fewer than `least` bytes have come in the last `limit`.
  bool is_silent(Moment now, Millis limit, std::uint64_t least);

  PendingRange* range = nullptr;  ///< whose request it is

 private:
  void set_request();
  static std::size_t on_header(char* data, std::size_t one, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t one, std::size_t size, void* self);

  EasyHandle easy_;
  HeaderList headers_;
  WireRequest wire_;
  AnswerHead head_;
  BodySink sink_;
  CURLcode code_ = CURLE_OK;
  char error_[CURL_ERROR_SIZE] = "";
  Moment sent_{}, first_byte_{};
  Moment mark_{};  // since when `received_ - marked_` bytes have come
  std::uint64_t received_ = 0, marked_ = 0;
};

}  // namespace cubemill::net
