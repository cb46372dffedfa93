// Tables of suffixes, and what they make of an instruction.
#include "suffixes.h"

#include <algorithm>

#include "cursor.h"

namespace ptxemu {

namespace {

template <class T>
struct Suffix {
  const char* name;
  T value;
};

// The last suffix of the table that the instruction has.
template <class T, std::size_t n>
T said(const Words& words, const Suffix<T> (&table)[n], T otherwise) {
  for (auto word = words.rbegin(); word + 1 != words.rend(); ++word)
    for (const Suffix<T>& suffix : table)
      if (*word == suffix.name) return suffix.value;
  return otherwise;
}

constexpr Suffix<Rounding> roundings[] = {
    {"rn", Rounding::nearest},   {"rz", Rounding::to_zero},      {"rm", Rounding::down},
    {"rp", Rounding::up},        {"rni", Rounding::int_nearest}, {"rzi", Rounding::int_zero},
    {"rmi", Rounding::int_down}, {"rpi", Rounding::int_up}};

constexpr Suffix<Space> spaces[] = {{"global", Space::global},      {"shared", Space::shared},
                                    {"local", Space::local},        {"param", Space::param},
                                    {"const", Space::constant},     {"shared::cta", Space::shared},
                                    {"param::entry", Space::param}, {"param::func", Space::param}};

constexpr Suffix<Comparison> comparisons[] = {
    {"eq", Comparison::eq},   {"ne", Comparison::ne},   {"lt", Comparison::lt},
    {"le", Comparison::le},   {"gt", Comparison::gt},   {"ge", Comparison::ge},
    {"lo", Comparison::lo},   {"ls", Comparison::ls},   {"hi", Comparison::hi},
    {"hs", Comparison::hs},   {"equ", Comparison::equ}, {"neu", Comparison::neu},
    {"ltu", Comparison::ltu}, {"leu", Comparison::leu}, {"gtu", Comparison::gtu},
    {"geu", Comparison::geu}, {"num", Comparison::num}, {"nan", Comparison::nan}};

constexpr Suffix<Logic> logics[] = {
    {"and", Logic::both}, {"or", Logic::either}, {"xor", Logic::one}};

constexpr Suffix<Atomic> atomics[] = {{"add", Atomic::add},   {"and", Atomic::bit_and},
                                      {"or", Atomic::bit_or}, {"xor", Atomic::bit_xor},
                                      {"min", Atomic::min},   {"max", Atomic::max},
                                      {"inc", Atomic::inc},   {"dec", Atomic::dec},
                                      {"exch", Atomic::exch}, {"cas", Atomic::cas}};

constexpr Suffix<u8> vectors[] = {{"v2", 2}, {"v4", 4}, {"v8", 8}};

u8 mode_of(Op op, const Words& words) {
  constexpr Suffix<u8> halves[] = {{"hi", half_high}, {"wide", half_both}};
  constexpr Suffix<u8> directions[] = {{"r", to_right}};
  constexpr Suffix<u8> founds[] = {{"shiftamt", found_shift}};
  constexpr Suffix<u8> votes[] = {{"all", vote_all}, {"any", vote_any}, {"uni", vote_same}};
  constexpr Suffix<u8> counts[] = {{"popc", count_true}, {"and", all_true}};
  constexpr Suffix<u8> lanes[] = {{"idx", by_index}, {"up", from_below}, {"down", from_above}};
  constexpr Suffix<u8> matches[] = {{"all", match_all}};
  constexpr Suffix<u8> properties[] = {{"finite", is_finite},
                                       {"infinite", is_infinite},
                                       {"number", is_number},
                                       {"notanumber", is_nan},
                                       {"normal", is_normal}};
  switch (op) {
    case Op::mul:
    case Op::mad:
    case Op::carrying_mad:
      return said<u8>(words, halves, half_low);
    case Op::shf:
      return said<u8>(words, directions, to_left);
    case Op::bfind:
      return said<u8>(words, founds, found_position);
    case Op::vote:
      return said<u8>(words, votes, vote_mask);
    case Op::bar_red:
      return said<u8>(words, counts, some_true);
    case Op::shfl:
      return said<u8>(words, lanes, across);
    case Op::match:
      return said<u8>(words, matches, match_some);
    case Op::testp:
      return said<u8>(words, properties, is_subnormal);
    default:
      return 0;
  }
}

void read_types(Instruction& in, const Words& words) {
  for (auto word = words.begin() + 1; word != words.end(); ++word) {
    const Type type = type_named(*word);
    if (type == Type::none) continue;
    if (in.type == Type::none)
      in.type = type;
    else if (in.second_type == Type::none)
      in.second_type = type;
  }
  if (in.second_type == Type::none) in.second_type = in.type;
  if (in.op == Op::set) std::swap(in.type, in.second_type);
}

}  // namespace

bool has(const Words& words, const char* suffix) {
  return std::find(words.begin() + 1, words.end(), suffix) != words.end();
}

void read_suffixes(Instruction& in, const Words& words) {
  read_types(in, words);
  in.space = said(words, spaces, Space::generic);
  in.width = said<u8>(words, vectors, 1);
  in.mode = mode_of(in.op, words);
  in.rounding = said(words, roundings, Rounding::none);
  if (in.op == Op::setp || in.op == Op::set) {
    in.comparison = said(words, comparisons, Comparison::eq);
    in.logic = said(words, logics, Logic::none);
  }
  in.atomic = said(words, atomics, Atomic::none);
  in.flushes = has(words, "ftz");
  in.saturates = has(words, "sat");
  in.wraps = has(words, "wrap");
  in.carry_out = has(words, "cc");
  in.carry_in = words[0].back() == 'c';
  in.to_space = has(words, "to");
  in.arrives = has(words, "arrive");
  in.strong = has(words, "volatile") || has(words, "relaxed") || has(words, "acquire") ||
              has(words, "release") || has(words, "mmio");
}

}  // namespace ptxemu
