// Bytes of objects in S3 and on HTTP servers, by range: many requests at once, each tried until it
// is right or cannot be. A thread of its own talks to the servers (libcurl); how many requests are
// in flight adapts to what they bear. Answers are whole, of the right place and of one version of
// the object, or they are failures: never short, never zeros. What bytes mean is not known here.
// Thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "cubemill/base/error.hpp"
#include "cubemill/net/net_options.hpp"

namespace cubemill {

/// Whether an href is fetched here: s3://…, http://…, https://….
bool is_remote(const std::string& href);
/// Gives the bucket or server of such an href: `s3://bucket`, `https://host`.
std::string remote_place(const std::string& href);

struct RangeRequest {
  std::string href{};  ///< s3://bucket/key or http(s)://…, as in the catalog
  std::uint64_t offset = 0;
  std::size_t size = 0;
  bool may_be_shorter = false;    ///< the object may end before offset + size (to read a header)
  std::string etag{};             ///< what the object must still be; empty: whatever is there
  std::uint64_t object_size = 0;  ///< likewise; 0: whatever is there
  /// Nothing was heard of its server before: one that cannot be reached is not tried for long.
  bool is_first = false;
};

struct RangeAnswer {
  std::shared_ptr<const std::byte[]> bytes;
  std::size_t size = 0;  ///< as asked for; less only where it may be
  std::uint64_t object_size = 0;
  std::string etag;  ///< empty where the server gives none
  int attempts = 1;
  std::span<const std::byte> view() const { return {bytes.get(), size}; }
};

/// A range that could not be had. `what()`: href, range, status, attempts, and what to do.
class RangeFailure : public IoError {
 public:
  enum class Kind {
    missing,    ///< 404: there is no such object
    denied,     ///< 401, 403: not with these credentials
    replaced,   ///< the object is another one than at first
    unusable,   ///< the answer is no part of the object (a login page, ranges ignored, …)
    exhausted,  ///< tried until attempts, deadline or the run's budget were used up
  };
  RangeFailure(const std::string& href, const std::string& message, Kind kind, int status,
               int attempts, std::string range = {}, bool of_place = false)
      : IoError(href, message),
        kind_(kind),
        status_(status),
        attempts_(attempts),
        range_(std::move(range)),
        of_place_(of_place) {}
  Kind kind() const { return kind_; }
  int status() const { return status_; }  ///< of the last answer; 0: there was none
  int attempts() const { return attempts_; }
  const std::string& range() const { return range_; }  ///< that was asked for, in words
  /// Whether other objects of the bucket or server probably fail alike: it refuses, is not there or
  /// sends a page. (Some buckets refuse what they do not have.)
  bool of_place() const { return of_place_; }

 private:
  Kind kind_;
  int status_;
  int attempts_;
  std::string range_;
  bool of_place_;
};

struct Traffic {
  std::uint64_t requests = 0, bytes = 0;  ///< sent; of bodies received
};

/// What the client did.
struct NetTally {
  std::uint64_t ranges = 0;           ///< asked for
  std::uint64_t requests = 0;         ///< sent
  std::uint64_t retries = 0;          ///< of these, because an earlier one failed
  std::uint64_t hedges = 0;           ///< of these, beside one that is much slower than its peers
  std::uint64_t bytes = 0;            ///< of bodies received, useless ones included
  std::uint64_t throttled = 0;        ///< answers 503, 429
  std::uint64_t refreshed = 0;        ///< credentials and signed URLs made anew
  std::uint64_t peak_in_flight = 0;   ///< requests
  std::uint64_t nanoseconds_cpu = 0;  ///< of the client's thread
  std::map<std::string, Traffic> places{};  ///< by bucket or server, as the href names it
};

class RangeClient {
 public:
  /// Called once for every `ask`, from the client's thread: be quick, do not throw. Either an
  /// answer, or a failure (RangeFailure or another Error).
  using Done = std::function<void(RangeAnswer&& answer, std::exception_ptr failure)>;

  explicit RangeClient(NetOptions options);
  /// Gives up what is in flight, without calling anybody.
  ~RangeClient();
  RangeClient(const RangeClient&) = delete;
  RangeClient& operator=(const RangeClient&) = delete;

  /// Asks for a range; first come, first served. Returns at once.
  void ask(RangeRequest request, Done done);
  /// Asks and waits. Throws RangeFailure.
  RangeAnswer fetch(RangeRequest request);
  /// How many more ranges can be asked for without queueing.
  int room() const;
  /// Seconds from asking until the answer is there, of recent ranges, nearly always (95 %).
  double usual_seconds() const;

  NetTally tally() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Sets up the client that this process reads objects with, in place of an earlier one. Call while
/// nobody reads.
void initialise_net(NetOptions options);
/// Ends that client, and what it still asks for. Call before a process exits: libraries that the
/// client's thread uses take themselves apart then.
void close_net();
/// The client of this process; made at the first call after `initialise_net`.
RangeClient& net_client();
/// Whether its requests to a bucket say that the requester pays.
bool net_pays_for(const std::string& bucket);

}  // namespace cubemill
