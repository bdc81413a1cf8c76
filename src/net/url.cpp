#include "net/url.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "base/log.hpp"
#include "base/percent.hpp"

namespace ingot::net {

namespace {

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

/// The pieces of `scheme://authority/path?query#fragment`; a piece that is absent is empty.
struct UrlParts {
    std::string_view scheme;     ///< With `://`.
    std::string_view user_info;  ///< With `@`.
    std::string_view host;       ///< With the port.
    std::string_view path;
    std::string_view query;     ///< With `?`.
    std::string_view fragment;  ///< With `#`.
};

UrlParts split_url(std::string_view url) {
    UrlParts parts;
    const auto take = [&url](std::size_t size) {
        const std::string_view taken = url.substr(0, size);
        url.remove_prefix(taken.size());
        return taken;
    };
    const std::size_t scheme_end = url.find("://");
    if (scheme_end != std::string_view::npos) parts.scheme = take(scheme_end + 3);
    std::string_view authority = take(std::min(url.find_first_of("/?#"), url.size()));
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
        parts.user_info = authority.substr(0, at + 1);
        authority.remove_prefix(at + 1);
    }
    parts.host = authority;
    parts.path = take(std::min(url.find_first_of("?#"), url.size()));
    parts.query = take(std::min(url.find('#'), url.size()));
    parts.fragment = url;
    return parts;
}

std::string masked_query(std::string_view query) {
    std::string masked;
    while (!query.empty()) {
        // A separator, then `name=value`.
        masked += query.front();
        query.remove_prefix(1);
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(pair.size());
        const std::string_view name = pair.substr(0, pair.find('='));
        const bool secret = name.size() < pair.size() && is_secret_name(name);
        masked += secret ? std::string(name) + "=***" : std::string(pair);
    }
    return masked;
}

}  // namespace

std::string with_query_parameter(std::string_view url, std::string_view name,
                                 std::string_view value) {
    const UrlParts parts = split_url(url);
    const std::string_view without_fragment = url.substr(0, url.size() - parts.fragment.size());
    const bool needs_separator = parts.query.size() != 1 && !parts.query.ends_with('&');
    const std::string_view separator = parts.query.empty() ? "?" : needs_separator ? "&" : "";
    return fmt::format("{}{}{}={}{}", without_fragment, separator, percent_encode(name),
                       percent_encode(value), parts.fragment);
}

std::string url_origin(std::string_view url) {
    const UrlParts parts = split_url(url);
    std::string origin = lower_case(parts.scheme) + lower_case(parts.host);
    for (const std::string_view standard : {":80", ":443"}) {
        const bool https = origin.starts_with("https:");
        if (https == (standard == ":443") && origin.ends_with(standard)) {
            origin.resize(origin.size() - standard.size());
        }
    }
    return origin;
}

bool is_secret_name(std::string_view name) {
    constexpr std::array<std::string_view, 11> kParts = {"key",    "token",  "secret", "password",
                                                         "passwd", "pwd",    "sig",    "auth",
                                                         "cred",   "cookie", "session"};
    const std::string lower = lower_case(name);
    return std::any_of(kParts.begin(), kParts.end(), [&](std::string_view part) {
        return lower.find(part) != std::string::npos;
    });
}

std::string display_url(std::string_view url) {
    const UrlParts parts = split_url(url);
    return mask_secrets(fmt::format("{}{}{}{}{}{}", parts.scheme,
                                    parts.user_info.empty() ? "" : "***@", parts.host, parts.path,
                                    masked_query(parts.query), parts.fragment));
}

}  // namespace ingot::net
