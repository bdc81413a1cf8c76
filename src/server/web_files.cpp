#include "server/web_files.hpp"

#include <array>

#include "server/problem.hpp"

#include "base/hash.hpp"

namespace ingot::server {
namespace {

constexpr std::string_view kStartPage = "index.html";
/// Everything comes from here, and no other site puts it into a frame.
constexpr const char* kContentSecurity =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

constexpr std::string_view kNoPages = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Ingot</title>
<h1>Ingot is running</h1>
<p>This program was built without its web pages: <code>make web</code>, then build it again.
The API is at <a href="/api/v1/openapi.json">/api/v1</a>.</p>
</html>
)";

std::string_view type_of(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kTypes = {{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
        {".wasm", "application/wasm"},
    }};
    for (const auto& [end, type] : kTypes)
        if (path.ends_with(end)) return type;
    return "application/octet-stream";
}

Headers page_headers() {
    return {{"Content-Security-Policy", kContentSecurity},
            {"X-Frame-Options", "DENY"},
            {"Referrer-Policy", "same-origin"}};
}

/// `/runs/42` and `/tables/silver.events` are pages of the application; `/assets/gone.js` and
/// `/gone.ico` are files: the build puts files into `assets` and beside the start page only.
bool is_page(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.starts_with("assets/")) return false;
    return path.find('/') != std::string_view::npos || path.find('.') == std::string_view::npos;
}

}  // namespace

WebFiles::WebFiles(std::span<const WebFile> files) {
    for (const WebFile& file : files) {
        files_.emplace(file.path,
                       Entry{file.bytes, fmt::format("\"{:016x}\"", hash64(file.bytes))});
    }
}

Response WebFiles::serve(const Request& request) const {
    if (files_.empty() && is_page(request.path()))
        return {.content_type = "text/html; charset=utf-8",
                .body = std::string(kNoPages),
                .headers = page_headers()};
    const auto path = percent_decode(request.path().substr(1));
    if (!path) return problem(400, "bad_path", "the path cannot be read: %XX stands for UTF-8");
    auto found = files_.find(*path);
    if (found == files_.end() && is_page(*path)) found = files_.find(kStartPage);
    if (found == files_.end()) return problem(404, "no_such_file", "there is no such file");
    return answer(request, found->first, found->second);
}

Response WebFiles::answer(const Request& request, std::string_view path, const Entry& entry) const {
    Headers headers = page_headers();
    headers.emplace_back("ETag", entry.etag);
    // The build puts a hash into the names below assets/.
    headers.emplace_back("Cache-Control", path.starts_with("assets/")
                                              ? "public, max-age=31536000, immutable"
                                              : "no-cache");
    if (request.header("if-none-match").find(entry.etag) != std::string_view::npos)
        return {.status = 304, .headers = std::move(headers)};
    return {.content_type = std::string(type_of(path)),
            .body = std::string(entry.bytes),
            .headers = std::move(headers)};
}

}  // namespace ingot::server
