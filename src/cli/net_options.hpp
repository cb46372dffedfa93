// The options of the network: who signs, who pays, how much at once, how long. Knows nothing of
// what is fetched.
#pragma once
#include "cli/option_values.hpp"

namespace cubemill {

/// Reads them into `request`; what is not given stays as it is. Throws InvalidInput.
void read_net_options(const OptionReader& options, CompositeRequest& request);

}  // namespace cubemill
