// The first bytes of remote files, asked for before they are opened: many files in the time of one
// round trip. While such an object lives RemoteFile::open takes what has come, or waits for it.
// One at a time; thread-safe.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/net/range_client.hpp"

namespace cubemill {

class FrontsAhead {
 public:
  /// Asks for the remote ones among `hrefs` of which no header is kept, in the order in which they
  /// will be opened.
  explicit FrontsAhead(std::vector<std::string> hrefs);
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
/// what asking ended in.
std::optional<RangeAnswer> take_front(const std::string& href);

}  // namespace cubemill
