#include "cubemill/memory/large_memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace cubemill {

void FreeLarge::operator()(std::byte* memory) const noexcept { std::free(memory); }

LargeMemory take_large(std::size_t bytes) {
  constexpr std::size_t page = 4096, large_page = std::size_t{2} << 20;
  const bool is_large = bytes >= large_page;
  void* memory = nullptr;
  if (::posix_memalign(&memory, is_large ? large_page : page, bytes) != 0) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // A wish: systems that do not grant it have small pages.
  if (is_large) ::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return LargeMemory(static_cast<std::byte*>(memory));
}

}  // namespace cubemill
