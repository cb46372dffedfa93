#include "cubemill/memory/large_memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace cubemill {

void FreeLarge::operator()(std::byte* memory) const noexcept { std::free(memory); }

LargeMemory take_large(std::size_t bytes) {
  constexpr std::size_t page = 4096, large_page = std::size_t{2} << 20;
  const std::size_t whole = (bytes + page - 1) / page * page;
  void* const memory = std::aligned_alloc(whole < large_page ? page : large_page, whole);
  if (!memory) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  // A wish: systems that do not grant it have small pages.
  if (whole >= large_page) ::madvise(memory, whole, MADV_HUGEPAGE);
#endif
  return LargeMemory(static_cast<std::byte*>(memory));
}

}  // namespace cubemill
