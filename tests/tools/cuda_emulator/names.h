// What a name in a function means: a register, or a place in one of the memories. Gives registers
// their numbers and variables their offsets.
#pragma once
#include <optional>

#include "ptx.h"

namespace ptxemu {

struct Symbol {
  Space space;
  u64 address;
};

class Names {
 public:
  /// Puts parameters and results at the begin of the function's frame.
  Names(Module& module, Function& function);

  void open_scope() { scopes_.emplace_back(); }
  /// Closes a scope; false when it was the function's own.
  bool close_scope();

  void add_register(const std::string& name) { scopes_.back()[name] = function_.registers++; }
  void add_variable(const std::string& name, Space space, u32 size, u32 align);

  /// Registers that are special get a number when they are first asked for.
  std::optional<u32> register_named(const std::string& name);
  /// Shared variables of the module get a place in the function when they are first asked for.
  std::optional<Symbol> symbol_named(const std::string& name);

 private:
  std::optional<u32> special_named(const std::string& name);
  Symbol place_shared(const Variable& variable);

  Module& module_;
  Function& function_;
  std::vector<std::map<std::string, u32>> scopes_{1};
  std::map<std::string, u32> specials_;
  std::map<std::string, Symbol> symbols_;
};

}  // namespace ptxemu
