#include "cubemill/memory/slab_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

TEST(SlabPool, LendsAsManySlabsAsItHas) {
  SlabPool pool(1000, 3, [] {});
  Slab a = pool.try_acquire(), b = pool.try_acquire(), c = pool.try_acquire();
  EXPECT_TRUE(a && b && c);
  EXPECT_FALSE(pool.try_acquire());
  b.give_back();
  EXPECT_FALSE(b);
  EXPECT_TRUE(pool.try_acquire());
}

/// A heap that has so many pieces and no more.
class ShortMemory final : public StagingMemory {
 public:
  explicit ShortMemory(int pieces) : left_(pieces) {}
  ~ShortMemory() override { EXPECT_EQ(out_, 0) << "pieces that did not come back"; }
  std::byte* take(std::size_t bytes) override {
    if (left_ == 0) throw OutOfMemory("nothing left", bytes);
    --left_, ++out_;
    return heap_memory().take(bytes);
  }
  void give_back(std::byte* memory) noexcept override {
    --out_;
    heap_memory().give_back(memory);
  }

 private:
  int left_, out_ = 0;
};

TEST(SlabPool, HasFewerSlabsWhereMemoryIsShort) {
  ShortMemory two(2);
  SlabPool pool(
      1000, 5, [] {}, two);
  EXPECT_EQ(pool.count(), 2u);
  Slab a = pool.try_acquire(), b = pool.try_acquire();
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(pool.try_acquire());
}

TEST(SlabPool, RefusesWhereNotEvenOneSlabFits) {
  ShortMemory none(0);
  EXPECT_THROW(SlabPool(
                   1000, 5, [] {}, none),
               OutOfMemory);
}

TEST(SlabPool, GetsASlabBackWhenItsHolderGoes) {
  int returned = 0;
  SlabPool pool(1000, 1, [&] { ++returned; });
  {
    const Slab slab = pool.try_acquire();
    EXPECT_FALSE(pool.try_acquire());
    EXPECT_EQ(returned, 0);
  }
  EXPECT_EQ(returned, 1);
  Slab again = pool.try_acquire();
  ASSERT_TRUE(again);
  again.give_back();
  again.give_back();  // once is enough
  EXPECT_EQ(returned, 2);
}

TEST(SlabPool, LetsALeaseMoveWithoutGivingItBack) {
  int returned = 0;
  SlabPool pool(4096, 2, [&] { ++returned; });
  Slab a = pool.try_acquire();
  std::byte* const first = a.take(64);
  Slab b = std::move(a);
  EXPECT_FALSE(a);
  EXPECT_TRUE(b);
  EXPECT_EQ(returned, 0);
  EXPECT_EQ(b.take(1), first + 64) << "a moved lease goes on where it was";
  Slab other = pool.try_acquire();
  other = std::move(b);  // the one that it held goes back
  EXPECT_EQ(returned, 1);
  EXPECT_TRUE(other);
  EXPECT_TRUE(pool.try_acquire());
}

TEST(SlabPool, CutsASlabIntoAlignedPiecesThatDoNotOverlap) {
  SlabPool pool(64 * 10, 2, [] {});
  EXPECT_GE(pool.slab_bytes(), 640u);
  Slab a = pool.try_acquire(), b = pool.try_acquire();
  std::set<std::byte*> starts;
  for (Slab* slab : {&a, &b})
    for (int i = 0; i < 10; ++i) {
      std::byte* const piece = slab->take(std::size_t(i) * 6 + 1);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece) % 64, 0u);
      std::memset(piece, i, 64);
      EXPECT_TRUE(starts.insert(piece).second);
    }
  auto last = starts.begin();
  for (auto s = std::next(last); s != starts.end(); last = s++) EXPECT_GE(*s - *last, 64);
}

TEST(SlabPool, BeginsEveryLeaseAtTheFront) {
  SlabPool pool(128, 1, [] {});
  Slab a = pool.try_acquire();
  std::byte* const front = a.take(100);
  a.give_back();
  Slab b = pool.try_acquire();
  EXPECT_EQ(b.take(100), front);
}

TEST(SlabPool, HoldsReadersBackUntilASlabIsFree) {
  std::mutex mutex;
  std::condition_variable changed;
  SlabPool pool(64, 3, [&] {
    { const std::lock_guard lock(mutex); }
    changed.notify_all();
  });
  std::atomic<int> held{0}, most{0}, done{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          Slab slab;
          {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return bool(slab = pool.try_acquire()); });
          }
          const int now = ++held;
          for (int m = most; now > m && !most.compare_exchange_weak(m, now);) {
          }
          std::memset(slab.take(64), t, 64);
          --held;
          ++done;
        }
      });
  }
  EXPECT_EQ(done, 8 * 500);
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace cubemill
