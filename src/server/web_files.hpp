#pragma once
// The web pages, which are part of the program.
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "server/http_message.hpp"

namespace ingot::server {

struct WebFile {
    std::string_view path;  ///< `assets/index-4f3a.js`
    std::string_view bytes;
};
/// What the build of web/ left, and this program was built with; empty without such a build.
std::span<const WebFile> built_web_files();

/// Files by name: there is no way from a path to anything else. Immutable, thread-safe.
class WebFiles {
public:
    explicit WebFiles(std::span<const WebFile> files);
    /// A file, the start page for paths of the application, or 404. Without files: a page that says
    /// how they come in.
    Response serve(const Request& request) const;

private:
    struct Entry {
        std::string_view bytes;
        std::string etag;
    };
    Response answer(const Request& request, std::string_view path, const Entry& entry) const;
    std::map<std::string, Entry, std::less<>> files_;
};

}  // namespace ingot::server
