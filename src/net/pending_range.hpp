// A range from when it is asked for until it is answered. Owned by the loop.
#pragma once
#include <optional>

#include "cubemill/net/range_client.hpp"
#include "net/clock.hpp"
#include "net/href.hpp"
#include "net/transfer.hpp"
#include "net/verdict.hpp"

namespace cubemill::net {

struct PendingRange {
  RangeRequest request;
  RangeClient::Done done;
  Moment asked{};

  Href href;
  Moment begun{};                        ///< the first request
  int attempts = 0;                      ///< requests sent for it, hedges and detours not counted
  int detours = 0;                       ///< redirects, other regions, renewals
  bool has_gone_back = false;            ///< from where the object had moved to the href
  std::optional<Verdict> refusal;        ///< after which keys, or a URL, were made anew, once
  std::uint64_t refused_generation = 0;  ///< of the keys
  Verdict last{};                        ///< of the last request that failed, while there is hope
  int last_status = 0;                   ///< of the last answer
  Transfer* flying = nullptr;            ///< its request
  Transfer* beside = nullptr;            ///< its hedge

  Extent extent() const { return {request.offset, request.size, request.may_be_shorter}; }
};

}  // namespace cubemill::net
