// Hrefs: how they are written in items and options, and the one form in which the engine knows
// them: an absolute path, `s3://bucket/key`, `http(s)://…` byte by byte, or a path of GDAL
// (`/vsi…`). Opens nothing. Pure; any thread.
#pragma once
#include <string>

namespace cubemill {

/// Resolves an href against `base`, the file or URL that holds it. `/vsis3/b/k` and
/// `/vsicurl/http…` become `s3://b/k` and `http…`; `gs://`, `az://` and `swift://` become GDAL's
/// `/vsigs/` …; `file://` a path. URLs stay as they are, with query and escapes.
std::string resolve_href(const std::string& href, const std::string& base);

/// Gives the name by which GDAL opens a resolved href: `/vsis3/…`, `/vsicurl/http…`, a path.
std::string gdal_path(const std::string& href);

/// Gives `s3`, `http`, `https` … in lower case; empty for a path.
std::string scheme_of(const std::string& href);

/// Gives the bucket of an `s3://` href; empty for others.
std::string bucket_of(const std::string& href);

/// Gives where an href lies, without its path: `s3://bucket`, `https://host`, `/vsigs/bucket`,
/// `/vsizip`; `files` for a path.
std::string place_of(const std::string& href);

}  // namespace cubemill
