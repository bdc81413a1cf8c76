#pragma once
#include <string>
#include <string_view>

namespace ingot {

/// Everything but letters, digits and `kept` as %XX (RFC 3986, section 2.1).
std::string percent_encode(std::string_view text, std::string_view kept = "-_.~");

}  // namespace ingot
