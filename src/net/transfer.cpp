#include "net/transfer.hpp"

#include <new>
#include <string_view>
#include <utility>

namespace cubemill::net {
namespace {

// Large enough that a call of recv is a small part of the cost of a byte, small enough for the
// processor's cache (bench/range_bench).
constexpr long buffer_size = 131072;

}  // namespace

Transfer::Transfer(const std::string& user_agent, Millis connect_limit) : easy_(make_easy()) {
  CURL* easy = easy_.get();
  set_common(easy, user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, buffer_size);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, long(connect_limit.count()));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void Transfer::start(CURLM* multi, WireRequest wire, const Extent& extent, Moment now) {
  wire_ = std::move(wire);
  head_ = {};
  sink_.begin(extent);
  code_ = CURLE_OK;
  error_[0] = '\0';
  sent_ = first_byte_ = mark_ = now;
  received_ = marked_ = 0;
  set_request();
  if (curl_multi_add_handle(multi, easy_.get()) != CURLM_OK) throw std::bad_alloc();
}

void Transfer::set_request() {
  CURL* easy = easy_.get();
  headers_.reset();
  for (const std::string& line : wire_.headers) append(headers_, line.c_str());
  curl_easy_setopt(easy, CURLOPT_URL, wire_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  const bool is_signed = wire_.keys != nullptr;
  const std::string sigv4 = "aws:amz:" + wire_.region + ":s3";
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);  // of an earlier, signed request
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, is_signed ? sigv4.c_str() : nullptr);
  curl_easy_setopt(easy, CURLOPT_USERNAME, is_signed ? wire_.keys->access_key.c_str() : nullptr);
  curl_easy_setopt(easy, CURLOPT_PASSWORD, is_signed ? wire_.keys->secret_key.c_str() : nullptr);
}

void Transfer::finish(CURLM* multi, CURLcode code) {
  curl_multi_remove_handle(multi, easy_.get());
  code_ = code;
  if (code == CURLE_OK) sink_.end(head_);
}

Transfer& Transfer::of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *reinterpret_cast<Transfer*>(self);
}

std::string Transfer::error() const { return error_[0] ? error_ : curl_easy_strerror(code_); }

int Transfer::tunnel_status() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &status);
  return int(status);
}

bool Transfer::is_silent(Moment now, Millis limit, std::uint64_t least) {
  if (received_ - marked_ >= least) {
    mark_ = now;
    marked_ = received_;
  }
  return now - mark_ > limit;
}

std::size_t Transfer::on_header(char* data, std::size_t, std::size_t size, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (transfer.received_ == 0) transfer.first_byte_ = Clock::now();
  transfer.received_ += size;
  try {
    transfer.head_.take_line({data, size});
    return size;
  } catch (const std::bad_alloc&) {
    return size + 1;
  }
}

std::size_t Transfer::on_body(char* data, std::size_t, std::size_t size, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  transfer.received_ += size;
  try {
    return transfer.sink_.take(transfer.head_, data, size) ? size : size + 1;
  } catch (const std::bad_alloc&) {
    return size + 1;
  }
}

}  // namespace cubemill::net
