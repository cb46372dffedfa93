#include "net/http_call.hpp"

#include "cubemill/base/error.hpp"
#include "net/curl_handles.hpp"
#include "net/href.hpp"

namespace cubemill::net {
namespace {

constexpr std::size_t body_limit = 1U << 20;

std::size_t on_body(char* data, std::size_t, std::size_t size, void* to) {
  std::string& body = *static_cast<std::string*>(to);
  if (body.size() + size > body_limit) return 0;
  body.append(data, size);
  return size;
}

void set_call(CURL* easy, const HttpCall& call, const HeaderList& headers) {
  set_common(easy, "cubemill/" CUBEMILL_VERSION);
  curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, long(call.limit.count()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  if (!call.through_proxy) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  if (call.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, long(call.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.c_str());
  } else if (call.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  if (!call.keys) return;
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4,
                   ("aws:amz:" + call.region + ":" + call.service).c_str());
  curl_easy_setopt(easy, CURLOPT_USERNAME, call.keys->access_key.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, call.keys->secret_key.c_str());
}

// Like curl_easy_perform, but seen to stop.
CURLcode perform(CURL* easy, const std::stop_token& stop) {
  const MultiHandle multi = make_multi();
  curl_multi_add_handle(multi.get(), easy);
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  for (int running = 1; running > 0 && !stop.stop_requested();) {
    curl_multi_perform(multi.get(), &running);
    if (running > 0) curl_multi_poll(multi.get(), nullptr, 0, stop_is_seen_in.count(), nullptr);
  }
  int left = 0;
  if (const CURLMsg* message = curl_multi_info_read(multi.get(), &left))
    result = message->data.result;
  curl_multi_remove_handle(multi.get(), easy);
  return result;
}

}  // namespace

HttpReply send(const HttpCall& call, std::stop_token stop) {
  const EasyHandle easy = make_easy();
  HeaderList headers;
  for (const std::string& line : call.headers) append(headers, line.c_str());
  set_call(easy.get(), call, headers);
  HttpReply reply;
  char error[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, error);
  if (const CURLcode code = perform(easy.get(), stop); code != CURLE_OK)
    throw IoError(without_secrets(call.url), error[0] ? error : curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  reply.status = int(status);
  return reply;
}

}  // namespace cubemill::net
