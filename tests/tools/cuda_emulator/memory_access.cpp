// Loads, stores and atomics, and what is checked of each: bounds, alignment, bytes never written.
#include "machine.h"

namespace ptxemu {

namespace {

Space space_of(u64 address) {
  switch (address & space_mark) {
    case in_shared:
      return Space::shared;
    case in_local:
      return Space::local;
    case in_param:
      return Space::param;
    default:
      return Space::global;
  }
}

u8* shared_bytes(Thread& t, const Instruction& in, const Access& access) {
  const u64 address = access.address & 0xffffffffu;
  const bool is_dynamic = address >= dynamic_shared;
  SharedMemory& memory = is_dynamic ? t.block->dynamic : t.block->fixed;
  const u64 offset = is_dynamic ? address - dynamic_shared : address;
  if (offset + access.bytes > memory.bytes.size())
    fault(Fault::illegal_address, t, in,
          std::string("out-of-bounds ") + (is_dynamic ? "dynamic" : "static") +
              " shared access at offset " + std::to_string(offset) + " of " +
              std::to_string(memory.bytes.size()));
  if (cfg.init) {
    u8* written = &memory.written[offset];
    if (access.reads && std::memchr(written, 0, access.bytes) && !running->function->is_library)
      complain("UNINIT(shared)", t, in, "read of uninitialised shared memory");
    if (access.writes) std::memset(written, 1, access.bytes);
  }
  if (cfg.race) check_shared_race(t, in, access, &memory.uses[offset]);
  return &memory.bytes[offset];
}

u8* frame_bytes(Thread& t, const Instruction& in, const Access& access, std::vector<u8>& bytes,
                const char* name) {
  if (access.address + access.bytes > bytes.size())
    fault(Fault::illegal_address, t, in, std::string("out-of-bounds ") + name + " access");
  return bytes.data() + access.address;
}

u8* host_bytes(Thread& t, const Instruction& in, const Access& access) {
  if (hostPinned(access.address, access.bytes)) return reinterpret_cast<u8*>(access.address);
  char text[64];
  std::snprintf(text, sizeof text, "illegal address 0x%llx%s",
                static_cast<unsigned long long>(access.address),
                access.address < 4096 ? " (null)" : "");
  fault(Fault::illegal_address, t, in, text);
}

u8* global_bytes(Thread& t, const Instruction& in, const Access& access) {
  if (access.address < dm.base || access.address + access.bytes > dm.base + dm.size)
    return host_bytes(t, in, access);
  const u64 offset = access.address - dm.base;
  u8 all = is_allocated | is_written;
  for (u32 i = 0; i < access.bytes; ++i) all &= dm.shadow[offset + i];
  if (!(all & is_allocated))
    fault(Fault::illegal_address, t, in,
          "invalid " + std::to_string(access.bytes) + "-byte global " +
              (access.writes ? "write" : "read") + " at " + describe(access.address));
  if (access.reads && cfg.init && !(all & is_written))
    complain("UNINIT(global)", t, in,
             "read of uninitialised device memory at " + describe(access.address));
  if (access.writes && !(all & is_written))
    for (u32 i = 0; i < access.bytes; ++i) dm.shadow[offset + i] |= is_written;
  if (cfg.race && access.space != Space::constant) check_global_race(t, in, access);
  return dm.store + offset;
}

Access access_of(const Thread& t, const Instruction& in, const Operand& o, bool reads,
                 bool writes) {
  return {address(t, o), in.space, size_of(in.type) * in.width, reads, writes, in.strong};
}

template <class T>
u64 widened(const u8* from) {
  T v;
  std::memcpy(&v, from, sizeof v);
  return static_cast<u64>(static_cast<s64>(v));
}

}  // namespace

u8* checked(Thread& t, const Instruction& in, const Access& asked) {
  Access access = asked;
  if (access.space == Space::generic) {
    access.space = space_of(access.address);
    if (access.space != Space::global) access.address &= ~space_mark;
  }
  if (access.address & (access.bytes - 1))  // all sizes are powers of two
    fault(Fault::misaligned, t, in, "misaligned " + std::to_string(access.bytes) + "-byte access");
  switch (access.space) {
    case Space::shared:
      return shared_bytes(t, in, access);
    case Space::local:
      return frame_bytes(t, in, access, t.frames.back().local, "local");
    case Space::param:
      return frame_bytes(t, in, access, t.frames.back().params, "param");
    default:
      return global_bytes(t, in, access);
  }
}

u64 loaded(const u8* from, Type type) {
  switch (type) {
    case Type::s8:
      return widened<s8>(from);
    case Type::s16:
      return widened<s16>(from);
    case Type::s32:
      return widened<s32>(from);
    default:
      break;
  }
  switch (size_of(type)) {
    case 1:
      return widened<u8>(from);
    case 2:
      return widened<u16>(from);
    case 4:
      return widened<u32>(from);
    default:
      return widened<u64>(from);
  }
}

void load(Thread& t, const Instruction& in) {
  const u8* from = checked(t, in, access_of(t, in, in.a, true, false));
  if (in.width == 1) return set(t, in.d, loaded(from, in.type));
  for (u32 i = 0; i < in.width; ++i)
    set(t, in.d.parts[i], loaded(from + i * size_of(in.type), in.type));
}

void store(Thread& t, const Instruction& in) {
  u8* to = checked(t, in, access_of(t, in, in.a, false, true));
  const u32 size = size_of(in.type);
  for (u32 i = 0; i < in.width; ++i) {
    const u64 v = value(t, in.width == 1 ? in.b : in.b.parts[i]);
    std::memcpy(to + i * size, &v, size);
  }
}

// cp.async [to], [from], size, size of the source: the rest becomes zero.
void copy_to_shared(Thread& t, const Instruction& in) {
  const u32 size = static_cast<u32>(value(t, in.b));
  const u32 given = in.c.kind == Operand::Kind::none ? size : static_cast<u32>(value(t, in.c));
  u8 bytes[16] = {};
  if (given > 0)
    std::memcpy(bytes, checked(t, in, {address(t, in.a), Space::global, size, true, false, false}),
                given);
  std::memcpy(checked(t, in, {address(t, in.d), Space::shared, size, false, true, false}), bytes,
              size);
}

void update(Thread& t, const Instruction& in) {
  const u32 size = size_of(in.type);
  u8* at = checked(t, in, {address(t, in.a), in.space, size, true, true, true});
  u64 old = 0;
  std::memcpy(&old, at, size);
  const u64 changed =
      combined(in, old, truncated(value(t, in.b), size), truncated(value(t, in.c), size));
  std::memcpy(at, &changed, size);
  set(t, in.d, old);
}

}  // namespace ptxemu
