// The first bytes of remote files, asked for before they are opened: many files in the time of one
// round trip, once their bucket or server has answered for one of them. While such an object lives
// RemoteFile::open takes what has come, or waits for it. One at a time; thread-safe.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/net/range_client.hpp"

namespace cubemill {

/// None of several objects of a bucket or server can be had: it is not asked any more.
class PlaceRefused final : public RangeFailure {
 public:
  PlaceRefused(const std::string& place, std::size_t tried, const RangeFailure& first);
};

class FrontsAhead {
 public:
  /// How buckets and servers are met of which nothing was heard before.
  struct Manner {
    /// How many objects of a place are asked for, one after the other, while these fail as others
    /// probably will (RangeFailure::of_place). Then the others fail without being asked for: as
    /// PlaceRefused, or with a single one as that did. 0: all places are known.
    std::size_t witnesses = 0;
    /// Nothing else is asked of these, and nothing where a header is kept of their place.
    std::vector<std::string> only_witnesses{};
  };

  /// Asks for the remote ones among `hrefs` of which no header is kept, in the order in which they
  /// will be opened.
  FrontsAhead(std::vector<std::string> hrefs, Manner manner);
  /// What was not opened is dropped.
  ~FrontsAhead();
  FrontsAhead(const FrontsAhead&) = delete;
  FrontsAhead& operator=(const FrontsAhead&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
  friend std::optional<RangeAnswer> take_front(const std::string& href);
};

/// Takes what came ahead for an href, after waiting for it; nothing where nobody has asked. Throws
/// what asking ended in, PlaceRefused where it was not asked for therefore.
std::optional<RangeAnswer> take_front(const std::string& href);

}  // namespace cubemill
