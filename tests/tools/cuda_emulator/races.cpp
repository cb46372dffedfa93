// Accesses that nothing orders: within a block, between blocks of a launch, between streams.
#include "machine.h"

namespace ptxemu {

namespace {

// ---- shared memory

// Threads of a block are ordered by barriers, those of a warp by what synchronises warps too.
bool is_ordered(const SharedUse& before, const SharedUse& now) {
  if (before.thread() == now.thread() || before.barriers() != now.barriers()) return true;
  return before.thread() / 32 == now.thread() / 32 && before.warp_syncs() != now.warp_syncs();
}

bool is_race(const SharedUse& before, const SharedUse& now) {
  return before.is_known() && !is_ordered(before, now) && !(now.is_strong() && before.is_strong());
}

void complain_shared(Thread& t, const Instruction& in, const char* what, const SharedUse& other) {
  complain("RACE(shared)", t, in,
           std::string(what) + " by thread " + std::to_string(other.thread()) +
               " without a barrier between");
}

// ---- global memory

enum class Race { none, in_launch, between_streams };

struct Toucher {
  const Thread& thread;
  Use use;
  u32 block_size;

  Race race_with(const Use& before) const {
    if (!before.is_known()) return Race::none;
    if (before.op() != use.op())
      return hb(before.op(), running->op) ? Race::none : Race::between_streams;
    if (running->function->is_library || before.thread() == use.thread() ||
        (use.is_strong() && before.is_strong()))
      return Race::none;
    return is_ordered_in_block(before) ? Race::none : Race::in_launch;
  }

  // Lanes of a warp count as ordered: what they share is seldom in global memory.
  bool is_ordered_in_block(const Use& before) const {
    const u32 other = static_cast<u32>(before.thread());
    if (other / block_size != thread.in_grid / block_size) return false;
    return before.barriers() != use.barriers() || other % block_size / 32 == thread.warp;
  }

  std::string name_of(const Use& other, Race race) const {
    if (race == Race::between_streams) return opname(other.op()) + ", not ordered by stream/event";
    const u32 thread = static_cast<u32>(other.thread());
    return "thread " + std::to_string(thread % block_size) + " of block " +
           std::to_string(thread / block_size) + " in the same launch";
  }
};

bool complain_global(Thread& t, const Instruction& in, const Access& access, const Toucher& me,
                     const Use& other, const char* others) {
  const Race race = me.race_with(other);
  if (race == Race::none) return false;
  complain(race == Race::between_streams ? "RACE(stream)" : "RACE(global)", t, in,
           std::string(access.writes ? "write" : "read") + " of " + describe(access.address) +
               " conflicts with a " + others + " by " + me.name_of(other, race));
  return true;
}

void check_shared_byte(Thread& t, const Instruction& in, bool writes, const SharedByte& byte,
                       const SharedUse& me) {
  if (is_race(byte.write, me))
    complain_shared(t, in, writes ? "write after write" : "read after write", byte.write);
  if (!writes) return;
  if (is_race(byte.read, me)) {
    complain_shared(t, in, "write after read", byte.read);
  } else if (is_race(byte.read_by_other, me)) {
    complain_shared(t, in, "write after read", byte.read_by_other);
  }
}

SharedByte used(SharedByte byte, bool writes, const SharedUse& me) {
  if (!writes && byte.read.is_known() && byte.read.thread() != me.thread())
    byte.read_by_other = byte.read;
  (writes ? byte.write : byte.read) = me;
  return byte;
}

}  // namespace

void check_shared_race(Thread& t, const Instruction& in, const Access& access, SharedByte* uses) {
  const SharedUse me(t, access.strong);
  SharedByte before, after;
  for (u32 i = 0; i < access.bytes; ++i) {
    if (i == 0 || uses[i] != before) {
      before = uses[i];
      check_shared_byte(t, in, access.writes, before, me);
      after = used(before, access.writes, me);
    }
    uses[i] = after;
  }
}

void check_global_race(Thread& t, const Instruction& in, const Access& access) {
  const Toucher me{t, {t.in_grid, running->op, t.barriers, access.strong}, running->block.count()};
  Use *writes = dm.writes + (access.address - dm.base),
      *reads = dm.reads + (access.address - dm.base);
  Use write, read;
  for (u32 i = 0; i < access.bytes; ++i) {
    if (i == 0 || writes[i] != write || reads[i] != read) {
      write = writes[i];
      read = reads[i];
      if (!complain_global(t, in, access, me, write, "write") && access.writes)
        complain_global(t, in, access, me, read, "read");
    }
    (access.writes ? writes : reads)[i] = me.use;
  }
}

}  // namespace ptxemu
