// The credentials of a client: got when first needed, made anew before they expire or when a server
// refuses them, while requests go on with those that still hold. Not responsible for where they
// come from. Used by the client's thread; fetches on a thread of its own.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "net/clock.hpp"
#include "net/credentials.hpp"
#include "net/errands.hpp"

namespace cubemill::net {

class CredentialKeeper {
 public:
  /// Gets credentials, blocking; empty where there are none. Throws Error.
  using Source = std::function<Credentials(std::stop_token)>;
  using WallMoment = std::chrono::system_clock::time_point;

  /// `changed` is called from another thread when there is something new.
  CredentialKeeper(Source source, std::function<void()> changed);

  struct Standing {
    std::shared_ptr<const Credentials> keys;  ///< null: not there (yet)
    std::uint64_t generation = 0;             ///< grows when keys change
    std::string failure;                      ///< why there are none
    bool is_pending() const { return !keys && failure.empty(); }
  };
  /// The keys to sign with now. Begins to get others where these are about to expire.
  Standing standing(WallMoment wall, Moment now);

  /// A server refused a request signed with keys of this generation. True when it is worth asking
  /// again: other keys are there or are being asked for.
  bool refused(std::uint64_t generation, Moment now);

  /// How often keys were made anew.
  std::uint64_t refreshed() const;

 private:
  void fetch();
  void keep(Credentials&& keys);
  void fail(const std::string& why);

  Source source_;
  std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Credentials> keys_;
  std::uint64_t generation_ = 0, refreshed_ = 0;
  std::string failure_;
  bool fetching_ = false;
  bool unusable_ = false;         // refused by a server, and others are being fetched
  WallMoment renew_at_{};         // when keys that expire are to be made anew
  Moment next_fetch_{};           // not earlier: what was just asked for is not asked for again
  std::uint64_t questioned_ = 0;  // the generation that a server refused last
  Moment questioned_until_{};     // how long the answer to that holds
  Errands errands_{1};
};

}  // namespace cubemill::net
