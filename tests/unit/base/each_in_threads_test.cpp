#include "cubemill/base/each_in_threads.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <stdexcept>
#include <string>

namespace cubemill {
namespace {

TEST(EachInThreads, CallsOnceForEach) {
  for (const int threads : {0, 1, 3, 16}) {
    std::vector<std::atomic<int>> calls(10);
    each_in_threads(calls.size(), threads, [&](std::size_t i) { ++calls[i]; });
    for (const auto& count : calls) EXPECT_EQ(count, 1) << threads;
  }
  each_in_threads(0, 4, [](std::size_t) { FAIL(); });
}

TEST(EachInThreads, CallsInAsManyThreadsAsWereAskedFor) {
  std::barrier all(3);  // nobody passes unless three are there at once
  each_in_threads(3, 3, [&](std::size_t) { all.arrive_and_wait(); });
  const auto caller = std::this_thread::get_id();
  each_in_threads(5, 1, [&](std::size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(EachInThreads, BeginsNoMoreAfterAFailureAndThrowsIt) {
  std::size_t calls = 0;
  try {
    each_in_threads(10, 1, [&](std::size_t i) {
      ++calls;
      if (i == 2) throw std::runtime_error("the third");
    });
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "the third");
  }
  EXPECT_EQ(calls, 3U);
  EXPECT_THROW(each_in_threads(10, 4, [](std::size_t) { throw std::runtime_error("each"); }),
               std::runtime_error);
}

}  // namespace
}  // namespace cubemill
