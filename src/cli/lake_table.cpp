#include "cli/lake_table.hpp"

#include <filesystem>

#include "project/selector.hpp"

namespace ingot::cli {
namespace {

bool is_path(const std::string& text) {
    return text.find('/') != std::string::npos || text.starts_with('.');
}

Error absent(Invocation& invocation, const LakeTable& table) {
    if (is_path(table.name)) {
        return make_error(ErrorCode::kNotFound, "{} is no Delta table: it has no _delta_log folder",
                          table.location.to_string());
    }
    const Error unknown = make_error(
        ErrorCode::kNotFound, "there is no table {}; `ingot ls` shows the tables", table.name);
    if (!invocation.has_project()) return unknown;
    const Result<project::ProjectPtr> project = invocation.project();
    if (!project) return unknown;
    const project::TableGraph graph(**project);
    const auto named = project::select_tables(**project, graph, {table.name, "", nullptr});
    if (!named) return named.error();
    const project::Model* model = (*project)->find_model(named->front());
    if (model != nullptr && model->kind == project::ModelKind::kView) {
        return make_error(ErrorCode::kNotFound,
                          "{0} is a view: it has no files; `ingot render {0}` shows its SQL",
                          table.name);
    }
    return make_error(ErrorCode::kNotFound, "{0} has not been built yet: run `ingot run +{0}`",
                      table.name);
}

}  // namespace

Result<LakeTable> parse_lake_table(Invocation& invocation, const std::string& text) {
    if (is_path(text)) {
        std::string uri = text;
        if (text.find("://") == std::string::npos)
            uri = (std::filesystem::path(invocation.options().directory) / text).string();
        INGOT_TRY_ASSIGN(std::shared_ptr<storage::ObjectStore> store, storage::open_store(uri));
        return LakeTable{text, delta::TableLocation{std::move(store), ""}};
    }
    INGOT_TRY_ASSIGN_WITH(const project::TableName name, project::TableName::parse(text),
                          "as TABLE: write layer.name, or a path with a slash");
    INGOT_TRY_ASSIGN(const task::Lake lake, invocation.lake());
    return LakeTable{name.text(), lake.location(name)};
}

Result<delta::SnapshotPtr> open_lake_table(Invocation& invocation, const std::string& text,
                                           std::optional<delta::TableVersion> version) {
    INGOT_TRY_ASSIGN(const LakeTable table, parse_lake_table(invocation, text));
    INGOT_TRY_ASSIGN(const bool exists, delta::table_exists(table.location));
    if (!exists) return absent(invocation, table);
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    delta::SnapshotRequest request;
    request.version = version;
    return delta::open_snapshot(table.location, engine->parquet(), request);
}

}  // namespace ingot::cli
