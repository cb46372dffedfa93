#include "net/verdict.hpp"

#include "net/ascii.hpp"
#include "net/verdict_texts.hpp"

namespace cubemill::net {
namespace {

using Kind = RangeFailure::Kind;
using Move = Verdict::Move;
using Flaw = BodySink::Flaw;

// Pages and answers from elsewhere seldom become right: portals, servers without ranges.
constexpr int few_tries = 4;
// A server that was never there may have a wrong name; one that was is waited for.
constexpr int tries_of_first = 3;

struct Case {
  const Transfer& transfer;
  const RangeRequest& request;
  bool is_s3;

  int status() const { return transfer.head().status; }
  const std::string& text() const { return transfer.sink().text(); }
  std::string code() const { return xml_text(text(), "Code"); }
};

bool is_one_of(const std::string& code, std::initializer_list<const char*> codes) {
  for (const char* known : codes)
    if (code == known) return true;
  return false;
}

Verdict again(std::string what) { return {.move = Move::again, .what = std::move(what)}; }

Verdict give_up(Kind kind, std::string what, std::string advice) {
  return {
      .move = Move::give_up, .kind = kind, .what = std::move(what), .advice = std::move(advice)};
}

Verdict of_place(Verdict verdict) {
  verdict.of_place = true;
  return verdict;
}

Verdict of_proxy(int status) {
  return of_place(
      give_up(Kind::denied, "the proxy refuses it: " + status_text(status, {}), advice_on_proxy));
}

// Nothing came, or it broke off.
Verdict of_connection(const Case& c) {
  const int tunnel = c.transfer.tunnel_status();
  if (tunnel >= 400 && tunnel < 500) return of_proxy(tunnel);
  switch (c.transfer.code()) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return of_place(give_up(Kind::unusable, c.transfer.error(), advice_on_certificates));
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return give_up(Kind::unusable, c.transfer.error(), advice_on_href);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT: {  // while connecting: later silence is not libcurl's to judge
      Verdict verdict = of_place(again(c.transfer.error()));
      verdict.advice = advice_on_connecting;
      if (c.request.is_first) verdict.most_tries = tries_of_first;
      return verdict;
    }
    case CURLE_OUT_OF_MEMORY:
      return {.move = Move::no_memory};
    default:
      return again(c.transfer.error());
  }
}

Verdict of_region(const Case& c, std::string region) {
  Verdict verdict =
      of_place(give_up(Kind::denied, status_text(c.status(), c.text()), advice_on_region));
  verdict.move = Move::elsewhere;
  verdict.region = std::move(region);
  return verdict;
}

Verdict of_redirect(const Case& c) {
  const std::string region = either_region(c.transfer.head(), c.text());
  if (c.is_s3 && !region.empty() && region != c.transfer.wire().region) return of_region(c, region);
  Verdict verdict = give_up(Kind::unusable, status_text(c.status(), c.text()), advice_on_redirect);
  verdict.location = c.transfer.head().location;
  if (!verdict.location.empty()) verdict.move = Move::elsewhere;
  return verdict;
}

// 401, 403, and the 400 of S3 that means the same.
Verdict of_refusal(const Case& c) {
  Verdict verdict = of_place(give_up(Kind::denied, status_text(c.status(), c.text()),
                                     c.is_s3 ? advice_on_refusal(c.code(), c.transfer.wire())
                                             : std::string(advice_on_signed_url)));
  if (!is_one_of(c.code(), {"RequestTimeTooSkewed"})) verdict.move = Move::renew;
  return verdict;
}

Verdict of_bad_request(const Case& c) {
  if (c.is_s3) {
    const std::string region = either_region(c.transfer.head(), c.text());
    if (!region.empty() && region != c.transfer.wire().region) return of_region(c, region);
    if (c.code() == "RequestTimeout") return again(status_text(c.status(), c.text()));
    if (is_one_of(c.code(), {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}))
      return of_refusal(c);
    return of_place(
        give_up(Kind::denied, status_text(c.status(), c.text()), advice_on_bad_request));
  }
  return of_refusal(c);
}

Verdict of_missing(const Case& c) {
  const std::string what = status_text(c.status(), c.text());
  if (c.code() == "NoSuchBucket")
    return of_place(give_up(Kind::missing, what, advice_on_missing_bucket));
  return give_up(Kind::missing, what, advice_on_missing);
}

// The range begins at or beyond the end.
Verdict of_unsatisfiable(const Case& c) {
  const auto& range = c.transfer.head().range;
  auto size = range ? range->total : whole_number(xml_text(c.text(), "ActualObjectSize"));
  if (c.request.may_be_shorter && size && *size <= c.request.offset) {
    Verdict nothing;
    nothing.object_size = *size;
    return nothing;
  }
  return give_up(Kind::unusable, end_text(size.value_or(0)), advice_on_short_object);
}

Verdict of_error(const Case& c) {
  const int status = c.status();
  if (status == 503 || status == 429 || c.code() == "SlowDown") {
    Verdict verdict = again(status_text(status, c.text()));
    verdict.move = Move::slower;
    verdict.retry_after = c.transfer.head().retry_after.value_or(0);
    return verdict;
  }
  if (status >= 500 || status == 408 || status == 425 || status < 200)
    return again(status_text(status, c.text()));
  if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
    return of_redirect(c);
  if (status == 400) return of_bad_request(c);
  if (status == 401 || status == 403) return of_refusal(c);
  if (status == 404 || status == 410) return of_missing(c);
  if (status == 407) return of_proxy(status);
  if (status == 412)
    return give_up(Kind::replaced, status_text(status, c.text()), advice_on_replaced);
  if (status == 416) return of_unsatisfiable(c);
  return give_up(Kind::unusable, status_text(status, c.text()), advice_on_href);
}

Verdict unusable(std::string what, const char* advice) {
  Verdict verdict = again(std::move(what));
  verdict.kind = Kind::unusable;
  verdict.advice = advice;
  verdict.most_tries = few_tries;
  return verdict;
}

Verdict of_flaw(const Case& c) {
  switch (c.transfer.sink().flaw()) {
    case Flaw::not_an_object:
      if (c.status() != 200) return of_error(c);
      return of_place(unusable("an HTML page in place of the object", advice_on_page));
    case Flaw::other_place:
      return unusable("an answer that is not for the range asked for", advice_on_ranges);
    case Flaw::encoded:
      return unusable("an answer compressed as " + c.transfer.head().encoding, advice_on_ranges);
    case Flaw::too_short:
      return again("an answer with fewer bytes than asked for");
    case Flaw::beyond_end:
      // A whole object that is too short may also be a proxy's empty page.
      if (c.status() == 200)
        return unusable(end_text(c.transfer.sink().object_size()), advice_on_short_object);
      return give_up(Kind::unusable, end_text(c.transfer.sink().object_size()),
                     advice_on_short_object);
    case Flaw::no_memory:
      return {.move = Move::no_memory};
    case Flaw::none:
      break;
  }
  if (c.transfer.code() == CURLE_OK) return again("an answer that ends before all bytes are there");
  return of_connection(c);
}

// Whether an answer that is whole is of the version that is asked for.
bool is_replaced(const Case& c) {
  const std::string& etag = c.transfer.head().etag;
  const bool other_tag = !c.request.etag.empty() && !etag.empty() && etag != c.request.etag;
  const std::uint64_t size = c.transfer.sink().object_size();
  const bool other_size = c.request.object_size != 0 && size != 0 && size != c.request.object_size;
  return other_tag || other_size;
}

}  // namespace

Verdict judge(const Transfer& transfer, const RangeRequest& request, bool is_s3) {
  const Case c{transfer, request, is_s3};
  const bool whole = transfer.whole();
  if (is_replaced(c) && (whole || transfer.sink().flaw() == Flaw::beyond_end))
    return give_up(Kind::replaced, replaced_text(transfer, request), advice_on_replaced);
  if (whole) return {};
  // Nothing but a head, or not even that.
  if (!transfer.head().complete) return of_connection(c);
  return of_flaw(c);
}

}  // namespace cubemill::net
