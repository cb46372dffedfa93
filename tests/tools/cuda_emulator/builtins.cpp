// What kernels call and no module defines: printf, and assertions that fail.
#include <algorithm>
#include <cstdio>

#include "floats.h"

namespace ptxemu {

namespace {

class Builtin {
 public:
  Builtin(Thread& t, const Instruction& in) : t_(t), in_(in) {}

  void assertion() {
    fault(Fault::assertion, t_, in_,
          "device assert: " + text(argument(0)) + " at " + text(argument(1)) + ":" +
              std::to_string(static_cast<u32>(argument(2))));
  }

  void print() {
    const std::string format = text(argument(0));
    next_ = argument(1);
    for (std::size_t at = 0; at < format.size();) {
      const std::size_t end = end_of_piece(format, at);
      piece(format.substr(at, end - at));
      at = end;
    }
    const u32 printed = 1;
    if (!in_.results.empty())
      std::memcpy(&params()[in_.results[0].value], &printed, sizeof printed);
  }

 private:
  static constexpr const char* floats = "fFeEgGaA";

  std::vector<u8>& params() { return t_.frames.back().params; }

  u64 argument(std::size_t i) {
    u64 v = 0;
    if (i >= in_.arguments.size()) return v;
    const u64 offset = in_.arguments[i].value;
    std::memcpy(&v, &params()[offset], std::min<std::size_t>(sizeof v, params().size() - offset));
    return v;
  }

  const u8* memory(u64 address, u32 bytes) {
    return checked(t_, in_, {address, Space::generic, bytes, true, false, true});
  }

  std::string text(u64 address) {
    std::string all;
    while (const u8 c = *memory(address++, 1)) all += static_cast<char>(c);
    return all;
  }

  // Up to the next conversion, or the end of the one that is here.
  static std::size_t end_of_piece(const std::string& format, std::size_t at) {
    if (format[at] != '%') return std::min(format.find('%', at), format.size());
    return std::min(format.find_first_of("diouxXcspfFeEgGaA%", at + 1), format.size() - 1) + 1;
  }

  void piece(const std::string& format) {
    const char kind = format.back();
    if (format[0] != '%' || kind == '%')
      return void(std::fputs(format[0] == '%' ? "%" : format.c_str(), stdout));
    if (kind == 's') {
      std::printf(format.c_str(), text(next(8)).c_str());
    } else if (std::strchr(floats, kind)) {
      std::printf(format.c_str(), float_of<double>(next(8)));
    } else if (kind == 'p' || format.find('l') != std::string::npos) {
      std::printf(format.c_str(), next(8));
    } else {
      std::printf(format.c_str(), static_cast<u32>(next(4)));
    }
  }

  // The next of the values that are printed; they lie one after the other, aligned.
  u64 next(u32 bytes) {
    next_ = (next_ + bytes - 1) & ~u64(bytes - 1);
    const u64 v = loaded(memory(next_, bytes), bytes == 8 ? Type::u64 : Type::u32);
    next_ += bytes;
    return v;
  }

  Thread& t_;
  const Instruction& in_;
  u64 next_ = 0;
};

}  // namespace

void call_builtin(Thread& t, const Instruction& in) {
  if (in.a.kind == Operand::Kind::reg) not_supported(t, in, "indirect call");
  if (in.callee_name == "__assertfail") return Builtin(t, in).assertion();
  if (in.callee_name == "vprintf") return Builtin(t, in).print();
  fault(Fault::illegal_instruction, t, in, "call of unknown function " + in.callee_name);
}

}  // namespace ptxemu
