#include "exec/net_setup.hpp"

#include <set>

#include "cubemill/io/href.hpp"
#include "exec/report_text.hpp"

namespace cubemill {

NetOptions net_options_for(const CompositeRequest& request, const std::vector<Scene>& scenes,
                           std::vector<std::string>& notes) {
  NetOptions net = request.net;
  std::set<std::string> paid;
  for (const Scene& scene : scenes)
    for (const auto& [key, asset] : scene.assets) {
      const std::string bucket = bucket_of(asset.href);
      if (bucket.empty()) continue;
      if (!asset.storage.region.empty()) net.bucket_regions.emplace(bucket, asset.storage.region);
      if (asset.storage.requester_pays) paid.insert(bucket);
    }
  if (net.requester_pays || !net.sign || paid.empty()) return net;  // the user has said
  net.requester_pays_buckets.assign(paid.begin(), paid.end());
  notes.push_back("the items say that " + joined(net.requester_pays_buckets) +
                  " is requester pays: your account pays for what is read; --request-payer none "
                  "does not");
  return net;
}

}  // namespace cubemill
