// What comes damaged from a store is asked for again.
#pragma once

namespace cubemill {

/// How often a block is fetched that comes damaged: a second wire fault in a row is as good as
/// impossible, so what is still damaged then is damaged in the store.
constexpr int fetches_of_damaged = 3;

}  // namespace cubemill
