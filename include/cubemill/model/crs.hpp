// Coordinate reference systems and the transformation between two of them, by PROJ: traditional
// axis order (x/lon first), network off, one operation pinned, never a ballpark one. The only file
// of the model with a library behind it.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

namespace cubemill {

/// A CRS as a value; cheap to copy. Default: none.
class Crs {
 public:
  Crs() = default;
  /// Reads `EPSG:n`, another authority code, WKT, PROJJSON or a PROJ string. Throws InvalidInput
  /// with PROJ's reason.
  static Crs parse(const std::string& text);

  bool empty() const { return !data_; }
  /// For people: `EPSG:32618` where an authority code is known, else the CRS's name, else how it
  /// was given, shortened.
  const std::string& name() const;
  /// For programs: the authority code where one is known, else WKT; `parse` takes it back.
  const std::string& definition() const;
  /// WKT2:2019, one line.
  const std::string& wkt() const;
  /// EPSG code, 0 when none is known.
  int epsg() const;
  bool geographic() const;
  /// Whether both describe the same system (by code, else by PROJ's criterion of equivalence).
  bool same(const Crs& other) const;

 private:
  struct Data;
  static std::shared_ptr<const Data> read(const std::string& text);
  std::shared_ptr<const Data> data_;
};

/// One pinned coordinate operation. Not thread-safe: each thread has its own `clone`.
class Transformer {
 public:
  /// How good an operation must be: `exact` for coordinates of pixels; `rough` also takes ballpark
  /// ones (two datums taken for the same), good for outlines and longitudes.
  enum class Need { exact, rough };

  /// Picks the best operation that is available here without grids from the network.
  /// Throws InvalidInput when there is none.
  Transformer(const Crs& from, const Crs& to, Need need = Need::exact);
  Transformer(Transformer&&) noexcept;
  Transformer& operator=(Transformer&&) noexcept;
  ~Transformer();
  Transformer clone() const;

  /// Transforms `count` points in place; a point that cannot be transformed becomes HUGE_VAL in
  /// both.
  void forward(double* x, double* y, std::size_t count);
  /// Name of the operation, for the report.
  const std::string& description() const;

 private:
  struct State;
  explicit Transformer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Version of PROJ, on which coordinates depend.
std::string proj_version();

}  // namespace cubemill
