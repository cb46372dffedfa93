// Registers, special registers and variables of a function, by name.
#include "names.h"

#include "cursor.h"

namespace ptxemu {

Names::Names(Module& module, Function& function) : module_(module), function_(function) {
  for (const Param& param : function.params) symbols_[param.name] = {Space::param, param.offset};
  for (const Param& result : function.results)
    symbols_[result.name] = {Space::param, results_offset(function) + result.offset};
}

bool Names::close_scope() {
  scopes_.pop_back();
  return !scopes_.empty();
}

void Names::add_variable(const std::string& name, Space space, u32 size, u32 align) {
  u32& bytes = space == Space::local   ? function_.local_bytes
               : space == Space::param ? function_.frame_bytes
                                       : function_.shared_bytes;
  bytes = align_up(bytes, align);
  symbols_[name] = {space, bytes};
  bytes += size;
}

std::optional<u32> Names::register_named(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto found = scope->find(name); found != scope->end()) return found->second;
  return special_named(name);
}

std::optional<u32> Names::special_named(const std::string& name) {
  static const std::map<std::string, Special> all{
      {"%tid.x", Special::tid_x},
      {"%tid.y", Special::tid_y},
      {"%tid.z", Special::tid_z},
      {"%ntid.x", Special::ntid_x},
      {"%ntid.y", Special::ntid_y},
      {"%ntid.z", Special::ntid_z},
      {"%ctaid.x", Special::ctaid_x},
      {"%ctaid.y", Special::ctaid_y},
      {"%ctaid.z", Special::ctaid_z},
      {"%nctaid.x", Special::nctaid_x},
      {"%nctaid.y", Special::nctaid_y},
      {"%nctaid.z", Special::nctaid_z},
      {"%laneid", Special::laneid},
      {"%warpid", Special::warpid},
      {"%nwarpid", Special::nwarpid},
      {"%smid", Special::smid},
      {"%nsmid", Special::nsmid},
      {"%lanemask_eq", Special::lanemask_eq},
      {"%lanemask_lt", Special::lanemask_lt},
      {"%lanemask_le", Special::lanemask_le},
      {"%lanemask_gt", Special::lanemask_gt},
      {"%lanemask_ge", Special::lanemask_ge},
      {"%dynamic_smem_size", Special::dynamic_smem_size},
      {"%total_smem_size", Special::total_smem_size},
      {"%clock", Special::zero},
      {"%clock64", Special::zero},
      {"%globaltimer", Special::zero},
      {"%gridid", Special::zero}};
  const auto special = all.find(name);
  if (special == all.end()) return std::nullopt;
  const auto [found, is_new] = specials_.emplace(name, function_.registers);
  if (is_new) function_.specials.emplace_back(function_.registers++, special->second);
  return found->second;
}

std::optional<Symbol> Names::symbol_named(const std::string& name) {
  if (const auto found = symbols_.find(name); found != symbols_.end()) return found->second;
  if (const auto found = module_.shared.find(name); found != module_.shared.end())
    return place_shared(found->second);
  if (const auto found = module_.variables.find(name); found != module_.variables.end())
    return Symbol{found->second.space, found->second.address};
  return std::nullopt;
}

Symbol Names::place_shared(const Variable& variable) {
  if (variable.is_extern && variable.size == 0) return {Space::shared, dynamic_shared};
  add_variable(variable.name, Space::shared, static_cast<u32>(variable.size), variable.align);
  return symbols_[variable.name];
}

}  // namespace ptxemu
