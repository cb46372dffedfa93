// Modules: their variables with initial values, their functions with parameters and bodies.
#include "cursor.h"
#include "instruction.h"
#include "names.h"

namespace ptxemu {

namespace {

u64 read_count(Cursor& cursor, bool& is_open) {
  u64 count = 1;
  while (cursor.eat("[")) {
    if (cursor.is("]")) {
      is_open = true;
    } else {
      count *= cursor.number();
    }
    cursor.need("]");
  }
  return count;
}

// What is said of a variable before its name: `.align 8 .b8`, `.v2 .f32`, `.u64 .ptr .global .align
// 4`.
struct Layout {
  Type type = Type::none;
  u32 align = 0, width = 1;

  u32 size() const { return size_of(type) * width; }
  u32 alignment() const { return align != 0 ? align : size(); }
};

Layout read_layout(Cursor& cursor) {
  Layout layout;
  bool pointee = false;
  while (cursor.at_directive()) {
    const std::string word = cursor.word();
    if (word == ".align") {
      const u64 align = cursor.number();
      if (!pointee) layout.align = static_cast<u32>(align);
    } else if (word == ".v2" || word == ".v4") {
      layout.width = word == ".v2" ? 2 : 4;
    } else if (word == ".attribute") {
      cursor.skip_past(")");
    } else if (word == ".ptr") {
      pointee = true;
    } else if (const Type type = type_named(word.substr(1)); type != Type::none) {
      layout.type = type;
    }
  }
  return layout;
}

// ---- functions

std::vector<Param> read_params(Cursor& cursor, u32& bytes) {
  std::vector<Param> params;
  cursor.need("(");
  bytes = 0;
  while (!cursor.eat(")")) {
    if (cursor.eat(",")) continue;
    const Layout layout = read_layout(cursor);
    const std::string name = cursor.word();
    bool is_open = false;
    const u32 size = layout.size() * static_cast<u32>(read_count(cursor, is_open));
    bytes = align_up(bytes, layout.alignment());
    params.push_back({name, bytes, size});
    bytes += size;
  }
  return params;
}

class Body {
 public:
  Body(Cursor& cursor, Module& module, Function& function)
      : cursor_(cursor), function_(function), names_(module, function) {}

  void read() {
    cursor_.need("{");
    while (statement()) {
    }
    for (const auto& [index, label] : jumps_.to_label)
      function_.code[index].target = place_of(label);
    for (const auto& [index, table] : jumps_.to_table)
      for (const std::string& label : jumps_.tables[table])
        function_.code[index].targets.push_back(place_of(label));
    Instruction last;
    last.op = Op::ret;
    last.text = "ret";
    function_.code.push_back(last);
  }

 private:
  // False when the body has ended.
  bool statement() {
    if (cursor_.eat("}")) return names_.close_scope();
    if (cursor_.eat("{")) {
      names_.open_scope();
    } else if (cursor_.eat(".reg")) {
      registers();
    } else if (cursor_.is(".local") || cursor_.is(".param") || cursor_.is(".shared")) {
      variable();
    } else if (cursor_.is(".loc")) {
      cursor_.skip_line();
    } else if (cursor_.is(".pragma")) {
      cursor_.skip_past(";");
    } else if (cursor_.at_label()) {
      label();
    } else {
      function_.code.push_back(read_instruction(cursor_, names_, jumps_, function_.code.size()));
    }
    return true;
  }

  void registers() {
    read_layout(cursor_);
    do {
      const std::string name = cursor_.word();
      if (cursor_.eat("<")) {
        const u64 count = cursor_.number();
        cursor_.need(">");
        for (u64 i = 0; i < count; ++i) names_.add_register(name + std::to_string(i));
      } else {
        names_.add_register(name);
      }
    } while (cursor_.eat(","));
    cursor_.need(";");
  }

  void variable() {
    const std::string word = cursor_.word();
    const Space space = word == ".local"   ? Space::local
                        : word == ".param" ? Space::param
                                           : Space::shared;
    const Layout layout = read_layout(cursor_);
    const std::string name = cursor_.word();
    bool is_open = false;
    const u32 count = static_cast<u32>(read_count(cursor_, is_open));
    names_.add_variable(name, space, layout.size() * count, layout.alignment());
    cursor_.need(";");
  }

  void label() {
    const std::string name = cursor_.word();
    cursor_.need(":");
    if (cursor_.eat(".branchtargets")) {
      do jumps_.tables[name].push_back(cursor_.word());
      while (cursor_.eat(","));
      cursor_.need(";");
    } else if (cursor_.is(".callprototype")) {
      cursor_.skip_past(";");
    } else {
      jumps_.labels[name] = static_cast<u32>(function_.code.size());
    }
  }

  u32 place_of(const std::string& label) const {
    const auto found = jumps_.labels.find(label);
    if (found == jumps_.labels.end()) cursor_.fail("label " + label);
    return found->second;
  }

  Cursor& cursor_;
  Function& function_;
  Names names_;
  Jumps jumps_;
};

// ---- modules

class ModuleParser {
 public:
  ModuleParser(Module& module, const std::string& text, const std::function<u64(Variable&)>& place)
      : module_(module), cursor_(text), place_(place) {}

  void parse() {
    while (!cursor_.at_end()) directive();
    for (auto& [name, function] : module_.functions)
      for (Instruction& in : function->code) find_callee(in);
  }

 private:
  void directive() {
    if (cursor_.eat(".target")) {
      module_.target = std::atoi(cursor_.word().c_str() + 3);  // sm_…
      while (cursor_.eat(",")) cursor_.word();
    } else if (cursor_.is(".version") || cursor_.is(".address_size") || cursor_.is(".file")) {
      cursor_.skip_line();
    } else if (cursor_.is(".section")) {
      cursor_.skip_braces();
    } else if (cursor_.is(".pragma") || cursor_.is(".alias")) {
      cursor_.skip_past(";");
    } else {
      definition();
    }
  }

  void definition() {
    bool is_extern = false;
    while (cursor_.is(".visible") || cursor_.is(".extern") || cursor_.is(".weak") ||
           cursor_.is(".common"))
      is_extern |= cursor_.word() == ".extern";
    if (cursor_.is(".entry") || cursor_.is(".func")) {
      function();
    } else if (cursor_.is(".global") || cursor_.is(".const") || cursor_.is(".shared")) {
      variable(is_extern);
    } else {
      cursor_.fail("unknown directive");
    }
  }

  void variable(bool is_extern) {
    Variable v;
    v.is_extern = is_extern;
    const std::string space = cursor_.word();
    v.space = space == ".global"  ? Space::global
              : space == ".const" ? Space::constant
                                  : Space::shared;
    const Layout layout = read_layout(cursor_);
    v.align = layout.alignment();
    v.name = cursor_.word();
    bool is_open = false;
    const u64 count = read_count(cursor_, is_open);
    v.size = is_open ? 0 : count * layout.size();
    if (cursor_.eat("=")) {
      initial_value(v, size_of(layout.type));
      if (is_open) v.size = v.init.size();
      v.init.resize(v.size);
    }
    cursor_.need(";");
    if (v.space == Space::shared) {
      module_.shared[v.name] = v;
    } else {
      v.address = place_(v);
      module_.variables[v.name] = v;
    }
  }

  void initial_value(Variable& v, u32 element) {
    if (cursor_.eat("{")) {
      while (!cursor_.eat("}")) {
        initial_value(v, element);
        cursor_.eat(",");
      }
      return;
    }
    const u64 value = cursor_.at_number() || cursor_.is("-") ? cursor_.number() : pointer(v);
    for (u32 i = 0; i < element; ++i) v.init.push_back(static_cast<u8>(value >> 8 * i));
  }

  // A variable's address, filled in when all have theirs.
  u64 pointer(Variable& v) {
    std::string name = cursor_.word();
    if (name == "generic") {
      cursor_.need("(");
      name = cursor_.word();
      cursor_.need(")");
    }
    const u64 addend = cursor_.eat("+") ? cursor_.number() : 0;
    v.relocations.push_back({static_cast<u32>(v.init.size()), name, addend});
    return 0;
  }

  void function() {
    const bool is_entry = cursor_.word() == ".entry";
    auto f = std::make_unique<Function>();
    u32 result_bytes = 0;
    if (!is_entry && cursor_.is("(")) f->results = read_params(cursor_, result_bytes);
    f->name = cursor_.word();
    if (cursor_.is("(")) f->params = read_params(cursor_, f->param_bytes);
    f->frame_bytes = results_offset(*f) + align_up(result_bytes, 16);
    f->is_library =
        f->name.find("3cub") != std::string::npos || f->name.find("6thrust") != std::string::npos;
    limits(*f);
    auto& known = module_.functions[f->name];
    if (!cursor_.eat(";")) {
      Body(cursor_, module_, *f).read();
      f->defined = true;
    }
    if (!known || f->defined) known = std::move(f);
  }

  // .maxntid and its like; all others are for ptxas.
  void limits(Function& f) {
    while (cursor_.at_directive()) {
      const std::string name = cursor_.word();
      u32 product = 1;
      while (cursor_.at_number() || cursor_.eat(","))
        if (cursor_.at_number()) product *= static_cast<u32>(cursor_.number());
      if (name == ".maxntid" || name == ".reqntid") f.max_threads = product;
    }
  }

  void find_callee(Instruction& in) const {
    if (in.op != Op::call) return;
    const auto found = module_.functions.find(in.callee_name);
    if (found != module_.functions.end()) in.callee = found->second.get();
  }

  Module& module_;
  Cursor cursor_;
  const std::function<u64(Variable&)>& place_;
};

}  // namespace

std::unique_ptr<Module> parse(const std::string& text, const std::function<u64(Variable&)>& place) {
  auto module = std::make_unique<Module>();
  ModuleParser(*module, text, place).parse();
  return module;
}

}  // namespace ptxemu
