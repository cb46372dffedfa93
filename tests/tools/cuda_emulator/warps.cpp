// What the lanes of a warp do together: votes, shuffles, matches, reductions.
#include <bit>
#include <optional>

#include "machine.h"

namespace ptxemu {

namespace {

// Lanes that have come to one instruction, with what each brings.
struct Meeting {
  u32 lanes = 0;
  u64 values[32] = {};
  u32 votes = 0;

  bool has(u32 lane) const { return lanes >> lane & 1; }
};

u64 vote(const Meeting& m, u8 mode) {
  switch (mode) {
    case vote_all:
      return m.votes == m.lanes;
    case vote_any:
      return m.votes != 0;
    case vote_same:
      return m.votes == m.lanes || m.votes == 0;
    default:
      return m.votes;
  }
}

void match(const Meeting& m, Thread& t, const Instruction& in) {
  const u32 size = size_of(in.type);
  u32 same = 0;
  for (u32 lane = 0; lane < 32; ++lane)
    if (m.has(lane) && truncated(m.values[lane], size) == truncated(m.values[t.lane], size))
      same |= 1u << lane;
  if (in.mode == match_some) return set(t, in.d, same);
  set(t, in.d, same == m.lanes ? same : 0);
  set(t, in.d2, same == m.lanes);
}

u64 reduce(const Meeting& m, const Instruction& in) {
  std::optional<u64> result;
  for (u32 lane = 0; lane < 32; ++lane)
    if (m.has(lane)) result = result ? combined(in, *result, m.values[lane], 0) : m.values[lane];
  return static_cast<u32>(*result);
}

// `c`: the last lane to read from, and in its second byte which bits of a lane choose the segment.
void shuffle(const Meeting& m, Thread& t, const Instruction& in) {
  const s32 lane = static_cast<s32>(t.lane), by = value(t, in.b) & 31;
  const s32 clamp = value(t, in.c) & 31, segment = value(t, in.c) >> 8 & 31;
  const s32 last = (lane & segment) | (clamp & ~segment);
  s32 from = 0;
  switch (in.mode) {
    case from_below:
      from = lane - by;
      break;
    case from_above:
      from = lane + by;
      break;
    case across:
      from = lane ^ by;
      break;
    default:
      from = (lane & segment) | (by & ~segment);
  }
  const bool within = in.mode == from_below ? from >= last : from <= last;
  if (!within) from = lane;
  if (!m.has(static_cast<u32>(from)))
    complain("SHFL-INACTIVE", t, in,
             "shfl.sync reads lane " + std::to_string(from) +
                 " which does not take part (exited or not in the mask)");
  set(t, in.d, m.has(static_cast<u32>(from)) ? static_cast<u32>(m.values[from]) : 0xDEADBEEF);
  set(t, in.d2, within);
}

void take(const Meeting& m, Thread& t, const Instruction& in) {
  switch (in.op) {
    case Op::active_mask:
      return set(t, in.d, m.lanes);
    case Op::vote:
      return set(t, in.d, vote(m, in.mode));
    case Op::match:
      return match(m, t, in);
    case Op::redux:
      return set(t, in.d, reduce(m, in));
    case Op::shfl:
      return shuffle(m, t, in);
    default:
      return;
  }
}

// All lanes of `mask` that wait bring their values, take what is theirs and go on.
void meet(Block& block, u32 warp, u32 mask) {
  Thread* threads = &block.threads[warp * 32];
  Meeting m;
  for (u32 lane = 0; lane < lanes_of(block, warp); ++lane) {
    const Thread& t = threads[lane];
    if (!(mask >> lane & 1) || (t.state != State::at_warp_sync && t.state != State::at_active_mask))
      continue;
    m.lanes |= 1u << lane;
    const Instruction& in = t.instruction();
    m.values[lane] = value(t, in.a);
    m.votes |= u32(in.op == Op::vote && truth(t, in.a)) << lane;
  }
  for (u32 lane = 0; lane < 32; ++lane) {
    if (!m.has(lane)) continue;
    Thread& t = threads[lane];
    take(m, t, t.instruction());
    ++t.warp_syncs;
    ++t.pc;
    t.state = State::runs;
    ++block.runnable;
  }
}

bool has_same_calls(const Thread& a, const Thread& b) {
  if (a.function != b.function || a.frames.size() != b.frames.size()) return false;
  for (std::size_t i = 0; i + 1 < a.frames.size(); ++i)
    if (a.frames[i].pc != b.frames[i].pc) return false;
  return true;
}

// Lanes that wait in the same activemask; none while one of the warp can still run.
u32 active_with(const Block& block, const Thread& t) {
  u32 mask = 0;
  for (u32 lane = 0; lane < lanes_of(block, t.warp); ++lane) {
    const Thread& other = block.threads[t.warp * 32 + lane];
    if (other.state == State::runs) return 0;
    if (other.state == State::at_active_mask && other.pc == t.pc && has_same_calls(other, t))
      mask |= 1u << lane;
  }
  return mask;
}

}  // namespace

void meet_lanes(Thread& t) {
  const Instruction& in = t.instruction();
  if (!(t.mask >> t.lane & 1))
    fault(Fault::illegal_instruction, t, in, "calling lane is not in its own member mask");
  for (u32 lane = 0; lane < lanes_of(*t.block, t.warp); ++lane) {
    const Thread& other = t.block->threads[t.warp * 32 + lane];
    if (!(t.mask >> lane & 1) || other.state == State::done) continue;
    if (other.state != State::at_warp_sync) return;
    const Instruction& its = other.instruction();
    if (its.op != in.op || its.mode != in.mode || other.mask != t.mask) return;
  }
  meet(*t.block, t.warp, t.mask);
}

void wait_for_lanes(Thread& t, u32 mask) {
  t.mask = mask;
  t.state = State::at_warp_sync;
  --t.block->runnable;
  meet_lanes(t);
}

bool answer_active_mask(Block& block) {
  for (const Thread& t : block.threads) {
    if (t.state != State::at_active_mask) continue;
    const u32 mask = active_with(block, t);
    if (mask == 0) continue;
    meet(block, t.warp, mask);
    return true;
  }
  return false;
}

}  // namespace ptxemu
