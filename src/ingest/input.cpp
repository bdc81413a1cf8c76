#include "ingest/input.hpp"

#include "ingest/finders_internal.hpp"

namespace ingot::ingest {
namespace {

bool is_url(std::string_view text) {
    return text.find("://") != std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<InputFinder>> open_finder(const project::Source& source,
                                                 const InputContext& context) {
    if (const auto* files = std::get_if<project::FilesOrigin>(&source.from)) {
        // The scheme decides, and only rendering shows it: `{params.source}/...` may be a folder or
        // a URL.
        const Interval any{Timestamp::from_micros(0), Timestamp::from_micros(1)};
        INGOT_TRY_ASSIGN(const project::Rendered rendered,
                         files->path.render(render_context(context, source, any)));
        const auto* text = std::get_if<std::string>(&rendered);
        if (text == nullptr || !is_url(*text)) return find_local_files(source, *files, context);
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

}  // namespace ingot::ingest
