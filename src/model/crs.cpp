#include "cubemill/model/crs.hpp"

#include <proj.h>

#include <cmath>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cubemill/base/error.hpp"

namespace cubemill {
namespace {

struct ContextDelete {
  void operator()(PJ_CONTEXT* p) const { proj_context_destroy(p); }
};
struct PjDelete {
  void operator()(PJ* p) const { proj_destroy(p); }
};
struct ListDelete {
  void operator()(PJ_OBJ_LIST* p) const { proj_list_destroy(p); }
};
struct FactoryDelete {
  void operator()(PJ_OPERATION_FACTORY_CONTEXT* p) const {
    proj_operation_factory_context_destroy(p);
  }
};
using Context = std::unique_ptr<PJ_CONTEXT, ContextDelete>;
using Object = std::unique_ptr<PJ, PjDelete>;
using ObjectList = std::unique_ptr<PJ_OBJ_LIST, ListDelete>;
using Factory = std::unique_ptr<PJ_OPERATION_FACTORY_CONTEXT, FactoryDelete>;

Context make_context() {
  Context context(proj_context_create());
  proj_log_level(context.get(), PJ_LOG_NONE);  // failures are reported as exceptions, never printed
  proj_context_set_enable_network(context.get(), 0);
  return context;
}

// PROJ objects may be used by one thread at a time, and so may their context: each thread that
// parses has its own.
PJ_CONTEXT* thread_context() {
  thread_local Context context = make_context();
  return context.get();
}

Object create(PJ_CONTEXT* context, const std::string& text) {
  // A bare PROJ string is an operation until it says that it is a CRS.
  const bool bare = text.starts_with('+') && text.find("+type=crs") == std::string::npos;
  return Object(proj_create(context, (bare ? text + " +type=crs" : text).c_str()));
}

bool is_crs(const PJ* object) { return object && proj_is_crs(object); }

std::string as_wkt(PJ_CONTEXT* context, const PJ* crs) {
  const char* options[] = {"MULTILINE=NO", nullptr};
  const char* wkt = proj_as_wkt(context, crs, PJ_WKT2_2019, options);
  return wkt ? wkt : "";
}

// The code of a CRS: its own, or that of the one registered CRS that is certainly the same.
std::string authority_code(PJ_CONTEXT* context, const PJ* crs) {
  const auto code_of = [](const PJ* p) -> std::string {
    const char* authority = proj_get_id_auth_name(p, 0);
    const char* code = proj_get_id_code(p, 0);
    return authority && code ? std::string(authority) + ":" + code : "";
  };
  if (std::string own = code_of(crs); !own.empty()) return own;
  int* confidence = nullptr;
  const ObjectList matches(proj_identify(context, crs, "EPSG", nullptr, &confidence));
  std::string code;
  if (matches && proj_list_get_count(matches.get()) > 0 && confidence && confidence[0] >= 90) {
    const Object best(proj_list_get(context, matches.get(), 0));
    code = code_of(best.get());
  }
  proj_int_list_destroy(confidence);
  return code;
}

std::string shortened(const std::string& text) {
  constexpr std::size_t longest = 80;
  return text.size() <= longest ? text : text.substr(0, longest) + "…";
}

bool is_geographic(PJ_CONTEXT* context, const PJ* crs) {
  switch (proj_get_type(crs)) {
    case PJ_TYPE_GEOGRAPHIC_2D_CRS:
    case PJ_TYPE_GEOGRAPHIC_3D_CRS:
      return true;
    case PJ_TYPE_BOUND_CRS: {
      const Object base(proj_get_source_crs(context, crs));
      return base && is_geographic(context, base.get());
    }
    case PJ_TYPE_COMPOUND_CRS: {
      const Object horizontal(proj_crs_get_sub_crs(context, crs, 0));
      return horizontal && is_geographic(context, horizontal.get());
    }
    default:
      return false;
  }
}

}  // namespace

struct Crs::Data {
  std::string code;
  std::string name;
  std::string wkt;
  int epsg = 0;
  bool geographic = false;
};

Crs Crs::parse(const std::string& text) {
  // An archive names a handful of systems thousands of times, and each costs a look into PROJ's
  // database.
  static std::mutex mutex;
  static std::map<std::string, Crs> known;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = known.find(text); found != known.end()) return found->second;
  }
  Crs crs;
  crs.data_ = read(text);
  const std::lock_guard lock(mutex);
  return known.emplace(text, crs).first->second;
}

std::shared_ptr<const Crs::Data> Crs::read(const std::string& text) {
  PJ_CONTEXT* context = thread_context();
  const Object object = create(context, text);
  if (!is_crs(object.get()))
    throw InvalidInput("unknown CRS '" + shortened(text) +
                       "': give EPSG:n, another authority code, WKT or a PROJ string");
  auto data = std::make_shared<Data>();
  data->wkt = as_wkt(context, object.get());
  const std::string code = authority_code(context, object.get());
  const char* name = proj_get_name(object.get());
  const bool named =
      name && std::string(name) != "unknown";  // PROJ's name for what a PROJ string says
  data->code = code;
  data->name = !code.empty() ? code : named ? name : shortened(text);
  if (code.starts_with("EPSG:")) data->epsg = std::stoi(code.substr(5));
  data->geographic = is_geographic(context, object.get());
  return data;
}

namespace {
const std::string nothing;
}

const std::string& Crs::name() const { return data_ ? data_->name : nothing; }
const std::string& Crs::definition() const {
  return data_ && !data_->code.empty() ? data_->code : wkt();
}
const std::string& Crs::wkt() const { return data_ ? data_->wkt : nothing; }
int Crs::epsg() const { return data_ ? data_->epsg : 0; }
bool Crs::geographic() const { return data_ && data_->geographic; }

bool Crs::same(const Crs& other) const {
  if (data_ == other.data_) return true;
  if (!data_ || !other.data_) return false;
  if (epsg() && other.epsg()) return epsg() == other.epsg();
  if (wkt() == other.wkt()) return true;
  PJ_CONTEXT* context = thread_context();
  const Object a(proj_create(context, wkt().c_str()));
  const Object b(proj_create(context, other.wkt().c_str()));
  return a && b &&
         proj_is_equivalent_to(a.get(), b.get(), PJ_COMP_EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS);
}

struct Transformer::State {
  Context context = make_context();
  Object operation;  // normalised: x/longitude first on both sides
  std::string description;
};

namespace {

// The operations from `from` to `to`, best first, without ballpark ones and without those that lack
// a grid.
ObjectList candidates(PJ_CONTEXT* context, const PJ* from, const PJ* to, bool ballpark) {
  const Factory factory(proj_create_operation_factory_context(context, nullptr));
  proj_operation_factory_context_set_spatial_criterion(context, factory.get(),
                                                       PROJ_SPATIAL_CRITERION_PARTIAL_INTERSECTION);
  proj_operation_factory_context_set_grid_availability_use(
      context, factory.get(), PROJ_GRID_AVAILABILITY_DISCARD_OPERATION_IF_MISSING_GRID);
  proj_operation_factory_context_set_allow_ballpark_transformations(context, factory.get(),
                                                                    ballpark);
  return ObjectList(proj_create_operations(context, from, to, factory.get()));
}

}  // namespace

Transformer::Transformer(const Crs& from, const Crs& to, Need need)
    : state_(std::make_unique<State>()) {
  PJ_CONTEXT* context = state_->context.get();
  const Object a(proj_create(context, from.wkt().c_str()));
  const Object b(proj_create(context, to.wkt().c_str()));
  const ObjectList list =
      a && b ? candidates(context, a.get(), b.get(), need == Need::rough) : ObjectList();
  const int count = list ? proj_list_get_count(list.get()) : 0;
  for (int i = 0; i < count && !state_->operation; ++i) {
    const Object candidate(proj_list_get(context, list.get(), i));
    if (!proj_coordoperation_is_instantiable(context, candidate.get())) continue;
    state_->operation.reset(proj_normalize_for_visualization(context, candidate.get()));
    if (const char* name = proj_get_name(candidate.get())) state_->description = name;
  }
  if (!state_->operation)
    throw InvalidInput(
        "no exact transformation from " + from.name() + " to " + to.name() +
        " is available here: install the datum grids (proj-data) or choose another CRS");
}

Transformer::Transformer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Transformer::Transformer(Transformer&&) noexcept = default;
Transformer& Transformer::operator=(Transformer&&) noexcept = default;
Transformer::~Transformer() = default;

Transformer Transformer::clone() const {
  auto state = std::make_unique<State>();
  state->operation.reset(proj_clone(state->context.get(), state_->operation.get()));
  state->description = state_->description;
  return Transformer(std::move(state));
}

void Transformer::forward(double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const PJ_COORD out = proj_trans(state_->operation.get(), PJ_FWD, proj_coord(x[i], y[i], 0, 0));
    const bool good = std::isfinite(out.xy.x) && std::isfinite(out.xy.y);
    x[i] = good ? out.xy.x : HUGE_VAL;
    y[i] = good ? out.xy.y : HUGE_VAL;
  }
}

const std::string& Transformer::description() const { return state_->description; }

std::string proj_version() { return proj_info().version; }

}  // namespace cubemill
