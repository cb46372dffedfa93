// Which instructions were executed, and how often (PTXEMU_MIX): what a kernel costs is counted by
// it.
#include <cstdio>
#include <unordered_map>

#include "cursor.h"
#include "machine.h"

namespace ptxemu {
namespace {

std::unordered_map<const Instruction*, u64> executed;

bool is_type(const std::string& suffix) {
  return suffix == "pred" || (suffix.size() > 1 && suffix.find_first_of("bsuf") == 0 &&
                              suffix.find_first_not_of("0123456789", 1) == std::string::npos);
}

// "cvt.rn.f64.s32 %fd1, %r2" is cvt.f64, "setp.lt.f64 …" setp.f64, "bra $L1" bra.none.
std::string kind_of(const Instruction& in) {
  std::string first = in.text.substr(0, in.text.find_first_of(" \t;"));
  if (!first.empty() && first[0] == '@') {  // a predicate
    const std::size_t begin = in.text.find_first_not_of(" \t", first.size());
    first = in.text.substr(begin, in.text.find_first_of(" \t;", begin) - begin);
  }
  const std::string operation = first.substr(0, first.find('.'));
  std::string type = "none";
  for (std::size_t at = operation.size(); at < first.size();) {
    const std::size_t end = std::min(first.find('.', at + 1), first.size());
    const std::string suffix = first.substr(at + 1, end - at - 1);
    if (is_type(suffix) && (type == "none" || operation != "cvt")) type = suffix;
    at = end;
  }
  return operation + "." + type;
}

}  // namespace

void count(const Instruction& in) { ++executed[&in]; }

void print_counts() {
  std::map<std::string, u64> by_kind;
  for (const auto& [instruction, times] : executed) by_kind[kind_of(*instruction)] += times;
  for (const auto& [kind, times] : by_kind)
    std::fprintf(stderr, "ptxemu mix: %s %llu\n", kind.c_str(), (unsigned long long)times);
}

}  // namespace ptxemu
