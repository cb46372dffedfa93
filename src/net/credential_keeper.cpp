#include "net/credential_keeper.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "cubemill/base/error.hpp"

namespace cubemill::net {
namespace {

// AWS's tools ask anew 5 to 15 minutes before the end.
constexpr std::chrono::seconds margin = std::chrono::minutes(5);
// After a failure, or when the same keys came again: how long that is taken as the answer.
constexpr std::chrono::seconds patience{20};

}  // namespace

CredentialKeeper::CredentialKeeper(Source source, std::function<void()> changed)
    : source_(std::move(source)), changed_(std::move(changed)) {}

CredentialKeeper::Standing CredentialKeeper::standing(WallMoment wall, Moment now) {
  const std::lock_guard lock(mutex_);
  const bool expires = keys_ && keys_->expires.has_value();
  const bool is_due = !keys_ || (expires && wall >= renew_at_);
  if (is_due && !fetching_ && now >= next_fetch_) {
    next_fetch_ = now + patience;
    fetch();
  }
  const bool is_over = expires && wall >= *keys_->expires;
  if (keys_ && !is_over && !unusable_) return {keys_, generation_, ""};
  return {nullptr, generation_, fetching_ ? "" : failure_};
}

bool CredentialKeeper::refused(std::uint64_t generation, Moment now) {
  const std::lock_guard lock(mutex_);
  if (generation != generation_) return true;
  if (unusable_) return true;
  if (questioned_ == generation && now < questioned_until_) return false;
  questioned_ = generation;
  questioned_until_ = now + patience;
  unusable_ = true;
  if (!fetching_) fetch();
  return true;
}

// The lock is held.
void CredentialKeeper::fetch() {
  const auto job = [this](std::stop_token stop) {
    try {
      keep(source_(stop));
    } catch (const std::exception& error) {
      fail(error.what());
    }
    changed_();
  };
  try {
    errands_.run(job);
    fetching_ = true;
  } catch (const std::system_error& error) {
    failure_ = std::string("no thread to ask for credentials: ") + error.what();
  }
}

void CredentialKeeper::keep(Credentials&& keys) {
  const std::lock_guard lock(mutex_);
  fetching_ = unusable_ = false;
  failure_.clear();
  if (keys.expires) {
    const auto left = *keys.expires - std::chrono::system_clock::now();
    renew_at_ = *keys.expires - std::min<WallMoment::duration>(margin, left / 4);
    if (left <= left.zero()) failure_ = keys.source + " gives credentials that have expired";
  }
  const bool same = keys_ && keys_->same_keys(keys);
  if (keys_ && !same) ++refreshed_;
  keys_ = std::make_shared<const Credentials>(std::move(keys));
  if (!same) ++generation_;
}

void CredentialKeeper::fail(const std::string& why) {
  const std::lock_guard lock(mutex_);
  fetching_ = unusable_ = false;
  failure_ = why;
}

std::uint64_t CredentialKeeper::refreshed() const {
  const std::lock_guard lock(mutex_);
  return refreshed_;
}

}  // namespace cubemill::net
