#pragma once
#include <string>
#include <string_view>

namespace ingot::net {

/// `url` with one more query parameter, before the fragment.
std::string with_query_parameter(std::string_view url, std::string_view name,
                                 std::string_view value);

/// `https://host:port` in lower case, without user info; what decides whom to trust with headers.
std::string url_origin(std::string_view url);

/// Whether a header or query parameter of that name usually holds a secret (`api_key`,
/// `Authorization`, `X-Amz-Signature`).
bool is_secret_name(std::string_view name);

/// For messages: user info, the values of secret parameters and registered secrets are `***`.
std::string display_url(std::string_view url);

}  // namespace ingot::net
