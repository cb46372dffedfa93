// GDAL as this library uses it: datasets opened for reading, and its errors caught call by call
// instead of printed. Errors are caught per thread; a dataset may be used by one thread at a time.
#pragma once
#include <cpl_error.h>
#include <gdal_priv.h>

#include <string>

namespace cubemill {

/// Catches what GDAL reports in this thread while it lives; nothing is printed.
class GdalErrors {
 public:
  GdalErrors();
  ~GdalErrors();
  GdalErrors(const GdalErrors&) = delete;
  GdalErrors& operator=(const GdalErrors&) = delete;

  /// Whether a failure (more than a warning) was reported.
  bool any() const { return !text_.empty(); }
  /// The failures as one line; `otherwise` when there was none.
  std::string text(const std::string& otherwise) const { return any() ? text_ : otherwise; }

 private:
  static void CPL_STDCALL take(CPLErr level, CPLErrorNum number, const char* message);

  std::string text_;
};

/// What is known of a dataset before it is opened.
struct OpenHints {
  bool tiff = false;   ///< it begins as TIFFs do: no other driver is asked
  bool alone = false;  ///< no files lie beside it
};

/// Opens a raster dataset for reading. Throws IoError with GDAL's reason, which calls it `name`.
GDALDatasetUniquePtr open_dataset(const std::string& path, const std::string& name,
                                  OpenHints hints = {});

/// Gives `text` with `name` wherever it has `path`.
std::string renamed(std::string text, const std::string& path, const std::string& name);

}  // namespace cubemill
