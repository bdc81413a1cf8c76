#include "task/model_task.hpp"

#include <algorithm>

#include "project/history.hpp"
#include "publish/merge_sql.hpp"
#include "publish/publish.hpp"
#include "quality/readiness.hpp"
#include "quality/row_rules.hpp"
#include "quality/schema_change.hpp"
#include "quality/sql_text.hpp"
#include "quality/tables.hpp"
#include "quality/window_sql.hpp"
#include "task/audit.hpp"
#include "task/command_rows.hpp"
#include "task/history.hpp"
#include "task/report_internal.hpp"
#include "task/table_publish_internal.hpp"

namespace ingot::task {
namespace {

constexpr std::string_view kQuarantineWindow = "_window_start";

/// More gaps than this between windows make another pass.
constexpr std::size_t kRangesMax = 8;

/// One pass over the model: ranges of windows, or the whole table.
struct Pass {
    std::vector<Interval> ranges;   ///< Apart from each other, in order; none: the whole table.
    std::vector<Interval> windows;  ///< Those in `ranges`.
    bool anew = false;              ///< Drop what is there: the first pass of a rebuild.
};

std::vector<Pass> passes_of(const project::Model& model, const ModelWork& work);
Status run_pass(const project::Model& model, const TaskContext& context, const ModelWork& work,
                const Pass& pass, TableReport& report);
Status run_pass_or_its_windows(const project::Model& model, const TaskContext& context,
                               const ModelWork& work, const Pass& pass, TableReport& report);
bool is_about_rows(const Error& error);
bool has_a_write_mode(project::ModelKind kind);

Status bring_up_to_date(const project::Model& model, const TaskContext& context,
                        TableReport& report) {
    if (model.kind == project::ModelKind::kView) {
        report.status = TableStatus::kView;
        return {};
    }
    if (!has_a_write_mode(model.kind)) {
        return make_error(ErrorCode::kUnsupported, "{}: not yet: kind {}", model.place.to_string(),
                          project::model_kind_name(model.kind));
    }
    INGOT_TRY(check_requirements(model, context));
    INGOT_TRY_ASSIGN(const ModelWork work, plan_model(model, context.workspace, context.pins,
                                                      context.options, context.run.time));
    if (!work.warning.empty()) report.warnings.push_back(work.warning);
    if (work.empty()) return {};
    report.reason = work.whole ? work.whole->detail : summarize(work.windows);
    std::optional<Error> first;
    for (const Pass& pass : passes_of(model, work)) {
        Status done = run_pass_or_its_windows(model, context, work, pass, report);
        if (done) continue;
        // A window that fails says nothing about the next one; a store or an engine that fails
        // does.
        if (!is_about_rows(done.error()) || pass.anew) return done;
        if (!first) first = std::move(done).error();
    }
    if (first) return *std::move(first);
    report.status = TableStatus::kPublished;
    return {};
}

}  // namespace

TableReport run_model(const project::Model& model, const TaskContext& context) {
    return reported(model.name, context.workspace.clock,
                    [&](TableReport& report) { return bring_up_to_date(model, context, report); });
}

namespace {

/// Whether the SELECTs of several ranges, put together, give what one after the other gives: rows
/// belong to one range alone, or a history has its time, or the newest of a key wins wherever it
/// comes from. A rule that rejects the newest lets an older one through only when that one is
/// published first.
bool may_join_ranges(const project::Model& model) {
    if (model.kind == project::ModelKind::kIncremental) return true;
    if (model.kind == project::ModelKind::kScd2)
        return model.duplicates.mode != project::Duplicates::Mode::kKeep;
    return model.kind == project::ModelKind::kMerge && !model.order_by.empty() &&
           model.reject.empty() && model.duplicates.mode != project::Duplicates::Mode::kKeep;
}

std::vector<Pass> passes_of(const project::Model& model, const ModelWork& work) {
    if (work.whole) return {Pass{{}, {}, work.anew}};
    const std::size_t ranges_max = may_join_ranges(model) ? kRangesMax : 1;
    std::vector<Pass> passes;
    for (const Interval& range : contiguous_ranges(work.windows)) {
        if (passes.empty() || passes.back().ranges.size() == ranges_max)
            passes.push_back(Pass{{}, {}, work.anew && passes.empty()});
        passes.back().ranges.push_back(range);
        for (const publish::WindowWork& each : work.windows) {
            if (range.contains(each.window.start)) passes.back().windows.push_back(each.window);
        }
    }
    return passes;
}

/// What a check, a contract or the SELECT has against the rows.
bool is_about_rows(const Error& error) {
    return error.code == ErrorCode::kInvalidArgument;
}

Status run_windows_one_by_one(const project::Model& model, const TaskContext& context,
                              const ModelWork& work, const Pass& pass, TableReport& report) {
    std::optional<Error> first;
    for (const Interval& window : pass.windows) {
        const Status done = run_pass(model, context, work, Pass{{window}, {window}, false}, report);
        if (done) continue;
        ++report.windows_failed;
        if (!is_about_rows(done.error())) return done;
        if (!first) first = Error(done.error()).with("in window " + window.to_string());
    }
    if (first) return *std::move(first);
    return {};
}

/// The good windows of a range publish, although a bad one failed it. A rebuild is not split: it
/// would drop what the table has for the bad window.
Status run_pass_or_its_windows(const project::Model& model, const TaskContext& context,
                               const ModelWork& work, const Pass& pass, TableReport& report) {
    const auto checks_before = static_cast<std::ptrdiff_t>(report.checks.size());
    Status done = run_pass(model, context, work, pass, report);
    if (done) return done;
    if (pass.windows.size() > 1 && !pass.anew && is_about_rows(done.error())) {
        report.checks.erase(report.checks.begin() + checks_before, report.checks.end());
        return run_windows_one_by_one(model, context, work, pass, report);
    }
    report.windows_failed += static_cast<std::int64_t>(pass.windows.size());
    return done;
}

ParameterValues parameter_values(const project::Model& model, const TaskContext& context,
                                 const Pass& pass) {
    ParameterValues values;
    values.ranges = pass.ranges;
    values.run_time = context.run.time;
    values.params = &context.workspace.project->params;
    values.param_types = &context.workspace.project->param_types;
    values.matrix = &model.matrix;
    return values;
}

bool has_a_write_mode(project::ModelKind kind) {
    return kind != project::ModelKind::kStream;
}

publish::WriteMode write_mode(const project::Model& model, const Pass& pass, Timestamp now) {
    if (model.kind == project::ModelKind::kMerge)
        return publish::UpsertByKey{model.key, model.order_by, pass.anew};
    if (model.kind == project::ModelKind::kScd2) {
        publish::KeepHistory history = history_mode(model, now);
        history.anew = pass.anew;
        return history;
    }
    if (pass.anew) return publish::OverwriteTable{};
    const bool command_by_window =
        model.kind == project::ModelKind::kCommand && !pass.ranges.empty();
    if (model.kind == project::ModelKind::kIncremental || command_by_window)
        return publish::ReplaceRange{model.time, IntervalSet(pass.ranges)};
    if (model.kind == project::ModelKind::kAppend) return publish::AppendRows{};
    return publish::OverwriteTable{};
}

/// The SELECT of a model; of a seed, a SELECT over its file.
Result<engine::Query> select_of(const project::Model& model, const TaskContext& context,
                                const ParameterValues& values) {
    if (model.seed) {
        const std::string path = context.workspace.project->root + "/" + model.seed->path;
        const char* reader =
            model.seed->kind == project::SeedFile::Kind::kCsv ? "read_csv" : "read_json";
        return engine::Query{
            fmt::format("SELECT * FROM {}({})", reader, Scalar::text(path).to_sql()), {}};
    }
    engine::Query query{model.query.bindable_sql, {}};
    INGOT_TRY_ASSIGN_WITH(query.parameters, bind_parameters(bindable_parameters(model), values),
                          "in " + model.path);
    return query;
}

/// The rows of the SELECT for each range of the pass, in no order; of a key that is merged, the
/// newest.
std::string over_ranges(const project::Model& model, const Pass& pass, const std::string& sql,
                        const Schema& produced) {
    if (pass.ranges.size() < 2) return sql;
    std::string all;
    for (std::size_t i = 1; i <= pass.ranges.size(); ++i) {
        all += fmt::format("{}SELECT * FROM ({}\n)", all.empty() ? "" : " UNION ALL ",
                           quality::with_numbered_window(sql, i));
    }
    if (model.kind != project::ModelKind::kMerge) return all;
    return publish::merge_select({model.key, model.order_by}, produced, "(" + all + ")", {});
}

/// Puts columns that the table has and the SELECT no longer gives behind it, as nulls.
std::string with_missing_columns(std::string sql, const Schema& produced, const Schema& wanted) {
    std::string nulls;
    for (const Field& field : wanted.fields) {
        if (produced.find(field.name) != nullptr) continue;
        nulls += fmt::format(", CAST(NULL AS {}) AS {}", sql_type_name(field.type),
                             quality::quoted_name(field.name));
    }
    return nulls.empty() ? sql : fmt::format("SELECT *{} FROM ({}\n)", nulls, sql);
}

Result<std::string> quarantine_window(const project::Model& model, const Schema& produced,
                                      const Pass& pass) {
    if (pass.ranges.empty()) return std::string();
    const Field* time = model.time.empty() ? nullptr : produced.find(model.time);
    if (time == nullptr)
        return Scalar::integer(TypeId::kTimestamp, pass.ranges.front().start.micros()).to_sql();
    return quality::quarantine_window_sql({model.time, *model.window}, time->type, pass.ranges);
}

publish::ProgressUpdate progress_update(const project::Model& model, const ModelWork& work,
                                        const Pass& pass) {
    publish::ProgressUpdate update;
    update.code_hash = model.code_hash;
    update.reset = pass.anew;
    for (const auto& [table, history] : work.inputs) update.inputs.emplace(table, history.now);
    if (pass.ranges.empty()) {
        update.whole = publish::WholeBuild{model.code_hash, update.inputs};
        return update;
    }
    for (const Interval& range : pass.ranges) {
        update.windows.push_back(publish::ProgressEntry{
            range, publish::WindowState::kDone, model.code_hash, update.inputs, std::nullopt});
    }
    update.stale = [inputs = work.inputs](const publish::Progress& progress) {
        return publish::stale_parts(progress, inputs);
    };
    return update;
}

Status check_is_history(const project::Model& model, const delta::SnapshotPtr& before,
                        const Pass& pass) {
    if (model.kind != project::ModelKind::kScd2 || !before || pass.anew) return {};
    if (project::holds_history(model, before->schema())) return {};
    return make_error(ErrorCode::kUnsupported,
                      "{}: the table was built by another kind, or its 'time' came or went: run it "
                      "with --full, which drops what it holds",
                      model.name.text());
}

/// Whether columns may change so that stored rows cannot stay.
Status check_may_rebuild(const project::Model& model, const Pass& pass) {
    if (!pass.ranges.empty()) {
        return make_error(
            ErrorCode::kUnsupported,
            "{}: its columns changed so that it has to be rebuilt: run it with --full",
            model.name.text());
    }
    if (model.kind != project::ModelKind::kScd2) return {};
    return make_error(ErrorCode::kUnsupported,
                      "{}: its columns changed so that it would have to be rebuilt, and its "
                      "history is nowhere else: set `on_schema_change` to add or widen",
                      model.name.text());
}

Status run_pass(const project::Model& model, const TaskContext& context, const ModelWork& work,
                const Pass& pass, TableReport& report) {
    std::optional<CommandRows> command_rows;
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, context.pins.open_session());
    const ParameterValues values = parameter_values(model, context, pass);
    INGOT_TRY_ASSIGN(engine::Query select, select_of(model, context, values));
    if (model.command) {
        const CommandContext command{*context.workspace.project, context.workspace.secrets, values,
                                     context.stop};
        INGOT_TRY_ASSIGN(command_rows, CommandRows::run(model, *session, select, command));
        INGOT_TRY(command_rows->add_to(*session));
        select = command_rows->select();
    }
    INGOT_TRY_ASSIGN_WITH(Schema produced, session->describe(select), "in " + model.path);
    INGOT_TRY(begin_versions(model, context.run.time, select, produced));

    INGOT_TRY_ASSIGN(const delta::SnapshotPtr before, context.pins.snapshot(model.name));
    INGOT_TRY(check_is_history(model, before, pass));
    quality::SchemaRequest schema_request;
    schema_request.table = model.name.text();
    schema_request.contract = model.columns;
    schema_request.previous = before ? &before->schema() : nullptr;
    schema_request.partition_columns = model.partition;
    schema_request.produced = &produced;
    schema_request.policy = pass.anew ? project::OnSchemaChange::kRebuild : model.on_schema_change;
    INGOT_TRY_ASSIGN(const quality::SchemaDecision decision,
                     quality::decide_schema(schema_request));
    report.warnings.insert(report.warnings.end(), decision.notes.begin(), decision.notes.end());
    if (decision.action == quality::SchemaDecision::Action::kRebuild && !pass.anew) {
        INGOT_TRY(check_may_rebuild(model, pass));
    }

    quality::QuarantineStamp stamp{context.run.id, context.run.time};
    INGOT_TRY_ASSIGN(stamp.window_start, quarantine_window(model, produced, pass));
    INGOT_TRY_ASSIGN(
        const quality::CompiledRows rows,
        quality::compile_rows(with_missing_columns(over_ranges(model, pass, select.sql, produced),
                                                   produced, decision.schema),
                              decision.schema, quality::rules_of(model), stamp));

    publish::PublishRequest request;
    request.table = model.name.text();
    request.location = context.workspace.lake.location(model.name);
    request.shape = publish::TableShape{decision.schema, model.partition, {}, model.description};
    request.mode = write_mode(model, pass, context.run.time);
    request.on_schema_change = schema_request.policy;
    request.run_id = context.run.id;
    request.run_time = context.run.time;
    const bool by_key =
        model.kind == project::ModelKind::kMerge || model.kind == project::ModelKind::kScd2;
    request.operation = by_key ? "MERGE" : "WRITE";
    request.progress = progress_update(model, work, pass);
    request.planned_on = before;
    request.splits = rows.splits;
    request.counted_only.insert(rows.counted_only.begin(), rows.counted_only.end());
    if (rows.splits) {
        request.quarantine = publish::Quarantine{
            context.workspace.lake.location(model.name.quarantine()),
            {quality::quarantine_schema(), {}, {}, "Rows that " + request.table + " rejected"},
            std::string(kQuarantineWindow)};
    }
    request.select.sql = rows.sql;
    INGOT_TRY_ASSIGN(request.select.parameters, bind_parameters(rows.parameters, values));
    AuditedTable audited{model.name, model.checks, &model,           nullptr,
                         values,     model.key,    model.allow_empty};
    audited.replaces_table = std::holds_alternative<publish::OverwriteTable>(request.mode);
    request.audit = make_audit(audited, context, report);

    INGOT_TRY(publish_table(model.name, request, *session, context, report));
    report.windows_done += static_cast<std::int64_t>(pass.windows.size());
    return {};
}

}  // namespace
}  // namespace ingot::task
