#include "../../thrust_on_streams.hpp"
