// Signed URLs that have expired, and the fresh ones that the user's command makes of them. Not
// responsible for telling when one has expired. Used by the client's thread; the command runs on
// others.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "net/errands.hpp"

namespace cubemill::net {

class SignedUrls {
 public:
  /// `command`: run by the shell with the href as one more argument; its standard output is the
  /// URL. Empty: there is none. `changed` is called from another thread when a URL is there.
  SignedUrls(std::string command, std::function<void()> changed)
      : command_(std::move(command)), changed_(std::move(changed)) {}

  struct Standing {
    bool is_pending = false;
    std::string url;      ///< empty: none has been made, the href is to be taken as it is
    std::string failure;  ///< why the command gave none
  };
  Standing standing(const std::string& href) const;

  /// A server refused `url`. True when another one is there or is being made.
  bool refused(const std::string& href, const std::string& url);
  /// `url` has been good for an answer: when it is refused later, it has expired.
  void answered(const std::string& href, const std::string& url);

  std::uint64_t refreshed() const;

 private:
  struct Entry {
    Standing standing;
    bool has_been_good = false;
  };
  void make(const std::string& href);
  void keep(const std::string& href, const std::string& url, const std::string& failure);

  std::string command_;
  std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::uint64_t refreshed_ = 0;
  Errands errands_{4};
};

}  // namespace cubemill::net
