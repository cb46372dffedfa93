// Makes requests over the wire of ranges: which URL, which headers, which keys; and learns from
// answers: the region of a bucket, where an object has moved, that keys or a signed URL have
// expired. Not responsible for sending. Used by the client's thread only.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <variant>

#include "cubemill/net/range_client.hpp"
#include "net/credential_keeper.hpp"
#include "net/href.hpp"
#include "net/s3_place.hpp"
#include "net/signed_urls.hpp"
#include "net/wire_request.hpp"

namespace cubemill::net {

/// It cannot be said yet: credentials or a signed URL are on their way.
struct Pending {};
/// It cannot be made at all; why, and what to do.
struct Unmakeable {
  std::string why, advice;
};

/// Whether requests to a bucket say that the requester pays.
bool pays_for(const NetOptions& options, const Environment& environment, const std::string& bucket);

class RequestMaker {
 public:
  /// `changed`: called from another thread when what was pending may be there.
  RequestMaker(const NetOptions& options, const Environment& environment,
               std::function<void()> changed);

  std::variant<WireRequest, Pending, Unmakeable> make(const Href& href, const RangeRequest& range,
                                                      Moment now);

  /// Corrects the region of a bucket after a request for another. False when that leads nowhere.
  bool learn_region(const Href& href, const WireRequest& sent, const std::string& region);
  /// Notes where the object of an http(s) href is for now. False when it must not be followed.
  bool learn_location(const Href& href, const WireRequest& sent, const std::string& location);
  /// Forgets where the object has moved, if it has: it may be elsewhere by now. False when it had
  /// not.
  bool forget_location(const Href& href) { return moved_.erase(href.text) > 0; }
  /// A server refused the request. True when another can be made: with other keys, another URL.
  bool refused(const Href& href, const WireRequest& sent, Moment now);
  /// The URL of an http(s) href has been good for an answer.
  void answered(const Href& href, const WireRequest& sent);

  bool own_endpoint() const { return places_.own_endpoint(); }
  std::uint64_t refreshed() const { return keeper_.refreshed() + signed_.refreshed(); }

 private:
  std::variant<WireRequest, Pending, Unmakeable> make_s3(const Href& href, Moment now);
  std::variant<WireRequest, Pending, Unmakeable> make_url(const Href& href);

  const NetOptions options_;
  const Environment environment_;
  bool sign_;
  S3Places places_;
  CredentialKeeper keeper_;
  SignedUrls signed_;
  std::map<std::string, std::string> moved_;  // href or s3 href → URL, while that is good
};

}  // namespace cubemill::net
