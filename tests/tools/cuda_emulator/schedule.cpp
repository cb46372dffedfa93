// A launch: which blocks are there at once, whose turn it is, and that somebody can always go on.
#include "machine.h"

namespace ptxemu {

namespace {

constexpr u64 turn = 20000;       // instructions of a thread
constexpr u64 patience = 200000;  // turns until another block may be what a block waits for
constexpr std::size_t most_blocks = 64;

class Schedule {
 public:
  explicit Schedule(const Launch& launch)
      : launch_(launch), window_(cfg.random ? cfg.resident : 1) {}

  void run() {
    while (more() || !blocks_.empty()) {
      while (blocks_.size() < window_ && more()) start_block();
      const std::size_t chosen = choose();
      Block& block = *blocks_[chosen];
      if (block.runnable == 0 && block.live > 0) {
        if (!answer_active_mask(block)) deadlock(block);
        continue;
      }
      if (cfg.random)
        one_turn(block);
      else
        all_turns(block);
      if (block.live > 0) continue;
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(chosen));
      turns_ = 0;
    }
  }

 private:
  bool more() const { return started_ < u64(launch_.grid.x) * launch_.grid.y * launch_.grid.z; }

  void start_block() {
    const u32 index = static_cast<u32>(started_++), threads = launch_.block.count();
    auto block = std::make_unique<Block>(
        Block{index, place_of(index, launch_.grid), std::vector<Thread>(threads), threads, threads,
              SharedMemory(launch_.function->shared_bytes), SharedMemory(launch_.dynamic_shared)});
    for (u32 i = 0; i < threads; ++i) start_thread(*block, i);
    blocks_.push_back(std::move(block));
  }

  void start_thread(Block& block, u32 index) {
    Thread& t = block.threads[index];
    t.index = index;
    t.lane = index % 32;
    t.warp = index / 32;
    t.block = &block;
    t.in_grid = block.index * launch_.block.count() + index;
    enter(t, *launch_.function);
    std::copy(launch_.params.begin(), launch_.params.end(), t.frames[0].params.begin());
  }

  // One block after the other, unless it seems to wait for one that has not begun.
  std::size_t choose() {
    if (cfg.random) return rng() % blocks_.size();
    if (turns_ > patience && blocks_.size() < most_blocks && more()) {
      start_block();
      ++window_;
      turns_ = 0;
    }
    return turns_ % blocks_.size();
  }

  void one_turn(Block& block) {
    const std::size_t n = block.threads.size(), first = rng() % n;
    for (std::size_t i = 0; i < n; ++i) {
      Thread& t = block.threads[(first + i) % n];
      if (t.state == State::runs) return step(t, 1 + rng() % 64);
    }
  }

  void all_turns(Block& block) {
    for (Thread& t : block.threads)
      if (t.state == State::runs) step(t, turn);
    ++turns_;
  }

  [[noreturn]] void deadlock(const Block& block) {
    u32 at_barrier = 0, at_warp_sync = 0;
    const Thread* first = nullptr;
    for (const Thread& t : block.threads) {
      at_barrier += t.state == State::at_barrier;
      at_warp_sync += t.state == State::at_warp_sync;
      if (!first && t.state != State::done) first = &t;
    }
    fault(Fault::timeout, *first, first->instruction(),
          "deadlock: no thread of the block can go on (waiting: " + std::to_string(at_barrier) +
              " at a barrier, " + std::to_string(at_warp_sync) + " at a warp sync)");
  }

  const Launch& launch_;
  u64 started_ = 0;
  u64 turns_ = 0;  // since a block has ended or begun
  std::size_t window_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace

Fault execute(const Launch& launch) {
  running = &launch;
  budget = cfg.maxinstr;
  try {
    Schedule(launch).run();
  } catch (const Killed& killed) {
    return killed.fault;
  }
  return Fault::none;
}

}  // namespace ptxemu
