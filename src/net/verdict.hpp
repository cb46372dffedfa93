// What an answer, or the lack of one, means for its range. A pure rule: knows status codes,
// libcurl's codes and S3's error codes; does nothing about it.
#pragma once
#include <optional>
#include <string>

#include "cubemill/net/range_client.hpp"
#include "net/transfer.hpp"

namespace cubemill::net {

struct Verdict {
  enum class Move {
    take,       ///< the answer is right
    again,      ///< after a pause
    slower,     ///< after a pause, and with fewer requests: the server asks for it
    elsewhere,  ///< at once, where `location` or `region` says
    renew,      ///< with other keys, or another signed URL, if there are any; else give up
    give_up,
    no_memory,
  };
  Move move = Move::take;
  RangeFailure::Kind kind = RangeFailure::Kind::exhausted;  ///< of the failure, if it comes to that
  std::string what{};                                       ///< what was wrong, in a few words
  std::string advice{};                                     ///< what to do about it; may be empty
  std::string location{}, region{};
  std::uint64_t object_size = 0;  ///< where only the answer's text says it
  double retry_after = 0;         ///< seconds
  int most_tries = 1'000'000;     ///< more do not help
  bool of_place = false;          ///< as RangeFailure::of_place
};

/// Judges a transfer that has ended.
Verdict judge(const Transfer& transfer, const RangeRequest& request, bool is_s3);

}  // namespace cubemill::net
