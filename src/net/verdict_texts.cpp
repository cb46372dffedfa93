#include "net/verdict_texts.hpp"

#include <algorithm>

#include "net/ascii.hpp"
#include "net/environment.hpp"

namespace cubemill::net {
namespace {

constexpr std::size_t most_shown = 200;  // bytes of a server's own words

// One line of a server's words, without what does not print.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return (unsigned char)c < ' '; }, ' ');
  return std::string(trimmed(text)).substr(0, most_shown);
}

}  // namespace

std::string status_text(int status, const std::string& body) {
  std::string text = "HTTP " + std::to_string(status);
  const std::string code = one_line(xml_text(body, "Code"));
  const std::string message = one_line(xml_text(body, "Message"));
  if (!code.empty()) text += " " + code;
  if (!message.empty() && message != code) text += ": " + message;
  return text;
}

std::string advice_on_refusal(const std::string& code, const WireRequest& sent) {
  if (code == "RequestTimeTooSkewed") return "set this machine's clock";
  if (!sent.keys && !sent.may_be_signed)
    return "the request was not signed, as --no-sign-request or AWS_NO_SIGN_REQUEST says: the "
           "bucket "
           "is not public, leave that away and set AWS_PROFILE";
  if (!sent.keys)
    return "no credentials were found (looked for in AWS_ACCESS_KEY_ID, a web identity, the "
           "profile, the container and the instance) and the request was not signed: set "
           "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  const std::string with = "signed with keys from " + sent.keys->source;
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch" || code == "InvalidToken")
    return with + ": these keys are wrong for this endpoint";
  if (code == "ExpiredToken") return with + ", which gives no newer ones: log in again";
  const bool pays = std::any_of(sent.headers.begin(), sent.headers.end(), [](const auto& line) {
    return line.starts_with("x-amz-request-payer");
  });
  return with +
         (pays ? ";"
               : "; does the requester pay (--request-payer requester, "
                 "AWS_REQUEST_PAYER=requester)?") +
         " may these keys read the bucket? is AWS_REGION " + sent.region +
         " right? is the bucket public (--no-sign-request, AWS_NO_SIGN_REQUEST=YES)?";
}

std::string end_text(std::uint64_t object_size) {
  return "beyond the end of the object" +
         (object_size ? ", which has " + std::to_string(object_size) + " bytes" : std::string());
}

std::string replaced_text(const Transfer& transfer, const RangeRequest& request) {
  const std::string& etag = transfer.head().etag;
  if (!request.etag.empty() && !etag.empty() && etag != request.etag)
    return "another object than before: ETag " + one_line(etag) + " and not " + request.etag;
  return "another object than before: " + std::to_string(transfer.sink().object_size()) +
         " bytes and not " + std::to_string(request.object_size);
}

std::string either_region(const AnswerHead& head, const std::string& body) {
  return either(head.bucket_region, xml_text(body, "Region"));
}

}  // namespace cubemill::net
