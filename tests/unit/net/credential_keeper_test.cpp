#include "net/credential_keeper.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "cubemill/base/error.hpp"

namespace cubemill::net {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::system_clock;

Credentials keys(const std::string& name, std::optional<seconds> lifetime = std::nullopt) {
  Credentials made{name, "secret", "", std::nullopt, "a test"};
  if (lifetime) made.expires = system_clock::now() + *lifetime;
  return made;
}

// A keeper whose source gives one thing after the other, and a way to wait for a fetch to end.
class Kept {
 public:
  explicit Kept(std::deque<Credentials> given) : given_(std::move(given)) {}

  CredentialKeeper::Standing standing(seconds later = seconds(0)) {
    return keeper_.standing(system_clock::now() + later, Clock::now() + later);
  }
  // After what is being fetched is there.
  CredentialKeeper::Standing settled(seconds later = seconds(0)) {
    for (int fetched = 0;; ++fetched) {
      const auto now = standing(later);
      if (!now.is_pending()) return now;
      wait_for_fetches(fetched + 1);
    }
  }
  // Until so many fetches have ended in all.
  void wait_for_fetches(int number) {
    std::unique_lock lock(mutex_);
    has_changed_.wait(lock, [&] { return changes_ >= number; });
  }
  bool refused(std::uint64_t generation) { return keeper_.refused(generation, Clock::now()); }
  std::uint64_t refreshed() const { return keeper_.refreshed(); }
  int asked() const { return asked_; }

 private:
  Credentials next() {
    ++asked_;
    const std::lock_guard lock(mutex_);
    if (given_.empty()) throw IoError("a test", "gives no more");
    Credentials first = given_.front();
    given_.pop_front();
    return first;
  }

  std::mutex mutex_;
  std::condition_variable has_changed_;
  int changes_ = 0;
  std::deque<Credentials> given_;
  std::atomic<int> asked_ = 0;
  CredentialKeeper keeper_{[this](std::stop_token) { return next(); },
                           [this] {
                             const std::lock_guard lock(mutex_);
                             ++changes_;
                             has_changed_.notify_one();
                           }};
};

TEST(CredentialKeeper, GetsKeysOnceAndKeepsThem) {
  Kept kept({keys("one"), keys("two")});
  EXPECT_EQ(kept.settled().keys->access_key, "one");
  EXPECT_EQ(kept.standing(hours(1000)).keys->access_key, "one");
  EXPECT_EQ(kept.asked(), 1);
}

TEST(CredentialKeeper, MakesKeysAnewBeforeTheyExpireAndUsesTheOldMeanwhile) {
  Kept kept({keys("one", hours(1)), keys("two", hours(2))});
  EXPECT_EQ(kept.settled().keys->access_key, "one");
  EXPECT_EQ(kept.standing(std::chrono::minutes(54)).keys->access_key, "one");
  EXPECT_EQ(kept.asked(), 1);
  EXPECT_EQ(kept.standing(std::chrono::minutes(56)).keys->access_key, "one");
  kept.wait_for_fetches(2);
  EXPECT_EQ(kept.standing(std::chrono::minutes(56)).keys->access_key, "two");
  EXPECT_EQ(kept.refreshed(), 1U);
}

TEST(CredentialKeeper, DoesNotUseKeysThatHaveExpired) {
  Kept kept({keys("one", hours(1))});
  EXPECT_EQ(kept.settled().keys->access_key, "one");
  const auto later = kept.settled(hours(2));
  EXPECT_FALSE(later.keys);
  EXPECT_EQ(later.failure, "a test: gives no more");
}

TEST(CredentialKeeper, SeeksOthersWhenAServerRefuses) {
  Kept kept({keys("one"), keys("two")});
  const auto first = kept.settled();
  EXPECT_TRUE(kept.refused(first.generation));
  EXPECT_TRUE(kept.refused(first.generation)) << "while others are being sought";
  const auto second = kept.settled();
  EXPECT_EQ(second.keys->access_key, "two");
  EXPECT_TRUE(kept.refused(first.generation)) << "others are there already";
  EXPECT_EQ(kept.asked(), 2);
}

TEST(CredentialKeeper, BelievesTheServerWhenTheSameKeysComeAgain) {
  Kept kept({keys("one"), keys("one"), keys("two")});
  const auto first = kept.settled();
  EXPECT_TRUE(kept.refused(first.generation));
  const auto again = kept.settled();
  EXPECT_EQ(again.generation, first.generation);
  EXPECT_FALSE(kept.refused(again.generation));
  EXPECT_EQ(kept.asked(), 2);
  EXPECT_EQ(kept.refreshed(), 0U);
}

TEST(CredentialKeeper, SaysWhyThereAreNone) {
  Kept kept({});
  EXPECT_EQ(kept.settled().failure, "a test: gives no more");
}

}  // namespace
}  // namespace cubemill::net
