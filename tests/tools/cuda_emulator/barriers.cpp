// Barriers of a block: who waits, and when all go on.
#include "machine.h"

namespace ptxemu {

namespace {

std::vector<Thread*> waiting_at(Block& block, u32 barrier) {
  std::vector<Thread*> all;
  for (Thread& t : block.threads)
    if (t.state == State::at_barrier && t.barrier == barrier) all.push_back(&t);
  return all;
}

u64 counted_votes(const Instruction& in, u32 votes, std::size_t threads) {
  switch (in.mode) {
    case count_true:
      return votes;
    case all_true:
      return votes == threads;
    default:
      return votes > 0;
  }
}

void go_on(Block& block, const std::vector<Thread*>& threads, bool is_whole_block) {
  u32 votes = 0;
  for (const Thread* t : threads) {
    votes += t->vote;
    if (t->pc != threads[0]->pc)
      complain("DIVERGENT-BARRIER", *t, t->instruction(),
               "threads of the block meet in different bar.sync instructions");
  }
  for (Thread* t : threads) {
    const Instruction& in = t->instruction();
    if (in.op == Op::bar_red) set(*t, in.d, counted_votes(in, votes, threads.size()));
    if (is_whole_block) ++t->barriers;
    t->state = State::runs;
    ++t->pc;
    ++block.runnable;
  }
}

void open_barriers(Block& block) {
  for (u32 i = 0; i < std::size(block.barriers); ++i) {
    Barrier& barrier = block.barriers[i];
    const u32 wanted = barrier.wanted != 0 ? barrier.wanted : block.live;
    if (barrier.waiting == 0 || barrier.waiting < wanted) continue;
    barrier.waiting = 0;
    go_on(block, waiting_at(block, i), wanted == block.live);
  }
}

}  // namespace

void wait_at_barrier(Thread& t, const Instruction& in) {
  if (in.arrives) not_supported(t, in, "bar.arrive");
  t.barrier = static_cast<u32>(value(t, in.a)) % std::size(t.block->barriers);
  t.vote = in.op == Op::bar_red && truth(t, in.b);
  t.state = State::at_barrier;
  --t.block->runnable;
  Barrier& barrier = t.block->barriers[t.barrier];
  ++barrier.waiting;
  barrier.wanted = in.op == Op::bar ? static_cast<u32>(value(t, in.b)) : 0;
  open_barriers(*t.block);
}

void leave(Thread& t) {
  Block& block = *t.block;
  t.state = State::done;
  --block.runnable;
  --block.live;
  t.frames.clear();
  open_barriers(block);
  for (u32 lane = 0; lane < lanes_of(block, t.warp); ++lane) {
    Thread& other = block.threads[t.warp * 32 + lane];
    if (other.state == State::at_warp_sync) meet_lanes(other);
  }
}

}  // namespace ptxemu
