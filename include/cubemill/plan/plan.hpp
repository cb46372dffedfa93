// The plan of a run: what is read for what, in which order, in how much memory. Pure: made from a
// survey, a recipe and limits without touching a pixel; printed by `cubemill plan`, obeyed by exec.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cubemill/model/period.hpp"
#include "cubemill/pixel/accumulator.hpp"
#include "cubemill/pixel/window.hpp"
#include "cubemill/plan/lattice.hpp"
#include "cubemill/plan/overviews.hpp"
#include "cubemill/plan/recipe.hpp"
#include "cubemill/plan/survey.hpp"

namespace cubemill {

/// Edge of an output tile; also the block size of the output files.
constexpr std::int64_t tile_size = 512;

/// How one input of one scene is read and sampled.
struct PlannedInput {
  std::size_t lattice = 0;
  Lattice::Origin origin;
  Storage storage = Storage::u16;
  std::uint16_t key = 0;
};

struct PlannedScene {
  std::size_t surveyed = 0;  ///< index into Survey::surveyed
  std::vector<PlannedInput> inputs;
  /// Where bands are read from overviews: flags are read in full and brought to that grid, whose
  /// lattice is theirs here.
  std::optional<FlagCover> cover;
};

/// The scenes of one solar day, or one scene.
struct Observation {
  Date date;
  std::size_t period = 0;
  std::vector<std::size_t> scenes;  ///< into Plan::scenes, in order of (datetime, id)
};

/// Source pixels of one input that a chunk needs: columns [left, right), rows [top, bottom) of the
/// raster.
struct SourceWindow {
  std::int32_t left = 0, top = 0, right = 0, bottom = 0;
  bool empty() const { return left >= right || top >= bottom; }
};

struct ChunkScene {
  std::uint32_t scene = 0;         ///< into Plan::scenes
  std::uint32_t first_window = 0;  ///< into Plan::windows: one a input
  std::uint32_t position = 0;      ///< where this use stands in Plan::uses[scene]
};

/// Tile × observation (or a part of a tile): the unit of reading and folding.
struct Chunk {
  std::uint32_t tile = 0;                     ///< into Plan::tiles
  std::uint32_t observation = 0;              ///< into Plan::observations
  PixelWindow window;                         ///< of the output grid
  std::uint32_t first_scene = 0, scenes = 0;  ///< into Plan::chunk_scenes
};

/// One 512 × 512 block of one period of the output.
struct Tile {
  std::size_t period = 0;
  PixelWindow window;
  std::uint32_t chunks = 0;
};

/// One use of a scene by a chunk, in order.
struct SceneUse {
  std::uint32_t chunk = 0;
  std::uint32_t first_window = 0;
};

struct MemoryPlan {
  std::uint64_t limit = 0;
  std::uint64_t planned = 0;       ///< sum of what follows
  std::uint64_t process = 0;       ///< program, libraries, GDAL's cache, allocator slack
  std::uint64_t sources = 0;       ///< block tables of the rasters and the lattices
  std::uint64_t slab_bytes = 0;    ///< one slab
  std::uint64_t slabs = 0;         ///< how many
  std::uint64_t accumulators = 0;  ///< all that are in memory at once
  std::uint64_t tile_states = 0;   ///< sums of how many tiles that is
  std::uint64_t coordinates = 0;
  std::uint64_t per_thread = 0;    ///< scratch of one worker
  std::uint64_t output = 0;        ///< overviews and quick look
  std::uint64_t cache = 0;         ///< decoded blocks kept for later
  std::uint64_t fetched = 0;       ///< compressed bytes of remote files, in flight and waiting
  std::uint64_t screened = 0;      ///< flags of chunks whose other bands are on their way
  std::uint64_t look_ahead = 0;    ///< how many such chunks there may be
  std::uint64_t cache_useful = 0;  ///< what the cache could use at most (estimate)
  int threads = 1;
  std::int64_t window_edge = tile_size;  ///< output pixels a side that go through the pass at once
};

/// What an order of work costs, but for folding, which is the same in all: an estimate.
struct OrderCost {
  bool looked_at = false;       ///< not, where the other order was asked for
  bool fits = false;            ///< into the memory and the disk allowed
  std::uint64_t decoded = 0;    ///< bytes, blocks that are decoded again included
  std::uint64_t spilled = 0;    ///< bytes of sums that leave the memory for the disk
  std::uint64_t read_back = 0;  ///< and come back
  std::uint64_t disk = 0;       ///< bytes of them that are there at once
  double seconds = 0;           ///< of CPU, on one core
};

struct Plan {
  GeoBox grid;
  Periods periods = Periods(PeriodKind::all, Date{}, Date{});
  std::vector<PlannedScene> scenes;
  std::vector<Observation> observations;
  std::vector<std::unique_ptr<Lattice>> lattices;
  std::vector<Tile> tiles;
  std::vector<Chunk> chunks;  ///< in the order of work
  std::vector<ChunkScene> chunk_scenes;
  std::vector<SourceWindow> windows;
  std::vector<std::vector<SceneUse>> uses;  ///< by scene
  std::vector<std::uint8_t>
      used;  ///< by scene: whether it lies under a tile; the same for any limits
  std::vector<AccumulatorKind> accumulators;  ///< by index
  std::size_t most_observations = 0;          ///< in one period
  Order order = Order::tile;
  std::string order_reason;
  OrderCost tile_order, scene_order;
  MemoryPlan memory;
  std::uint64_t blocks = 0;               ///< distinct source blocks under the grid
  std::uint64_t block_bytes_decoded = 0;  ///< their size decoded
  std::vector<std::string> notes;         ///< for the user, one line each
};

/// The output grid: `--like`, or CRS, resolution and anchor as asked, else those of most scenes.
/// `like`: the grid of the --like raster when the recipe names one. Throws InvalidInput.
GeoBox choose_grid(const Survey& survey, const Recipe& recipe, const GeoBox* like);

/// Groups Plan::scenes into observations and these into periods; sets observations, periods and
/// most_observations.
void group_observations(Plan& plan, const Survey& survey, const Recipe& recipe);

/// Whether any input needs box tables (average, mode).
bool needs_boxes(const Survey& survey);

/// What the planner must know about the outside: sizes that only others can tell.
struct Surroundings {
  std::uint64_t process_bytes = 0;  ///< resident now, libraries loaded
  std::uint64_t source_bytes = 0;   ///< block tables of the open rasters
  std::uint64_t output_bytes = 0;   ///< overviews and quick look of all outputs
  std::uint64_t output_bytes_per_thread = 0;
  std::uint64_t spill_room = ~std::uint64_t(0);  ///< bytes of sums that a disk may hold
};

/// Makes the plan. Throws InvalidInput (grids that disagree, too large a grid) and OutOfMemory
/// (limit too small: the size that is needed).
Plan make_plan(const Survey& survey, const Recipe& recipe, const Limits& limits, const GeoBox& grid,
               const Surroundings& surroundings);

}  // namespace cubemill
