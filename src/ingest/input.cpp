#include "ingest/input.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/hash.hpp"
#include "base/glob.hpp"
#include "ingest/finders_internal.hpp"

namespace ingot::ingest {
namespace {

/// Moments that differ in every part of a date.
constexpr std::int64_t kOneMoment = 631'152'000'000'000;      // 1990-01-01T00:00:00Z
constexpr std::int64_t kOtherMoment = 2'018'872'250'000'000;  // 2033-12-22T13:50:50Z

Interval window_from(std::int64_t micros) {
    return {Timestamp::from_micros(micros), Timestamp::from_micros(micros + 1)};
}

std::string_view scheme_of(std::string_view text) {
    const std::size_t end = text.find("://");
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

std::vector<std::string_view> path_parts(std::string_view path) {
    std::vector<std::string_view> parts;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        parts.push_back(path.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

}  // namespace

Result<std::unique_ptr<InputFinder>> open_finder(const project::Source& source,
                                                 const InputContext& context) {
    if (const auto* files = std::get_if<project::FilesOrigin>(&source.from)) {
        // The scheme decides, and only rendering shows it: `{params.source}/...` may be a folder or
        // a URL.
        INGOT_TRY_ASSIGN(
            const project::Rendered rendered,
            files->path.render(render_context(context, source, window_from(kOneMoment))));
        const auto* text = std::get_if<std::string>(&rendered);
        const std::string_view scheme = text == nullptr ? std::string_view() : scheme_of(*text);
        if (scheme.empty()) return find_local_files(source, *files, context);
        if (scheme == "http" || scheme == "https") {
            return find_remote_files(source, *files, context);
        }
        return make_error(ErrorCode::kUnsupported, "{}: not yet: reading files from {}://",
                          source.place.to_string(), scheme);
    }
    if (const auto* command = std::get_if<project::CommandOrigin>(&source.from)) {
        return find_command_output(source, *command, context);
    }
    return make_error(ErrorCode::kUnsupported, "{}: not yet: reading from {}",
                      source.place.to_string(), project::origin_name(source.from));
}

project::TemplateContext render_context(const InputContext& context, const project::Source& source,
                                        const std::optional<Interval>& window) {
    project::TemplateContext render;
    render.window = window;
    if (source.window) render.timezone = source.window->timezone;
    render.run_time = context.run_time;
    render.params = &context.project.params;
    render.secrets = context.secrets;
    return render;
}

std::string absolute_path(const project::Project& project, const std::string& path) {
    return path.starts_with('/') ? path : project.root + "/" + path;
}

format::Compression compression_of(const project::Format& format) {
    switch (format.compression) {
        case project::Compression::kAuto:
            return format::Compression::kAuto;
        case project::Compression::kNone:
            return format::Compression::kNone;
        case project::Compression::kGzip:
            return format::Compression::kGzip;
        case project::Compression::kZstd:
            return format::Compression::kZstd;
    }
    return format::Compression::kAuto;
}

Result<std::size_t> telling_parts(const project::Source& source, const project::FilesOrigin& origin,
                                  const InputContext& context) {
    const bool windows = source.load == project::LoadKind::kWindow;
    const auto rendered = [&](std::int64_t micros) {
        return origin.path.render_text(render_context(
            context, source, windows ? std::optional(window_from(micros)) : std::nullopt));
    };
    INGOT_TRY_ASSIGN(const std::string one, rendered(kOneMoment));
    INGOT_TRY_ASSIGN(const std::string other, rendered(kOtherMoment));
    const std::vector<std::string_view> parts = path_parts(one);
    const std::vector<std::string_view> others = path_parts(other);
    std::size_t first = 0;
    while (first + 1 < parts.size() && first < others.size() && parts[first] == others[first] &&
           !has_wildcard(parts[first])) {
        ++first;
    }
    return parts.size() - first;
}

std::string display_name(std::string_view path, std::size_t parts) {
    std::size_t begin = path.size();
    for (; parts > 0 && begin != 0; --parts) {
        const std::size_t slash = path.rfind('/', begin - 1);
        if (slash == std::string_view::npos) {
            begin = 0;
            break;
        }
        begin = slash;
    }
    if (begin < path.size() && path[begin] == '/') ++begin;
    std::string name(path.substr(begin));
    std::replace(name.begin(), name.end(), '!', '_');
    return name;
}

bool same_bytes(const std::vector<publish::InputIdentity>& before,
                const std::vector<publish::InputIdentity>& now) {
    return !now.empty() && std::equal(before.begin(), before.end(), now.begin(), now.end(),
                                      [](const auto& a, const auto& b) {
                                          return a.name == b.name && a.size == b.size &&
                                                 !a.sha256.empty() && a.sha256 == b.sha256;
                                      });
}

Result<std::string> file_sha256(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    Sha256 hash;
    std::vector<char> buffer(1U << 20);
    while (file) {
        file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        hash.update({buffer.data(), static_cast<std::size_t>(file.gcount())});
    }
    if (!file.eof()) {
        return make_error(ErrorCode::kIo, "cannot read {}: {}", path,
                          std::generic_category().message(errno));
    }
    return hash.finish_hex();
}

}  // namespace ingot::ingest
