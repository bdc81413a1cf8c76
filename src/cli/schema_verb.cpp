#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/verbs.hpp"
#include "project/format_reference.hpp"

namespace ingot::cli {
namespace {

struct SchemaOptions {
    std::string kind;
    std::string folder;
};

Status write_schema(const std::filesystem::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text << '\n';
    file.close();
    if (file) return {};
    return make_error(ErrorCode::kIo, "cannot write {}: the disk is full or the folder read-only",
                      path.string());
}

Status write_schemas(const std::vector<std::string>& kinds, const std::string& folder, bool quiet) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return make_error(ErrorCode::kIo, "cannot make {}: {}", folder, error.message());
    for (const std::string& kind : kinds) {
        INGOT_TRY_ASSIGN(const std::string schema, project::json_schema(kind));
        const std::filesystem::path path =
            std::filesystem::path(folder) / ("ingot-" + kind + ".schema.json");
        INGOT_TRY(write_schema(path, schema));
        if (!quiet) std::printf("wrote %s\n", path.c_str());
    }
    return {};
}

Result<int> schema(Invocation& invocation, const SchemaOptions& options) {
    if (!options.folder.empty()) {
        const std::vector<std::string> kinds =
            options.kind.empty() ? project::format_file_kinds() : std::vector{options.kind};
        INGOT_TRY(write_schemas(kinds, options.folder, invocation.quiet()));
        return kExitOk;
    }
    INGOT_TRY_ASSIGN(const std::string text,
                     project::json_schema(options.kind.empty() ? "project" : options.kind));
    std::printf("%s\n", text.c_str());
    return kExitOk;
}

}  // namespace

void add_schema(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand(
        "schema", "Print the JSON Schema of a kind of project file, for editors");
    auto options = std::make_shared<SchemaOptions>();
    verb->add_option("kind", options->kind,
                     "project (default), source, model, seed, check or pipeline");
    verb->add_option("--out", options->folder,
                     "Write ingot-KIND.schema.json into this folder; without KIND, of all kinds");
    verb->callback([&chosen, options] {
        chosen([options](Invocation& invocation) { return schema(invocation, *options); });
    });
}

}  // namespace ingot::cli
