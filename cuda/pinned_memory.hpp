// Pinned memory for slabs, for all devices together. One thread at a time, but for `pieces`.
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "cubemill/memory/staging_memory.hpp"
#include "handles.hpp"

namespace cubemill::cuda {

class PinnedMemory final : public StagingMemory {
 public:
  std::byte* take(std::size_t bytes) override {
    std::byte* const memory = pieces_.emplace_back(std::make_unique<Pinned>(bytes))->data();
    count_ = pieces_.size();
    return memory;
  }
  void give_back(std::byte* memory) noexcept override {
    std::erase_if(pieces_, [&](const auto& p) { return p->data() == memory; });
    count_ = pieces_.size();
  }
  /// How many slabs there are.
  std::size_t pieces() const { return count_; }

 private:
  std::vector<std::unique_ptr<Pinned>> pieces_;
  std::atomic<std::size_t> count_ = 0;
};

}  // namespace cubemill::cuda
