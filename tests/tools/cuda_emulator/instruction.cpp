// Instructions by their names: what they are and which operands they have.
#include "instruction.h"

#include "suffixes.h"

namespace ptxemu {

namespace {

struct Form {
  Op op;
  // Operands in the order of the text; the last may be missing. `d|`: d, and d2 behind a bar.
  // `*`: what follows is left out.
  const char* operands;
};

const std::map<std::string, Form> forms{
    // arithmetic
    {"add", {Op::add, "dab"}},
    {"sub", {Op::sub, "dab"}},
    {"mul", {Op::mul, "dab"}},
    {"mad", {Op::mad, "dabc"}},
    {"fma", {Op::mad, "dabc"}},
    {"div", {Op::div, "dab"}},
    {"rem", {Op::rem, "dab"}},
    {"abs", {Op::abs, "da"}},
    {"neg", {Op::neg, "da"}},
    {"min", {Op::min, "dab"}},
    {"max", {Op::max, "dab"}},
    {"addc", {Op::carrying_add, "dab"}},
    {"subc", {Op::carrying_sub, "dab"}},
    {"madc", {Op::carrying_mad, "dabc"}},
    {"add.cc", {Op::carrying_add, "dab"}},
    {"sub.cc", {Op::carrying_sub, "dab"}},
    {"mad.cc", {Op::carrying_mad, "dabc"}},
    {"sad", {Op::sad, "dabc"}},
    {"dp4a", {Op::dp4a, "dabc"}},
    {"rcp", {Op::rcp, "da"}},
    {"sqrt", {Op::sqrt, "da"}},
    {"rsqrt", {Op::rsqrt, "da"}},
    {"ex2", {Op::ex2, "da"}},
    {"lg2", {Op::lg2, "da"}},
    {"sin", {Op::sin, "da"}},
    {"cos", {Op::cos, "da"}},
    {"copysign", {Op::copysign, "dab"}},
    {"testp", {Op::testp, "da"}},
    // bits
    {"and", {Op::bit_and, "dab"}},
    {"or", {Op::bit_or, "dab"}},
    {"xor", {Op::bit_xor, "dab"}},
    {"not", {Op::bit_not, "da"}},
    {"shl", {Op::shl, "dab"}},
    {"shr", {Op::shr, "dab"}},
    {"shf", {Op::shf, "dabc"}},
    {"bfe", {Op::bfe, "dabc"}},
    {"bfi", {Op::bfi, "dabce"}},
    {"bfind", {Op::bfind, "da"}},
    {"bmsk", {Op::bmsk, "dab"}},
    {"brev", {Op::brev, "da"}},
    {"popc", {Op::popc, "da"}},
    {"clz", {Op::clz, "da"}},
    {"lop3", {Op::lop3, "dabce"}},
    {"prmt", {Op::prmt, "dabc"}},
    // moves, comparisons, conversions
    {"mov", {Op::mov, "da"}},
    {"selp", {Op::selp, "dabc"}},
    {"setp", {Op::setp, "d|abc"}},
    {"set", {Op::set, "dabc"}},
    {"cvt", {Op::cvt, "da"}},
    {"cvta", {Op::cvta, "da"}},
    {"isspacep", {Op::isspacep, "da"}},
    // memory
    {"ld", {Op::ld, "da*"}},
    {"ldu", {Op::ld, "da*"}},
    {"st", {Op::st, "ab*"}},
    {"cp.async", {Op::cp_async, "dabc*"}},
    {"cp.async.group", {Op::nothing, "*"}},
    {"atom", {Op::atom, "dabc*"}},
    {"red", {Op::atom, "abc*"}},
    {"membar", {Op::nothing, "*"}},
    {"fence", {Op::nothing, "*"}},
    {"prefetch", {Op::nothing, "*"}},
    {"prefetchu", {Op::nothing, "*"}},
    {"discard", {Op::nothing, "*"}},
    {"applypriority", {Op::nothing, "*"}},
    {"createpolicy", {Op::nothing, "*"}},
    // control
    {"bra", {Op::bra, ""}},
    {"brx", {Op::brx, "a"}},
    {"call", {Op::call, ""}},
    {"ret", {Op::ret, ""}},
    {"exit", {Op::exit, ""}},
    {"trap", {Op::trap, ""}},
    {"brkpt", {Op::trap, ""}},
    {"nanosleep", {Op::pause, "*"}},
    {"griddepcontrol", {Op::nothing, "*"}},
    {"pmevent", {Op::nothing, "*"}},
    // threads together
    {"bar", {Op::bar, "ab"}},
    {"bar.red", {Op::bar_red, "dabc"}},
    {"bar.warp", {Op::warp_sync, "a"}},
    {"vote", {Op::vote, "dab"}},
    {"shfl", {Op::shfl, "d|abce"}},
    {"match", {Op::match, "d|ab"}},
    {"redux", {Op::redux, "dab"}},
    {"activemask", {Op::active_mask, "d"}},
};

Words split(const std::string& name) {
  Words words{""};
  for (const char c : name) {
    if (c == '.') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

// The name in `forms`: some instructions are several.
std::string form_name(const Words& words) {
  const std::string& name = words[0];
  if (name == "bar" || name == "barrier")
    return has(words, "cluster") ? ""
           : has(words, "warp")  ? "bar.warp"
           : has(words, "red")   ? "bar.red"
                                 : "bar";
  if (name == "cp" && has(words, "async") && !has(words, "bulk"))
    return has(words, "commit_group") || has(words, "wait_group") || has(words, "wait_all")
               ? "cp.async.group"
               : "cp.async";
  const bool carries = has(words, "cc") && (name == "add" || name == "sub" || name == "mad");
  return carries ? name + ".cc" : name;
}

// Suffixes that change what an instruction does and that nothing here knows.
bool is_foreign(Op op, const Instruction& in, const Words& words) {
  if (in.type == Type::b128) return true;
  if (op == Op::prmt) return words.size() > 2;
  if (op == Op::atom) return in.atomic == Atomic::none || in.width != 1;
  return false;
}

class Reader {
 public:
  Reader(Cursor& cursor, Names& names, Jumps& jumps, std::size_t index)
      : cursor_(cursor), names_(names), jumps_(jumps), index_(index) {}

  Instruction instruction() {
    Instruction in;
    in.line = cursor_.now().line;
    in.text = cursor_.line_text();
    if (cursor_.eat("@")) predicate(in);
    const Words words = split(cursor_.word());
    const auto form = forms.find(form_name(words));
    if (form != forms.end()) {
      in.op = form->second.op;
      read_suffixes(in, words);
      operands_of(in, form->second.operands);
      if (is_foreign(in.op, in, words)) in.op = Op::unsupported;
    }
    if (in.op == Op::unsupported) cursor_.skip_until(";");
    cursor_.need(";");
    return in;
  }

 private:
  void predicate(Instruction& in) {
    in.unless = cursor_.eat("!");
    const auto reg = names_.register_named(cursor_.word());
    if (!reg) cursor_.fail("pred");
    in.predicate = static_cast<s32>(*reg);
  }

  void operands_of(Instruction& in, const char* form) {
    try {
      operands(in, form);
      if (in.op == Op::bra) jumps_.to_label.emplace_back(index_, cursor_.word());
      if (in.op == Op::brx) {
        cursor_.need(",");
        jumps_.to_table.emplace_back(index_, cursor_.word());
      }
      if (in.op == Op::call) call(in);
      if (!cursor_.is(";")) in.op = Op::unsupported;
    } catch (UnknownName) {
      in.op = Op::unsupported;
    }
    // bar.red {d, a, p} or {d, a, threads, p}
    if (in.op == Op::bar_red && in.c.kind != Operand::Kind::none) std::swap(in.b, in.c);
  }

  void operands(Instruction& in, const char* form) {
    const Type type = in.op == Op::cvt ? in.second_type : in.type;
    for (const char* at = form; *at != '\0' && !cursor_.is(";"); ++at) {
      if (*at == '*') return cursor_.skip_until(";");
      if (*at == '|') {
        if (cursor_.eat("|")) in.d2 = read_operand(cursor_, names_, type);
        continue;
      }
      if (at != form && !cursor_.eat(",")) return;
      operand_of(in, *at) = read_operand(cursor_, names_, type);
    }
  }

  static Operand& operand_of(Instruction& in, char letter) {
    switch (letter) {
      case 'd':
        return in.d;
      case 'a':
        return in.a;
      case 'b':
        return in.b;
      case 'c':
        return in.c;
      default:
        return in.e;
    }
  }

  // call (results), function, (arguments), prototype. A register for a function is kept in `a`.
  void call(Instruction& in) {
    if (cursor_.is("(")) {
      in.results = list();
      cursor_.need(",");
    }
    in.callee_name = cursor_.word();
    if (names_.register_named(in.callee_name)) in.a.kind = Operand::Kind::reg;
    if (cursor_.eat(",") && cursor_.is("(")) in.arguments = list();
    cursor_.skip_until(";");
  }

  std::vector<Operand> list() {
    std::vector<Operand> all;
    cursor_.need("(");
    while (!cursor_.eat(")"))
      if (!cursor_.eat(",")) all.push_back(read_operand(cursor_, names_, Type::b64));
    return all;
  }

  Cursor& cursor_;
  Names& names_;
  Jumps& jumps_;
  std::size_t index_;
};

}  // namespace

Instruction read_instruction(Cursor& cursor, Names& names, Jumps& jumps, std::size_t index) {
  return Reader(cursor, names, jumps, index).instruction();
}

}  // namespace ptxemu
