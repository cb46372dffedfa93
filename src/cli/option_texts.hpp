// The options there are: names, values, help.
#pragma once

namespace cubemill {

struct OptionText {
  const char* name;
  const char* value;  ///< empty: a switch
  const char* help;
};

// Options that decide the result: they make the recipe, and a report repeats them.
inline constexpr OptionText recipe_options[] = {
    {"bbox", "W,S,E,N", "area; may cross 180° (default: the union of the scenes)"},
    {"bbox-crs", "CRS", "CRS of --bbox (default: EPSG:4326, longitude and latitude)"},
    {"datetime", "A/B", "days in UTC, both included; '..' for an open end"},
    {"where", "'PROPERTY OP VALUE'", "keep items whose property matches; repeatable"},
    {"prefer", "s3|https", "read assets from there where an item names several places"},
    {"href-replace", "FROM=TO",
     "read hrefs that begin with FROM from TO, such as s3://bucket=/data/bucket; repeatable"},
    {"product", "NAME|FILE", "product definition (default: recognised)"},
    {"band", "ROLE=ASSET",
     "which asset a band is; ASSET#2 for the second band of a file; repeatable"},
    {"nodata", "ROLE=VALUE", "nodata of a band; repeatable"},
    {"scale", "ROLE=VALUE", "scale of a band; repeatable"},
    {"offset", "ROLE=VALUE", "offset of a band; repeatable"},
    {"crs", "CRS", "CRS of the output (default: that of most scenes)"},
    {"resolution", "R|RX,RY", "pixel size in units of the CRS (default: that of most scenes)"},
    {"anchor", "edge|center|X,Y", "where pixel corners lie (default: as most scenes; else edge)"},
    {"like", "RASTER", "take the grid of a raster; with --bbox cropped on its own lattice"},
    {"resampling", "M|NAME=M,*=M",
     "nearest (default), bilinear, cubic, average, mode; flags stay nearest"},
    {"overviews", "none|auto",
     "auto: read bands from the overviews next finer than the output, flags in full (default: "
     "none)"},
    {"groupby", "solar_day|scene", "what an observation is (default: solar_day)"},
    {"fuse", "pixel|band", "how scenes of one day are fused (default: pixel)"},
    {"mask-out", "FLAG[:LEVEL],…", "flags whose pixels do not count (default: the product's)"},
    {"no-mask", "", "read no flag band"},
    {"qa-band", "ASSET", "the flag band"},
    {"keep-bits", "MASK=VALUE,…", "a pixel counts when (qa & MASK) == VALUE for all"},
    {"keep-values", "V,…", "only these flag values count"},
    {"reject-values", "V,…", "these flag values do not count"},
    {"index", "NAME|NAME=BAND,…", "ndvi (default), or a band under a name; several at once"},
    {"scaling", "auto|none", "apply scale and offset (default), or take numbers as stored"},
    {"valid-range", "auto|none",
     "leave out values outside the product's documented range (default: auto)"},
    {"period", "KIND", "season (default), season-year, month, month-year, year, all"},
    {"reduce", "mean,count", "what is written (default: mean,count)"},
    {"compress", "CODEC", "deflate (default), zstd, lzw, none"},
    {"on-error", "fail|skip", "what an unreadable scene does (default: fail)"},
    {"max-skipped", "N|P%", "with --on-error skip: fail when more scenes are unreadable"},
};

// Options that decide how it is made; nothing here changes a bit of the result.
inline constexpr OptionText run_options[] = {
    {"o,output", "DIR", "folder to write into"},
    {"overwrite", "", "replace what an earlier run wrote there"},
    {"resume", "", "go on with an interrupted run of the same recipe in DIR, if there is one"},
    {"checkpoint", "SECONDS",
     "how often to keep how far the run has come, for --resume (default: 60; 0: never)"},
    {"recipe", "FILE", "take options from a report; those given here come before it"},
    {"memory", "SIZE",
     "resident memory of the program: 512MiB, 2GiB, 50% (default: half of what is free)"},
    {"threads", "N", "worker threads (default: one a core)"},
    {"order", "auto|tile|scene", "order of work (default: auto)"},
    {"backend", "auto|cpu|cuda", "where the pass runs (default: auto)"},
    {"device-memory", "SIZE",
     "memory that is used of each device: 4GiB (default: what is free, less a reserve)"},
    {"devices", "N,…", "CUDA devices by number, as info lists them (default: 0)"},
    {"spill-dir", "DIR", "disk for sums that memory cannot hold (default: beside the output)"},
    {"spill-limit", "SIZE", "how much of that disk may be used (default: what is free)"},
    {"cache-dir", "DIR", "folder that keeps headers of remote files for later runs"},
    {"trace", "FILE", "write what every thread and device did when, for a trace viewer"},
    {"progress", "auto|bar|json|none", "progress on standard error"},
    {"probe", "", "plan: read all headers instead of estimating"},
    {"json", "", "print one JSON document on standard output"},
    {"q,quiet", "", "print results and errors only"},
    {"v,verbose", "", "print the plan first"},
    {"h,help", "", "this text"},
};

// Options of reading over a network; nothing here changes a bit of the result either.
inline constexpr OptionText network_options[] = {
    {"request-payer", "requester|BUCKET,…|none",
     "pay for requests to all, these or no buckets (default: those that the items say)"},
    {"no-sign-request", "", "read S3 without credentials"},
    {"sign-with", "CMD", "command that signs URLs anew: gets an href, prints a URL"},
    {"connections", "N", "requests in flight at most (default: 64)"},
    {"read-timeout", "SECONDS", "for one range of an object, retries included (default: 300)"},
};

inline constexpr OptionText verify_options[] = {
    {"bbox", "W,S,E,N", "only items in this area; may cross 180°"},
    {"bbox-crs", "CRS", "CRS of --bbox (default: EPSG:4326, longitude and latitude)"},
    {"datetime", "A/B", "days in UTC, both included; '..' for an open end"},
    {"where", "'PROPERTY OP VALUE'", "keep items whose property matches; repeatable"},
    {"prefer", "s3|https", "read assets from there where an item names several places"},
    {"href-replace", "FROM=TO",
     "read hrefs that begin with FROM from TO, such as s3://bucket=/data/bucket; repeatable"},
    {"all", "", "every asset that holds pixels (default: the bands that a composite reads)"},
    {"index", "NAME|NAME=BAND,…", "bands of these outputs: ndvi (default), or a band under a name"},
    {"product", "NAME|FILE", "product definition (default: recognised)"},
    {"band", "ROLE=ASSET", "which asset a band is; repeatable"},
    {"qa-band", "ASSET", "the flag band"},
    {"no-mask", "", "read no flag band"},
    {"threads", "N", "worker threads (default: one a core)"},
    {"json", "", "print one JSON document on standard output"},
    {"q,quiet", "", "print nothing where nothing is damaged"},
    {"h,help", "", "this text"},
};

inline constexpr OptionText demo_options[] = {
    {"seed", "N", "another landscape and weather (default: 1)"},
    {"scenes", "N", "number of scenes"},
    {"size", "PX", "side of a scene in pixels"},
    {"year", "YYYY", "year of the scenes"},
    {"json", "", "print one JSON document on standard output"},
    {"q,quiet", "", "print results and errors only"},
    {"h,help", "", "this text"},
};

inline constexpr OptionText info_options[] = {
    {"copy-rate", "", "measure how fast bytes move to, from and on each CUDA device"},
    {"json", "", "print one JSON document on standard output"},
    {"h,help", "", "this text"},
};

}  // namespace cubemill
