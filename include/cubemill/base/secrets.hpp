// Keeps what gives access - signatures, tokens, passwords - out of what is printed or kept. Decides
// nothing of what is read: URLs are used as they came. Pure; any thread.
#pragma once
#include <string>

namespace cubemill {

/// Gives `text` with the query of every URL in it that may give access left out (`?…`), and with
/// the user and password before a host (`…@`). Queries of which that is not likely stay.
std::string without_secrets(const std::string& text);

}  // namespace cubemill
