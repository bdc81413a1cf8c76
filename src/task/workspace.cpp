#include "task/workspace.hpp"

#include <algorithm>
#include <charconv>

#include "base/log.hpp"

namespace ingot::task {
namespace {

constexpr std::string_view kLogFolder = "/_delta_log/";

/// Resolves names for one session: overrides, then the project's views, then pinned tables.
class SessionTables final : public engine::TableLookup {
public:
    SessionTables(const Workspace& workspace, Pins& pins,
                  std::map<std::string, delta::SnapshotPtr> overrides)
        : workspace_(workspace), pins_(pins), overrides_(std::move(overrides)) {}

    Result<std::optional<engine::Relation>> find(
        std::string_view layer, std::string_view name,
        std::optional<delta::TableVersion> version) override {
        const project::TableName table{std::string(layer), std::string(name)};
        if (const auto found = overrides_.find(table.text()); found != overrides_.end()) {
            return std::optional<engine::Relation>(found->second);
        }
        const project::Model* model = workspace_.project->find_model(table);
        if (model != nullptr && model->kind == project::ModelKind::kView) {
            return std::optional<engine::Relation>(model->query.bindable_sql);
        }
        if (version) {
            INGOT_TRY_ASSIGN(delta::SnapshotPtr snapshot, pins_.snapshot_at(table, *version));
            return std::optional<engine::Relation>(std::move(snapshot));
        }
        INGOT_TRY_ASSIGN(delta::SnapshotPtr snapshot, pins_.snapshot(table));
        if (snapshot) return std::optional<engine::Relation>(std::move(snapshot));
        if (model == nullptr && workspace_.project->find_source(table) == nullptr)
            return std::optional<engine::Relation>();
        return make_error(ErrorCode::kNotFound,
                          "table {0} has not been built yet: run `ingot run {0}` first",
                          table.text());
    }

    std::vector<std::string> names() override {
        std::vector<std::string> names;
        for (const project::TableName& table : workspace_.project->table_names())
            names.push_back(table.text());
        for (const auto& [name, snapshot] : overrides_) names.push_back(name);
        return names;
    }

private:
    const Workspace& workspace_;
    Pins& pins_;
    std::map<std::string, delta::SnapshotPtr> overrides_;
};

Scalar instant(Timestamp at) {
    return Scalar::integer(TypeId::kTimestamp, at.micros());
}

/// The range that a name such as `window__start_2` is about; null when there is none.
const Interval* numbered_range(std::string_view name, std::string_view prefix,
                               const std::vector<Interval>& ranges) {
    if (!name.starts_with(prefix)) return nullptr;
    const std::string_view digits = name.substr(prefix.size());
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), number);
    const bool known = error == std::errc() && end == digits.end() && number >= 1;
    return known && number <= ranges.size() ? &ranges[number - 1] : nullptr;
}

Result<Scalar> bind_one(const std::string& name, const ParameterValues& values) {
    const auto unknown = [&]() {
        std::string written = name;
        if (const std::size_t at = written.find("__"); at != std::string::npos)
            written.replace(at, 2, ".");
        return make_error(ErrorCode::kInvalidArgument, "${} has no value here", written);
    };
    if (name == "run__time") return instant(values.run_time);
    if (const std::optional<Interval> window = values.window()) {
        if (name == "window__start") return instant(window->start);
        if (name == "window__end") return instant(window->end);
    }
    if (const Interval* range = numbered_range(name, "window__start_", values.ranges))
        return instant(range->start);
    if (const Interval* range = numbered_range(name, "window__end_", values.ranges))
        return instant(range->end);
    if (name == "previous__row_count") {
        return values.previous_row_count
                   ? Scalar::integer(TypeId::kLong, *values.previous_row_count)
                   : Scalar::null(TypeId::kLong);
    }
    if (name.starts_with("params__") && values.params != nullptr && values.param_types != nullptr) {
        const std::string key = name.substr(std::string_view("params__").size());
        const auto value = values.params->find(key);
        const auto type = values.param_types->find(key);
        if (value == values.params->end() || type == values.param_types->end()) return unknown();
        return value->second.to_scalar(type->second.data_type());
    }
    if (name.starts_with("matrix__") && values.matrix != nullptr) {
        const auto value = values.matrix->find(name.substr(std::string_view("matrix__").size()));
        if (value == values.matrix->end()) return unknown();
        return value->second.to_scalar(value->second.natural_type());
    }
    return unknown();
}

}  // namespace

Result<Lake> Lake::open(std::string_view uri) {
    INGOT_TRY_ASSIGN_WITH(std::shared_ptr<storage::ObjectStore> store, storage::open_store(uri),
                          "while opening the lake");
    return Lake(std::move(store));
}

Result<OpenedWorkspace> open_workspace(const project::ProjectPtr& project, engine::Engine& engine,
                                       Clock& clock) {
    INGOT_TRY_ASSIGN(Lake lake, Lake::open(project->lake));
    std::optional<Lake> read_from;
    if (project->read_from_lake) {
        INGOT_TRY_ASSIGN(read_from, Lake::open(*project->read_from_lake));
    }
    INGOT_TRY_ASSIGN(std::unique_ptr<project::SecretStore> secrets,
                     project::SecretStore::open(project->secrets_from, project->root));
    project::SecretResolver* resolver = secrets.get();
    return OpenedWorkspace{
        std::move(secrets),
        Workspace{project, std::move(lake), std::move(read_from), engine, clock, resolver}};
}

delta::TableLocation Lake::location(const project::TableName& table) const {
    return delta::TableLocation{store_, table.layer() + "/" + table.name()};
}

Result<std::vector<project::TableName>> Lake::tables() const {
    INGOT_TRY_ASSIGN(const std::vector<storage::ObjectInfo> objects, store_->list(""));
    std::vector<project::TableName> tables;
    for (const storage::ObjectInfo& object : objects) {
        const std::size_t log = object.path.find(kLogFolder);
        if (log == std::string::npos) continue;
        const std::string folder = object.path.substr(0, log);
        const std::size_t slash = folder.find('/');
        if (slash == std::string::npos || folder.find('/', slash + 1) != std::string::npos)
            continue;
        project::TableName table{folder.substr(0, slash), folder.substr(slash + 1)};
        if (tables.empty() || tables.back() != table) tables.push_back(std::move(table));
    }
    return tables;
}

Result<delta::SnapshotPtr> Pins::snapshot(const project::TableName& table) {
    {
        auto pins = pins_.lock();
        if (const auto found = pins->find(table); found != pins->end()) return found->second;
    }
    INGOT_TRY_ASSIGN(delta::SnapshotPtr opened, open_newest(table));
    auto pins = pins_.lock();
    return pins->emplace(table, std::move(opened)).first->second;
}

namespace {

/// The location of a Delta table that others write; nothing for any other table.
Result<std::optional<delta::TableLocation>> external_location(const Workspace& workspace,
                                                              const project::TableName& table) {
    const project::Source* source = workspace.project->find_source(table);
    const auto* origin =
        source == nullptr ? nullptr : std::get_if<project::DeltaOrigin>(&source->from);
    if (origin == nullptr) return std::optional<delta::TableLocation>();
    project::TemplateContext render;
    render.params = &workspace.project->params;
    render.secrets = workspace.secrets;
    INGOT_TRY_ASSIGN_WITH(std::string path, origin->path.render_text(render),
                          "in " + source->place.to_string());
    const bool local = path.find("://") == std::string::npos;
    if (local && !path.starts_with('/')) path = workspace.project->root + "/" + path;
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    INGOT_TRY_ASSIGN_WITH(std::shared_ptr<storage::ObjectStore> store, storage::open_store(path),
                          "in " + source->place.to_string());
    delta::TableLocation location{std::move(store), ""};
    INGOT_TRY_ASSIGN(const bool exists, delta::table_exists(location));
    if (!exists) {
        return make_error(ErrorCode::kNotFound,
                          "{}: there is no Delta table at {}, where {} is read",
                          source->place.to_string(), mask_secrets(path), table.text());
    }
    return std::optional(std::move(location));
}

}  // namespace

Result<delta::SnapshotPtr> Pins::open_newest(const project::TableName& table) {
    INGOT_TRY_ASSIGN(const std::optional<delta::TableLocation> external,
                     external_location(workspace_, table));
    if (external) return delta::open_snapshot(*external, workspace_.engine.parquet());
    for (const Lake* lake :
         {&workspace_.lake, workspace_.read_from ? &*workspace_.read_from : nullptr}) {
        if (lake == nullptr) continue;
        const delta::TableLocation location = lake->location(table);
        INGOT_TRY_ASSIGN(const bool exists, delta::table_exists(location));
        if (exists) return delta::open_snapshot(location, workspace_.engine.parquet());
    }
    return delta::SnapshotPtr();
}

Result<delta::SnapshotPtr> Pins::snapshot_at(const project::TableName& table,
                                             delta::TableVersion version) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr newest, snapshot(table));
    if (!newest)
        return make_error(ErrorCode::kNotFound, "table {} has not been built yet", table.text());
    delta::SnapshotRequest request;
    request.version = version;
    return delta::open_snapshot(newest->location(), workspace_.engine.parquet(), request);
}

void Pins::publish(const project::TableName& table, delta::SnapshotPtr snapshot) {
    (*pins_.lock())[table] = std::move(snapshot);
}

std::map<project::TableName, delta::SnapshotPtr> Pins::pinned() const {
    return *pins_.lock();
}

Result<bool> Pins::are_built(const std::vector<project::TableName>& tables) {
    for (const project::TableName& table : tables) {
        const project::Model* model = workspace_.project->find_model(table);
        if (model != nullptr && model->kind == project::ModelKind::kView) {
            INGOT_TRY_ASSIGN(const bool inputs_built, are_built(model->inputs));
            if (!inputs_built) return false;
            continue;
        }
        INGOT_TRY_ASSIGN(const delta::SnapshotPtr built, snapshot(table));
        if (!built) return false;
    }
    return true;
}

Result<std::unique_ptr<engine::Session>> Pins::open_session(
    const std::map<std::string, delta::SnapshotPtr>& overrides) {
    INGOT_TRY_ASSIGN(
        std::unique_ptr<engine::Session> session,
        workspace_.engine.session(std::make_shared<SessionTables>(workspace_, *this, overrides)));
    for (const project::Macro& macro : workspace_.project->macros) {
        INGOT_TRY_ASSIGN(const bool readable, are_built(macro.inputs));
        if (!readable) continue;  // Whoever uses it is told which table is not built yet.
        INGOT_TRY_WITH(session->execute({macro.sql, {}}),
                       fmt::format("while creating the macro at {}", macro.place.to_string()));
    }
    return session;
}

std::vector<std::string> bindable_parameters(const project::Model& model) {
    std::vector<std::string> names = model.query.parameters;
    for (std::string& name : names) {
        if (const std::size_t dot = name.find('.'); dot != std::string::npos)
            name.replace(dot, 1, "__");
    }
    return names;
}

Result<std::map<std::string, Scalar>> bind_parameters(const std::vector<std::string>& names,
                                                      const ParameterValues& values) {
    std::map<std::string, Scalar> bound;
    for (const std::string& name : names) {
        INGOT_TRY_ASSIGN(Scalar value, bind_one(name, values));
        bound.emplace(name, std::move(value));
    }
    return bound;
}

}  // namespace ingot::task
