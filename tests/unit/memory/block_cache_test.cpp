#include "cubemill/memory/block_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

namespace cubemill {
namespace {

using NextUse = BlockCache::NextUse;

/// Decodes a block into the cache and lets go of it; false when there was no room.
bool keep(BlockCache& cache, std::uint64_t block, std::size_t bytes, NextUse next) {
  if (cache.acquire(block)) {
    cache.release(block, next);
    return true;
  }
  std::byte* const data = cache.reserve(block, bytes, next);
  if (!data) {
    cache.abandon(block);
    return false;
  }
  std::memset(data, int(block & 0xFF), bytes);
  cache.publish(block);
  cache.release(block, next);
  return true;
}

/// Whether a block is held; its next use is then `next`.
bool holds(BlockCache& cache, std::uint64_t block, NextUse next) {
  if (const std::byte* const data = cache.acquire(block)) {
    EXPECT_EQ(data[0], std::byte(block & 0xFF));
    cache.release(block, next);
    return true;
  }
  cache.abandon(block);
  return false;
}

TEST(BlockCache, DropsFirstWhatIsNeededLast) {
  BlockCache cache(300);
  ASSERT_TRUE(keep(cache, 1, 100, 50));
  ASSERT_TRUE(keep(cache, 2, 100, 90));
  ASSERT_TRUE(keep(cache, 3, 100, 70));
  ASSERT_TRUE(keep(cache, 4, 100, 60));
  EXPECT_TRUE(holds(cache, 1, 50));
  EXPECT_FALSE(holds(cache, 2, 90));
  EXPECT_TRUE(holds(cache, 3, 70));
  EXPECT_TRUE(holds(cache, 4, 60));
}

TEST(BlockCache, TakesBackTheRoomOfABlockThatCouldNotBeDecoded) {
  BlockCache cache(100);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(cache.acquire(1), nullptr);
    ASSERT_NE(cache.reserve(1, 100, 50), nullptr);
    cache.abandon(1);
    EXPECT_FALSE(cache.holds(1));
  }
  EXPECT_EQ(cache.peak_bytes(), 100u);
  EXPECT_TRUE(keep(cache, 2, 100, 50));
}

TEST(BlockCache, RefusesABlockThatIsNeededAfterAllItHolds) {
  BlockCache cache(200);
  ASSERT_TRUE(keep(cache, 1, 100, 50));
  ASSERT_TRUE(keep(cache, 2, 100, 60));
  EXPECT_FALSE(keep(cache, 3, 100, 60));
  EXPECT_FALSE(keep(cache, 4, 100, BlockCache::never));
  EXPECT_FALSE(keep(cache, 5, 201, 1));
  EXPECT_TRUE(holds(cache, 1, 50));
  EXPECT_TRUE(holds(cache, 2, 60));
}

TEST(BlockCache, NeverDropsAPinnedBlock) {
  BlockCache cache(200);
  ASSERT_TRUE(keep(cache, 1, 100, 90));
  ASSERT_TRUE(keep(cache, 2, 100, 80));
  const std::byte* const pinned = cache.acquire(1);
  ASSERT_TRUE(pinned);
  ASSERT_TRUE(keep(cache, 3, 100, 10));  // block 1 is needed last, but somebody reads it
  EXPECT_FALSE(holds(cache, 2, 80));
  EXPECT_FALSE(keep(cache, 4, 200, 5));
  EXPECT_EQ(pinned[99], std::byte{1});
  cache.release(1, 90);
  EXPECT_TRUE(keep(cache, 5, 200, 4));
}

TEST(BlockCache, DropsABlockAtItsLastUse) {
  BlockCache cache(100);
  ASSERT_TRUE(keep(cache, 1, 100, 7));
  ASSERT_TRUE(cache.acquire(1));
  cache.release(1, BlockCache::never);
  EXPECT_FALSE(holds(cache, 1, 1));
  EXPECT_TRUE(keep(cache, 2, 100, 99));
}

TEST(BlockCache, CountsIdleBuffersIntoItsBudget) {
  BlockCache cache(1000);
  for (int round = 0; round < 20; ++round)
    for (const std::size_t bytes : {100, 300, 700, 1000}) {
      ASSERT_TRUE(keep(cache, bytes, bytes, 9));
      ASSERT_TRUE(cache.acquire(bytes));
      cache.release(bytes, BlockCache::never);  // leaves an idle buffer of this size
      ASSERT_LE(cache.peak_bytes(), 1000u);
    }
  EXPECT_EQ(cache.peak_bytes(), 1000u);
}

TEST(BlockCache, RemembersTheLatestNextUseWhenChunksFinishOutOfOrder) {
  // Chunks 5 and 9 hold the block; 9, its last, lets go first. Nothing needs it after both.
  BlockCache cache(100);
  ASSERT_TRUE(keep(cache, 1, 100, 5));
  ASSERT_TRUE(cache.acquire(1));
  ASSERT_TRUE(cache.acquire(1));
  cache.release(1, BlockCache::never);  // chunk 9
  cache.release(1, 9);                  // chunk 5
  EXPECT_TRUE(keep(cache, 2, 100, 1000)) << "a block that nobody needs holds the budget";
}

TEST(BlockCache, MovesABlockBackWhenAChunkPassesItBy) {
  BlockCache cache(200);
  ASSERT_TRUE(keep(cache, 1, 100, 10));
  ASSERT_TRUE(keep(cache, 2, 100, 20));
  cache.skip(1, 90);
  ASSERT_TRUE(keep(cache, 3, 100, 30));
  EXPECT_FALSE(holds(cache, 1, 90));
  EXPECT_TRUE(holds(cache, 2, 20));
  cache.skip(2, BlockCache::never);
  EXPECT_FALSE(holds(cache, 2, 20));
  cache.skip(77, 5);  // unknown: nothing to note
}

TEST(BlockCache, KeepsASkippedBlockWhileItIsPinned) {
  BlockCache cache(100);
  ASSERT_TRUE(keep(cache, 1, 100, 10));
  const std::byte* const data = cache.acquire(1);
  cache.skip(1, BlockCache::never);
  EXPECT_EQ(data[0], std::byte{1});
  cache.release(1, BlockCache::never);
  EXPECT_FALSE(holds(cache, 1, 1));
}

TEST(BlockCache, DropsWhatWaitedForAChunkThatHasPassed) {
  BlockCache cache(300);
  ASSERT_TRUE(keep(cache, 1, 100, 10));
  ASSERT_TRUE(keep(cache, 2, 100, 20));
  ASSERT_TRUE(keep(cache, 3, 100, 30));
  const std::byte* const pinned = cache.acquire(1);
  cache.passed(20);
  EXPECT_EQ(pinned[0], std::byte{1}) << "somebody reads it";
  cache.release(1, 10);
  EXPECT_TRUE(holds(cache, 2, 20)) << "chunk 20 has not passed";
  cache.passed(30);
  EXPECT_FALSE(holds(cache, 1, 10));
  EXPECT_FALSE(holds(cache, 2, 20));
  EXPECT_TRUE(holds(cache, 3, 30));
}

TEST(BlockCache, CountsItsHits) {
  BlockCache cache(100);
  EXPECT_FALSE(cache.acquire(1));
  cache.abandon(1);
  EXPECT_EQ(cache.hits(), 0u);
  ASSERT_TRUE(keep(cache, 1, 100, 10));
  EXPECT_TRUE(holds(cache, 1, 10));
  EXPECT_EQ(cache.hits(), 1u);
}

TEST(BlockCache, WakesOneWaiterToDecodeWhenTheFirstGivesUp) {
  BlockCache cache(100);
  ASSERT_FALSE(cache.acquire(1));
  std::atomic<int> decoders{0}, readers{0};
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 3; ++i)
      waiters.emplace_back([&] {
        if (!cache.acquire(1)) {
          ++decoders;
          std::memset(cache.reserve(1, 100, 9), 1, 100);
          cache.publish(1);
        }
        ++readers;
        cache.release(1, 9);
      });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(readers, 0);
    cache.abandon(1);
  }
  EXPECT_EQ(decoders, 1);
  EXPECT_EQ(readers, 3);
}

/// Chunks in order, each reading a few blocks that later ones need too: what readers do.
struct Work {
  static constexpr std::uint32_t chunks = 1500, blocks = 60;
  std::vector<std::vector<std::uint64_t>> reads{chunks};

  explicit Work(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    for (std::uint32_t c = 0; c < chunks; ++c)
      for (int i = 0; i < 6; ++i) {
        // A slowly moving front: a block is needed by chunks near to each other.
        const std::uint64_t b = (c * blocks / chunks / 2 + random() % 12) % blocks;
        if (std::find(reads[c].begin(), reads[c].end(), b) == reads[c].end()) reads[c].push_back(b);
      }
  }
  NextUse next_use(std::uint32_t chunk, std::uint64_t block) const {
    for (std::uint32_t c = chunk + 1; c < chunks; ++c)
      if (std::find(reads[c].begin(), reads[c].end(), block) != reads[c].end()) return c;
    return BlockCache::never;
  }
  static std::size_t bytes(std::uint64_t block) { return block % 7 == 0 ? 3000 : 2000; }
};

/// Runs the work on threads; returns how many blocks were decoded.
std::uint64_t run(const Work& work, BlockCache& cache, int threads) {
  std::atomic<std::uint32_t> next{0};
  std::atomic<std::uint64_t> decoded{0};
  const auto one = [&](std::uint32_t chunk, std::uint64_t block) {
    const std::size_t bytes = Work::bytes(block);
    const auto value = std::byte(block + 1);
    const NextUse use = work.next_use(chunk, block);
    if (const std::byte* const data = cache.acquire(block)) {
      EXPECT_EQ(data[0], value);
      EXPECT_EQ(data[bytes - 1], value);
      cache.release(block, use);
      return;
    }
    ++decoded;
    if (chunk % 97 == 0 && block % 5 == 0) return cache.abandon(block);  // unreadable
    std::byte* const data = cache.reserve(block, bytes, use);
    if (!data) return cache.abandon(block);
    std::memset(data, int(value), bytes);
    cache.publish(block);
    cache.release(block, use);
  };
  const auto worker = [&] {
    for (std::uint32_t c = next++; c < Work::chunks; c = next++) {
      for (const std::uint64_t b : work.reads[c])
        if ((c + b) % 11 == 0)
          cache.skip(b, work.next_use(c, b));
        else
          one(c, b);
      cache.passed(c > 8 ? c - 8 : 0);
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int t = 1; t < threads; ++t) workers.emplace_back(worker);
    worker();
  }
  return decoded;
}

TEST(BlockCache, ServesManyThreadsWithinItsBudget) {
  for (const std::size_t budget : {0, 5000, 20000, 200000}) {
    const Work work(budget + 1);
    BlockCache cache(budget);
    run(work, cache, 8);
    EXPECT_LE(cache.peak_bytes(), budget);
  }
}

TEST(BlockCache, DecodesEveryBlockOnceWhenAllFit) {
  BlockCache cache(1000);
  std::atomic<int> decoded{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int round = 0; round < 300; ++round)
          for (std::uint64_t b = 0; b < 10; ++b) {
            if (!cache.acquire(b)) {
              ++decoded;
              cache.reserve(b, 100, 5);
              cache.publish(b);
            }
            cache.release(b, 5);
          }
      });
  }
  EXPECT_EQ(decoded, 10);
  EXPECT_EQ(cache.hits(), 8u * 300 * 10 - 10);
}

}  // namespace
}  // namespace cubemill
