// Owners of libcurl's handles, and its initialisation.
#pragma once
#include <curl/curl.h>

#include <memory>

namespace cubemill::net {

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

/// Once a process; further calls do nothing. Throws std::bad_alloc.
void initialise_curl();
/// Makes a handle; initialises libcurl at the first call. Throws std::bad_alloc.
EasyHandle make_easy();
MultiHandle make_multi();
/// Keeps a connection that breaks while something is sent from ending the process; for the calling
/// thread, which runs transfers (TLS libraries write without MSG_NOSIGNAL).
void block_pipe_signal();
/// Appends "name: value" or another line.
void append(HeaderList& list, const char* line);

/// What all requests share: no signals, no redirects by libcurl, HTTP only, its own environment
/// for proxies, and for certificates CURL_CA_BUNDLE, AWS_CA_BUNDLE or SSL_CERT_FILE.
void set_common(CURL* easy, const char* user_agent);

}  // namespace cubemill::net
