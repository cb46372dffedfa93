#include "cubemill/memory/large_memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

namespace cubemill {
namespace {

TEST(LargeMemory, HasTheBytesAskedForAlignedToPages) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{4097}, (std::size_t{2} << 20) - 1,
                                  std::size_t{2} << 20, std::size_t{7} << 20}) {
    const LargeMemory memory = take_large(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.get()) % 4096, 0U) << bytes;
    std::memset(memory.get(), 1, bytes);
    EXPECT_EQ(memory[bytes - 1], std::byte{1});
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their heaps end the program
TEST(LargeMemory, ThatIsNotThereIsBadAlloc) {
  EXPECT_THROW(static_cast<void>(take_large(std::numeric_limits<std::size_t>::max() / 2)),
               std::bad_alloc);
}
#endif

}  // namespace
}  // namespace cubemill
