// One tile on its way into the file: samples cut to the grid and made canonical, and the buffers
// that a thread needs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "cubemill/io/cog_writer.hpp"
#include "io/tile_codec.hpp"

namespace cubemill {

/// Copies a tile: what lies outside `columns` × `rows` becomes nodata or 0, every NaN the same NaN.
void copy_canonical(const CogSpec& spec, const std::byte* samples, std::int64_t columns,
                    std::int64_t rows, std::byte* out);
/// Fills a tile with nodata or 0.
void fill_empty(const CogSpec& spec, std::byte* out);

/// What one thread needs while it is inside CogWriter::put.
struct TileWorkspace {
  explicit TileWorkspace(const CogSpec& spec);

  TileCodec codec;
  std::unique_ptr<std::byte[]> samples;  ///< one tile
};

/// Lends workspaces to threads: as many exist as threads were inside at once. Thread-safe.
class WorkspacePool {
 public:
  explicit WorkspacePool(const CogSpec& spec) : spec_(spec) {}

  /// A workspace that goes back to the pool by itself.
  class Lease {
   public:
    explicit Lease(WorkspacePool& pool) : pool_(pool), workspace_(pool.take()) {}
    ~Lease() { pool_.give(std::move(workspace_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    TileWorkspace* operator->() { return workspace_.get(); }
    TileWorkspace& operator*() { return *workspace_; }

   private:
    WorkspacePool& pool_;
    std::unique_ptr<TileWorkspace> workspace_;
  };

 private:
  std::unique_ptr<TileWorkspace> take();
  void give(std::unique_ptr<TileWorkspace> workspace) noexcept;

  const CogSpec& spec_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<TileWorkspace>> free_;
};

}  // namespace cubemill
