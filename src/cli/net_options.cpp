#include "cli/net_options.hpp"

#include <algorithm>
#include <cctype>

namespace cubemill {
namespace {

int whole_number(const OptionReader& r, const std::string& name, int least, int most) {
  const double n = parse_number(r.one(name), "--" + name);
  if (!(n >= least && n <= most) || n != int(n))
    throw InvalidInput("--" + name + " '" + r.one(name) + "': a whole number from " +
                       std::to_string(least) + " to " + std::to_string(most));
  return int(n);
}

bool is_bucket(const std::string& name) {
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '.' || c == '_';
         });
}

void read_payer(const OptionReader& r, NetOptions& net) {
  if (!r.has("request-payer")) return;
  const std::string payer = r.one("request-payer");
  net.requester_pays = payer == "requester";
  if (payer == "requester" || payer == "none") return;
  net.requester_pays_buckets = split_list(payer);
  if (net.requester_pays_buckets.empty() ||
      !std::ranges::all_of(net.requester_pays_buckets, is_bucket))
    throw InvalidInput("--request-payer '" + payer +
                       "': 'requester' for all buckets, names of buckets, or 'none'");
}

}  // namespace

void read_net_options(const OptionReader& r, CompositeRequest& request) {
  NetOptions& net = request.net;
  read_payer(r, net);
  net.sign = !r.has("no-sign-request");
  if (r.has("no-sign-request") && r.has("request-payer") && r.one("request-payer") != "none")
    throw InvalidInput("--no-sign-request excludes --request-payer: who pays must sign");
  net.sign_command = r.one("sign-with");
  if (r.has("sign-with") && net.sign_command.empty())
    throw InvalidInput("--sign-with is empty: a command that gets an href and prints a URL");
  if (r.has("connections")) net.connections = whole_number(r, "connections", 1, 1024);
  if (r.has("read-timeout"))
    net.deadline = std::chrono::seconds(whole_number(r, "read-timeout", 1, 86400));
  request.cache_folder = r.one("cache-dir");
  if (r.has("cache-dir") && request.cache_folder.empty())
    throw InvalidInput("--cache-dir is empty: a folder");
}

}  // namespace cubemill
