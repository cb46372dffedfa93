#include <algorithm>
#include <cmath>
#include <set>

#include "cubemill/base/error.hpp"
#include "plan/plan_parts.hpp"

namespace cubemill {
namespace {

constexpr std::uint64_t MiB = 1024 * 1024;
/// What the allocator keeps beyond what is asked for, and small things that nobody counts.
constexpr std::uint64_t slack = 20 * MiB;
constexpr std::uint64_t slack_per_thread = 2 * MiB;
constexpr std::uint64_t smallest_cache = 8 * MiB;
constexpr std::int64_t smallest_edge = 32;

std::string mebibytes(std::uint64_t bytes) {
  return std::to_string((bytes + MiB - 1) / MiB) + " MiB";
}

}  // namespace

std::uint64_t tile_accumulator_bytes(const Plan& plan) {
  std::uint64_t bytes = 0;
  for (const AccumulatorKind kind : plan.accumulators)
    bytes += bytes_per_run(kind) * std::uint64_t(tile_size * tile_size / run_length);
  return bytes;
}

namespace {

/// A block of one band, the same of all bands that the file has in it, decoded and compressed, and
/// the flags window of one worker.
std::uint64_t read_scratch_bytes(const Survey& survey, const ChunkBytes& chunk) {
  std::uint64_t bytes = 0;
  for (const SurveyedScene& s : survey.surveyed)
    for (const SceneInput& in : s.inputs) {
      const std::uint64_t block = std::uint64_t(in.info.block_width) *
                                  std::uint64_t(in.info.block_height) * size_of(in.info.type);
      bytes = std::max(bytes, block * (1 + 2 * std::uint64_t(in.info.bands_in_block)));
    }
  return bytes + chunk.flags;
}

std::uint64_t tiles_with_work(const Plan& plan) {
  std::vector<std::uint64_t> busy(plan.periods.size());
  for (const Tile& t : plan.tiles) busy[t.period] += t.chunks > 0;
  return *std::max_element(busy.begin(), busy.end());
}

void set(MemoryPlan& m, const LookAhead& ahead) {
  m.look_ahead = ahead.chunks, m.screened = ahead.screened, m.fetched = ahead.fetched;
}

/// All parts but the cache, for a number of threads and slabs and the chunks as they are cut.
MemoryPlan sum_up(const Plan& plan, const Survey& survey, const ChunkBytes& chunk,
                  const LookAhead& useful, const Surroundings& around, int threads,
                  std::uint64_t slabs) {
  MemoryPlan m;
  m.threads = threads;
  m.slabs = slabs;
  m.slab_bytes = chunk.slab;
  m.process = around.process_bytes + slack + slack_per_thread * std::uint64_t(threads);
  m.sources = around.source_bytes + sizeof(Chunk) * plan.chunks.size() +
              sizeof(ChunkScene) * plan.chunk_scenes.size() +
              sizeof(SourceWindow) * plan.windows.size() +
              sizeof(SceneUse) * plan.chunk_scenes.size();
  for (const auto& lattice : plan.lattices) m.sources += lattice->resident_bytes();
  // In tile order no more live at once. In scene order it is what folding cannot do without: the
  // rest may be on the disk.
  m.tile_states = slabs + std::uint64_t(threads);
  m.accumulators = tile_accumulator_bytes(plan) * m.tile_states;
  m.coordinates = chunk.coordinates * (slabs + 1);
  m.per_thread = read_scratch_bytes(survey, chunk) + around.output_bytes_per_thread +
                 std::uint64_t(tile_size * tile_size) * 8;
  m.output = around.output_bytes;
  set(m, within(useful, slabs, 0));
  m.planned = m.process + m.sources + m.slab_bytes * m.slabs + m.accumulators + m.coordinates +
              m.per_thread * std::uint64_t(threads) + m.output + m.screened + m.fetched;
  return m;
}

/// Half of what is left of the limit may go to reading ahead.
void read_ahead(MemoryPlan& m, const LookAhead& useful, std::uint64_t limit) {
  const std::uint64_t least = m.screened + m.fetched;
  set(m, within(useful, m.slabs, least + (limit - m.planned) / 2));
  m.planned += m.screened + m.fetched - least;
}

/// Shares what is left of the limit out: to the cache, and in scene order to sums, so that they
/// need not be spilled.
void share_out(MemoryPlan& m, const Plan& plan, std::uint64_t useful, std::uint64_t limit) {
  const std::uint64_t left = limit - m.planned, whole = useful + useful / 8 + smallest_cache;
  const std::uint64_t tile = tile_accumulator_bytes(plan), all = tiles_with_work(plan);
  std::uint64_t more = 0;
  if (plan.order == Order::scene && all > m.tile_states) {
    const std::uint64_t cache = std::min(whole, std::max(left / 2, smallest_cache));
    more = std::min(all - m.tile_states, (left - cache) / tile);
  }
  m.tile_states += more;
  m.accumulators += more * tile;
  m.cache_useful = useful;
  // The allocator rounds blocks up to pages, which with a page for itself is 1/32 of most.
  const std::uint64_t rest = left - more * tile;
  m.cache = std::min(rest - rest / 32, whole);
  m.planned += more * tile + m.cache;
}

struct Fit {
  bool fits = false;
  MemoryPlan memory;
  std::uint64_t smallest = ~std::uint64_t(0);  ///< the least of all shapes tried
};

/// Tries shapes from the fastest to the smallest; leaves the chunks cut for the first that fits.
Fit fit_order(Plan& plan, const Survey& survey, const Limits& limits, const Surroundings& around,
              Order order) {
  Fit fit;
  for (int threads = limits.threads; threads >= 1; threads /= 2) {
    std::uint64_t before = ~std::uint64_t(0);
    for (std::int64_t edge = limits.window_edge ? limits.window_edge : tile_size;
         edge >= smallest_edge; edge /= 2) {
      cut_chunks(plan, survey, order, edge);
      if (plan.used.empty())  // the first cut has whole tiles
        for (const auto& uses : plan.uses) plan.used.push_back(!uses.empty());
      if (plan.chunks.empty()) return {true, sum_up(plan, survey, {}, {}, around, 1, 1), 0};
      const ChunkBytes chunk = largest_chunk(plan, survey);
      const LookAhead ahead = useful_look_ahead(plan, survey);
      std::uint64_t least = 0;
      for (const int more : {2, 1, 0}) {
        MemoryPlan m =
            sum_up(plan, survey, chunk, ahead, around, threads, std::uint64_t(threads + more));
        m.window_edge = edge;
        least = m.planned + smallest_cache;
        fit.smallest = std::min(fit.smallest, least);
        if (least > limits.memory) continue;
        read_ahead(m, ahead, limits.memory - smallest_cache);
        share_out(m, plan, useful_cache_bytes(plan, survey), limits.memory);
        fit.fits = true;
        fit.memory = m;
        return fit;
      }
      // Smaller windows make more chunks: at some point the list of them outweighs what they save.
      if (least >= before) break;
      before = least;
    }
  }
  return fit;
}

[[noreturn]] void refuse(const Limits& limits, const Fit& fit, const std::string& order) {
  throw OutOfMemory("--memory is too small for --order " + order + ": " + mebibytes(fit.smallest) +
                        " needed, " + mebibytes(limits.memory) + " allowed",
                    fit.smallest);
}

// Fits one order and works out its cost.
Fit look_at(Plan& plan, const Survey& survey, const Limits& limits, const Surroundings& around,
            Order order) {
  Fit fit = fit_order(plan, survey, limits, around, order);
  OrderCost& cost = order == Order::scene ? plan.scene_order : plan.tile_order;
  cost.looked_at = true;
  if (!fit.fits) return fit;
  count_blocks(plan, survey);
  cost = order_cost(plan, survey, fit.memory);
  // Asked for, an order is tried all the same: whoever looks at the disk says what is missing.
  if (limits.order == Order::automatic && cost.disk > around.spill_room)
    fit.fits = cost.fits = false;
  return fit;
}

std::string reason_for(const OrderCost& taken, const OrderCost& other, const std::string& name) {
  const std::string costs = std::to_string(int(std::ceil(taken.seconds))) + " CPU s of reading" +
                            (taken.spilled ? " and spilling" : "");
  if (!other.fits) return "about " + costs + "; " + name + " order does not fit";
  return "about " + costs + ", in " + name + " order " +
         std::to_string(int(std::ceil(other.seconds)));
}

}  // namespace

void fit_memory(Plan& plan, const Survey& survey, const Limits& limits,
                const Surroundings& around) {
  const bool choose = limits.order == Order::automatic;
  Fit fit;
  if (choose || limits.order == Order::tile)
    fit = look_at(plan, survey, limits, around, Order::tile);
  if (!choose && limits.order == Order::scene)
    fit = look_at(plan, survey, limits, around, Order::scene);
  if (!fit.fits) refuse(limits, fit, limits.order == Order::scene ? "scene" : "tile");
  plan.order_reason = "as asked";
  if (choose && !plan.chunks.empty()) {
    const Fit scene = look_at(plan, survey, limits, around, Order::scene);
    const bool better = scene.fits && plan.scene_order.seconds / scene.memory.threads <
                                          0.95 * plan.tile_order.seconds / fit.memory.threads;
    if (better)
      fit = scene;
    else
      fit = fit_order(plan, survey, limits, around, Order::tile);
    plan.order_reason = better ? reason_for(plan.scene_order, plan.tile_order, "tile")
                               : reason_for(plan.tile_order, plan.scene_order, "scene");
  }
  plan.memory = fit.memory;
  plan.memory.limit = limits.memory;
}

Plan make_plan(const Survey& survey, const Recipe& recipe, const Limits& limits, const GeoBox& grid,
               const Surroundings& around) {
  Plan plan;
  plan.grid = grid;
  place_scenes(plan, survey);
  group_observations(plan, survey, recipe);
  choose_accumulators(plan, survey);
  fit_memory(plan, survey, limits, around);
  count_blocks(plan, survey);
  return plan;
}

}  // namespace cubemill
