#include "net/request_maker.hpp"

#include <algorithm>
#include <utility>

#include "net/ascii.hpp"
#include "net/credential_chain.hpp"

namespace cubemill::net {
namespace {

CredentialKeeper::Source chain(const Environment& environment) {
  return [environment](std::stop_token stop) { return find_credentials(environment, stop); };
}

bool is_strong(const std::string& etag) { return !etag.empty() && !etag.starts_with("W/"); }

}  // namespace

bool pays_for(const NetOptions& options, const Environment& environment,
              const std::string& bucket) {
  const auto& paid = options.requester_pays_buckets;
  return options.requester_pays.value_or(
             equal_but_for_case(environment("AWS_REQUEST_PAYER"), "requester")) ||
         std::find(paid.begin(), paid.end(), bucket) != paid.end();
}

RequestMaker::RequestMaker(const NetOptions& options, const Environment& environment,
                           std::function<void()> changed)
    : options_(options),
      environment_(environment),
      sign_(options.sign && !is_yes(environment("AWS_NO_SIGN_REQUEST"))),
      places_(s3_endpoint(environment, AwsProfiles(environment)), options.bucket_regions),
      keeper_(chain(environment), changed),
      signed_(options.sign_command, changed) {}

std::variant<WireRequest, Pending, Unmakeable> RequestMaker::make(const Href& href,
                                                                  const RangeRequest& range,
                                                                  Moment now) {
  auto made = href.is_s3() ? make_s3(href, now) : make_url(href);
  if (WireRequest* wire = std::get_if<WireRequest>(&made)) {
    wire->headers.push_back("Range: bytes=" + std::to_string(range.offset) + "-" +
                            std::to_string(range.offset + range.size - 1));
    if (is_strong(range.etag)) wire->headers.push_back("If-Match: " + range.etag);
  }
  return made;
}

std::variant<WireRequest, Pending, Unmakeable> RequestMaker::make_s3(const Href& href, Moment now) {
  WireRequest wire;
  const auto moved = moved_.find(href.text);
  wire.url = moved != moved_.end() ? moved->second : places_.url(href.bucket, href.key);
  wire.region = places_.region(href.bucket);
  wire.may_be_signed = sign_;
  if (sign_) {
    const auto standing = keeper_.standing(std::chrono::system_clock::now(), now);
    if (standing.is_pending()) return Pending{};
    if (!standing.keys)
      return Unmakeable{standing.failure,
                        "or --no-sign-request (AWS_NO_SIGN_REQUEST=YES), for a public bucket"};
    wire.key_generation = standing.generation;
    if (!standing.keys->empty()) wire.keys = standing.keys;
  }
  if (wire.keys) {
    wire.headers.push_back("x-amz-content-sha256: UNSIGNED-PAYLOAD");
    if (!wire.keys->token.empty())
      wire.headers.push_back("x-amz-security-token: " + wire.keys->token);
  }
  if (pays_for(options_, environment_, href.bucket))
    wire.headers.push_back("x-amz-request-payer: requester");
  return wire;
}

std::variant<WireRequest, Pending, Unmakeable> RequestMaker::make_url(const Href& href) {
  WireRequest wire;
  const auto standing = signed_.standing(href.text);
  if (standing.is_pending) return Pending{};
  if (!standing.failure.empty())
    return Unmakeable{"the signed URL has expired, and no other could be made: " + standing.failure,
                      ""};
  const auto moved = moved_.find(href.text);
  // As it is, byte by byte: it may be signed. Only a blank, which no signed URL has, cannot be
  // sent.
  for (const char c : moved != moved_.end() ? moved->second : either(standing.url, href.text))
    c == ' ' ? wire.url += "%20" : wire.url += c;
  return wire;
}

bool RequestMaker::learn_region(const Href& href, const WireRequest& sent,
                                const std::string& region) {
  // It becomes a part of a host name.
  const bool is_name =
      region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!href.is_s3() || region.empty() || !is_name) return false;
  moved_.erase(href.text);
  const bool is_new = places_.correct(href.bucket, region);
  return is_new || sent.region != places_.region(href.bucket);
}

bool RequestMaker::learn_location(const Href& href, const WireRequest& sent,
                                  const std::string& location) {
  const std::string url = resolved_location(sent.url, location);
  if (url.starts_with("s3://") || !is_remote(url)) return false;
  // Whoever asks for a safe connection does not get an unsafe one.
  if (starts_but_for_case(sent.url, "https:") && !starts_but_for_case(url, "https:")) return false;
  moved_[href.text] = url;
  return true;
}

bool RequestMaker::refused(const Href& href, const WireRequest& sent, Moment now) {
  if (!href.is_s3()) return signed_.refused(href.text, sent.url);
  return sent.keys && keeper_.refused(sent.key_generation, now);
}

void RequestMaker::answered(const Href& href, const WireRequest& sent) {
  if (!href.is_s3()) signed_.answered(href.text, sent.url);
}

}  // namespace cubemill::net
