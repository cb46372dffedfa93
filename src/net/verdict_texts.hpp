// The words of failures: what was wrong, and what to do about it.
#pragma once
#include <cstdint>
#include <string>

#include "cubemill/net/range_client.hpp"
#include "net/transfer.hpp"

namespace cubemill::net {

inline constexpr const char* advice_on_certificates =
    "name the certificates to trust in CURL_CA_BUNDLE";
inline constexpr const char* advice_on_href = "look at the href in the catalog";
inline constexpr const char* advice_on_connecting =
    "look at the network, HTTPS_PROXY and the endpoint (AWS_S3_ENDPOINT, AWS_ENDPOINT_URL; is it "
    "https or http?)";
inline constexpr const char* advice_on_proxy =
    "does it want a password (HTTPS_PROXY or http_proxy=http://USER:PASSWORD@HOST:PORT)? name in "
    "NO_PROXY what is reached without it";
inline constexpr const char* advice_on_region = "set AWS_REGION to the region of the bucket";
inline constexpr const char* advice_on_redirect =
    "it leads nowhere that can be followed; use another href";
inline constexpr const char* advice_on_signed_url =
    "has a signed URL expired? make the catalog anew, or give --sign-with";
inline constexpr const char* advice_on_bad_request =
    "look at the href, the endpoint and AWS_REGION";
inline constexpr const char* advice_on_missing = "look at the href, or leave the scene out";
inline constexpr const char* advice_on_missing_bucket =
    "look at the href and the endpoint (AWS_S3_ENDPOINT, AWS_ENDPOINT_URL)";
inline constexpr const char* advice_on_replaced =
    "the object was written again since the run began; begin anew";
inline constexpr const char* advice_on_short_object =
    "the file is truncated or was replaced; fetch it anew into the archive";
inline constexpr const char* advice_on_page =
    "a login page, or a proxy's? choose hrefs with --prefer s3, or another href";
inline constexpr const char* advice_on_ranges =
    "the server, or a proxy before it, does not serve ranges; use another href";

/// "503 SlowDown: Please reduce your request rate." of a status and S3's error, or a plain text.
std::string status_text(int status, const std::string& body);
/// What to try when S3 refuses a request.
std::string advice_on_refusal(const std::string& code, const WireRequest& sent);
std::string end_text(std::uint64_t object_size);
std::string replaced_text(const Transfer& transfer, const RangeRequest& request);
/// The region that an answer names, in its head or in S3's error; empty: none.
std::string either_region(const AnswerHead& head, const std::string& body);

}  // namespace cubemill::net
