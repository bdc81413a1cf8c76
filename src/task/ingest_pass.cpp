#include <algorithm>

#include "format/source.hpp"
#include "ingest/format_of.hpp"
#include "publish/publish.hpp"
#include "quality/row_rules.hpp"
#include "quality/schema_change.hpp"
#include "quality/sql_text.hpp"
#include "quality/tables.hpp"
#include "task/audit.hpp"
#include "task/ingest_pass_internal.hpp"
#include "task/stored_value.hpp"
#include "task/table_publish_internal.hpp"

namespace ingot::task {
namespace {

constexpr const char* kRecords = "ingot_records";
constexpr const char* kRejected = "ingot_rejected";
constexpr const char* kWindowColumn = "_window";
constexpr const char* kFileColumn = "_source_file";
constexpr const char* kLineColumn = "_source_line";
constexpr const char* kLoadedColumn = "_loaded_at";
/// A file whose shape keeps changing is read this often before it is given up.
constexpr int kShapesMax = 5;

/// Columns that a table has beyond the declared ones, added by earlier loads: they are read again.
void add_known_columns(const delta::SnapshotPtr& before, const project::SourceTable& table,
                       format::FormatSpec& spec) {
    if (!before || spec.columns.empty()) return;
    for (const Field& field : before->schema().fields) {
        const bool declared = std::any_of(
            table.columns.begin(), table.columns.end(),
            [&](const project::ColumnSpec& column) { return column.name == field.name; });
        if (!declared && !field.name.starts_with('_')) {
            spec.columns.push_back(
                format::ColumnSpec{field.name, field.type, false, {}, false, false});
        }
    }
}

/// A declared column of a record; what a typed file (Parquet) has under another type is cast.
std::string stored_column(const project::ColumnSpec& column, const std::vector<Field>& decoded) {
    const std::string name = "r." + quality::quoted_name(column.name);
    const auto found = std::find_if(decoded.begin(), decoded.end(),
                                    [&](const Field& field) { return field.name == column.name; });
    const bool as_it_is = !column.type || (found != decoded.end() && found->type == *column.type);
    if (as_it_is) return name;
    return stored_value(name, column.name, found == decoded.end() ? DataType() : found->type,
                        *column.type);
}

/// `SELECT columns, expressions, provenance FROM records`
std::string select_records(const TableOfSource& of, const std::vector<Field>& decoded,
                           const std::vector<ingest::Input>& inputs, const std::string& from,
                           Timestamp loaded_at) {
    std::string columns;
    const auto add = [&](const std::string& expression, const std::string& name) {
        columns += (columns.empty() ? "" : ", ") + expression + " AS " + quality::quoted_name(name);
    };
    for (const project::ColumnSpec& column : of.table.columns) {
        add(column.expr ? "(" + *column.expr + ")" : stored_column(column, decoded), column.name);
    }
    for (const Field& field : decoded) {
        const bool declared = std::any_of(
            of.table.columns.begin(), of.table.columns.end(),
            [&](const project::ColumnSpec& column) { return column.name == field.name; });
        if (!declared && !field.name.starts_with('_'))
            add("r." + quality::quoted_name(field.name), field.name);
    }
    add("r." + quality::quoted_name(kFileColumn), kFileColumn);
    add("r." + quality::quoted_name(kLineColumn), kLineColumn);
    add(Scalar::integer(TypeId::kTimestamp, loaded_at.micros()).to_sql(), kLoadedColumn);
    if (!inputs.front().window) return "SELECT " + columns + " FROM " + from + " AS r";

    const auto instant = [](const ingest::Input& input) {
        return Scalar::integer(TypeId::kTimestamp, input.window->start.micros()).to_sql();
    };
    if (inputs.size() == 1) {
        add(instant(inputs.front()), kWindowColumn);
        return "SELECT " + columns + " FROM " + from + " AS r";
    }
    add("w.start", kWindowColumn);
    std::string windows;
    for (const ingest::Input& input : inputs) {
        for (const format::InputFile& file : input.files) {
            windows += (windows.empty() ? "" : ", ");
            windows +=
                "(" + Scalar::text(file.display_name()).to_sql() + ", " + instant(input) + ")";
        }
    }
    return "SELECT " + columns + " FROM " + from + " AS r JOIN (VALUES " + windows +
           ") AS w(file, start) ON split_part(r." + quality::quoted_name(kFileColumn) +
           ", '!', 1) = w.file";
}

publish::WriteMode write_mode(const TableOfSource& of, const IngestPass& pass) {
    switch (of.source.load) {
        case project::LoadKind::kWindow: {
            std::vector<Interval> windows;
            for (const ingest::Input& input : pass.inputs) windows.push_back(*input.window);
            return publish::ReplaceRange{kWindowColumn, IntervalSet(std::move(windows)),
                                         /*is_own_time=*/false};
        }
        case project::LoadKind::kSnapshot:
            return publish::OverwriteTable{};
        default:
            return pass.anew ? publish::WriteMode(publish::OverwriteTable{})
                             : publish::WriteMode(publish::AppendRows{});
    }
}

/// What the commit says of the inputs; `records` by input file, when it is known.
publish::ProgressUpdate progress_update(const TableOfSource& of, const IngestPass& pass,
                                        const std::map<std::string, std::int64_t>& records) {
    publish::ProgressUpdate update;
    update.code_hash = of.source.code_hash;
    update.windows = pass.absent;
    for (const ingest::Input& input : pass.inputs) {
        update.identities[input.key] = input.identities;
        if (!input.window) continue;
        std::int64_t rows = records.empty() ? 1 : 0;
        for (const format::InputFile& file : input.files) {
            const auto found = records.find(file.display_name());
            if (found != records.end()) rows += found->second;
        }
        update.windows.push_back(
            {*input.window,
             rows > 0 ? publish::WindowState::kDone : publish::WindowState::kEmpty,
             of.source.code_hash,
             {},
             std::nullopt});
    }
    if (!pass.inputs.empty() && !pass.inputs.front().window)
        update.whole = publish::WholeBuild{of.source.code_hash, {}};
    return update;
}

std::vector<format::InputFile> files_of(const std::vector<ingest::Input>& inputs,
                                        const std::string& member) {
    std::vector<format::InputFile> files;
    for (const ingest::Input& input : inputs) {
        for (format::InputFile file : input.files) {
            if (!member.empty()) file.members = member;
            files.push_back(std::move(file));
        }
    }
    return files;
}

/// Of an archive, all its members together.
std::map<std::string, std::int64_t> records_by_file(const format::ScanReport& scan) {
    std::map<std::string, std::int64_t> records;
    for (const format::FileTotals& file : scan.files)
        records[file.name.substr(0, file.name.find('!'))] += file.records;
    return records;
}

/// An input that brings nothing but rejects must not hide among good ones.
Status check_each_input(const std::vector<ingest::Input>& inputs, const format::ScanReport& scan) {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> read_and_good;
    for (const format::FileTotals& file : scan.files) {
        auto& [read, good] = read_and_good[file.name.substr(0, file.name.find('!'))];
        read += file.records;
        good += file.good;
    }
    for (const ingest::Input& input : inputs) {
        std::int64_t read = 0;
        std::int64_t good = 0;
        for (const format::InputFile& file : input.files) {
            read += read_and_good[file.display_name()].first;
            good += read_and_good[file.display_name()].second;
        }
        if (read > 0 && good == 0) {
            return make_error(ErrorCode::kInvalidArgument, "{}: all of {} records were rejected",
                              input.looked_for, read);
        }
    }
    return {};
}

/// The rejected records of a scan, as rows of the quarantine. Legacy and other whole-file reasons
/// keep their words.
engine::Query rejected_records(const std::vector<ingest::Input>& inputs,
                               const TaskContext& context) {
    std::string window = "CAST(NULL AS TIMESTAMPTZ)";
    if (inputs.front().window) {
        window = "CASE";
        for (const ingest::Input& input : inputs) {
            for (const format::InputFile& file : input.files) {
                window +=
                    " WHEN split_part(file, '!', 1) = " +
                    Scalar::text(file.display_name()).to_sql() + " THEN " +
                    Scalar::integer(TypeId::kTimestamp, input.window->start.micros()).to_sql();
            }
        }
        window += " END";
    }
    return {fmt::format("SELECT CASE WHEN detail = '' THEN reason ELSE reason || ': ' || detail "
                        "END AS _reason, {} AS _run_id, "
                        "{} AS _rejected_at, file AS _file, line AS _line, raw_text AS _raw, {} AS "
                        "_window_start FROM {}",
                        Scalar::text(context.run.id).to_sql(),
                        Scalar::integer(TypeId::kTimestamp, context.run.time.micros()).to_sql(),
                        window, kRejected),
            {}};
}

/// The request for one pass over records that the session can read as `from`.
Result<publish::PublishRequest> request_for(const TableOfSource& of, const IngestPass& pass,
                                            const std::vector<Field>& decoded,
                                            const std::string& from, engine::Session& session,
                                            const TaskContext& context, TableReport& report) {
    const project::TableName& name = of.table.name;
    const std::vector<ingest::Input>& inputs = pass.inputs;
    engine::Query select{select_records(of, decoded, inputs, from, context.run.time), {}};
    INGOT_TRY_ASSIGN_WITH(const Schema produced, session.describe(select),
                          "in " + of.table.place.to_string());
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr before, context.pins.snapshot(name));

    publish::PublishRequest request;
    request.on_schema_change = of.source.format.unknown_fields == project::UnknownFields::kFail
                                   ? project::OnSchemaChange::kFail
                                   : project::OnSchemaChange::kWiden;
    quality::SchemaRequest schema;
    schema.table = name.text();
    schema.contract = of.table.columns;
    schema.previous = before ? &before->schema() : nullptr;
    schema.partition_columns = of.table.partition;
    schema.produced = &produced;
    schema.policy = request.on_schema_change;
    INGOT_TRY_ASSIGN(const quality::SchemaDecision decision, quality::decide_schema(schema));
    report.warnings.insert(report.warnings.end(), decision.notes.begin(), decision.notes.end());

    quality::QuarantineStamp stamp{context.run.id, context.run.time};
    stamp.file = quality::quoted_name(kFileColumn);
    stamp.line = quality::quoted_name(kLineColumn);
    if (inputs.front().window) stamp.window_start = quality::quoted_name(kWindowColumn);
    INGOT_TRY_ASSIGN(
        const quality::CompiledRows rows,
        quality::compile_rows(select.sql, produced, quality::rules_of(of.table), stamp));
    ParameterValues values;
    values.run_time = context.run.time;
    values.params = &context.workspace.project->params;
    values.param_types = &context.workspace.project->param_types;

    request.table = name.text();
    request.location = context.workspace.lake.location(name);
    request.quarantine = publish::Quarantine{
        context.workspace.lake.location(name.quarantine()),
        {quality::quarantine_schema(), {}, {}, "Records that " + name.text() + " rejected"},
        "_window_start"};
    request.splits = rows.splits;
    request.shape =
        publish::TableShape{decision.schema, of.table.partition, {}, of.table.description};
    request.select.sql = rows.sql;
    INGOT_TRY_ASSIGN(request.select.parameters, bind_parameters(rows.parameters, values));
    request.mode = write_mode(of, pass);
    request.run_id = context.run.id;
    request.run_time = context.run.time;
    request.planned_on = before;
    AuditedTable audited{name, of.table.checks, nullptr, &of.table, values, {}, false};
    audited.replaces_table = std::holds_alternative<publish::OverwriteTable>(request.mode);
    request.audit = make_audit(audited, context, report);
    return request;
}

void count_windows(const publish::ProgressUpdate& update, TableReport& report) {
    for (const publish::ProgressEntry& entry : update.windows) {
        if (entry.state == publish::WindowState::kDone) ++report.windows_done;
        if (entry.state == publish::WindowState::kEmpty) ++report.windows_empty;
    }
}

/// An error about records says what is wrong with one of them.
Error with_first_reject(Error error, const format::RejectSink& rejects) {
    std::optional<format::Reject> first;
    const Status found = rejects.for_each([&](const format::Reject& reject) -> Status {
        first = reject;
        return make_error(ErrorCode::kCancelled, "one is enough");
    });
    if (found || !first) return error;
    return std::move(error).with(fmt::format("the first rejected record is {}:{}: {}: {}",
                                             first->file, first->line, first->reason,
                                             first->detail));
}

/// Reads files with our own readers. Comes back with the wider spec when the files hold what `spec`
/// has no place for.
Result<std::optional<format::FormatSpec>> load_decoded(const TableOfSource& of,
                                                       const IngestPass& pass,
                                                       const format::FormatSpec& spec,
                                                       const TaskContext& context,
                                                       TableReport& report) {
    const std::vector<ingest::Input>& inputs = pass.inputs;
    format::ScanOptions options;
    options.metadata = {{kFileColumn, format::MetadataColumn::Kind::kFile},
                        {kLineColumn, format::MetadataColumn::Kind::kLine}};
    options.rejects.spill_dir = context.workspace.project->engine.spill;
    INGOT_TRY_ASSIGN(const std::unique_ptr<format::FormatSource> records,
                     format::open_source(files_of(inputs, of.table.member), spec, options));
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, context.pins.open_session());
    INGOT_TRY(session->add_source(kRecords, *records));
    INGOT_TRY_ASSIGN(
        publish::PublishRequest request,
        request_for(of, pass, records->schema().fields, kRecords, *session, context, report));
    request.progress = progress_update(of, pass, {});

    std::vector<format::SchemaSurprise> surprises;
    std::unique_ptr<BatchSource> rejected;
    publish::ProgressUpdate progress;
    request.after_rows = [&]() -> Result<publish::RowsRead> {
        const format::ScanReport scan = records->report();
        surprises = scan.surprises;
        if (!surprises.empty())
            return make_error(ErrorCode::kInvalidArgument,
                              "the files have columns that the table lacks");
        for (const auto& [reason, count] : scan.rejects_by_reason) report.reasons[reason] += count;
        if (inputs.size() > 1) INGOT_TRY(check_each_input(inputs, scan));
        progress = progress_update(of, pass, records_by_file(scan));
        publish::RowsRead read{std::nullopt, progress};
        if (records->rejects().count() > 0) {
            rejected = records->rejects().rows();
            INGOT_TRY(session->add_source(kRejected, *rejected));
            read.rejected = rejected_records(inputs, context);
        }
        return read;
    };
    request.audit = [&, audit = std::move(request.audit)](
                        const publish::StagedTable& staged) -> Result<publish::AuditVerdict> {
        const std::int64_t read = records->report().records();
        if (staged.rows + staged.rejected != read) {
            return make_error(ErrorCode::kInternal,
                              "{} records were read, but {} are accepted and {} rejected", read,
                              staged.rows, staged.rejected);
        }
        return audit(staged);
    };
    const Status published = publish_table(of.table.name, request, *session, context, report);
    if (!surprises.empty()) {
        INGOT_TRY_ASSIGN(format::FormatSpec wider, format::widened(records->spec(), surprises));
        return std::optional(std::move(wider));
    }
    if (!published) return with_first_reject(published.error(), records->rejects());
    count_windows(progress, report);
    return std::optional<format::FormatSpec>();
}

/// Parquet files are read by the engine.
Status load_parquet(const TableOfSource& of, const IngestPass& pass, const TaskContext& context,
                    TableReport& report) {
    std::string paths;
    std::string names;
    for (const format::InputFile& file : files_of(pass.inputs, {})) {
        const std::string path = Scalar::text(file.path).to_sql();
        paths += (paths.empty() ? "" : ", ") + path;
        names += (names.empty() ? "(" : ", (") + path + ", " +
                 Scalar::text(file.display_name()).to_sql() + ")";
    }
    const std::string from = fmt::format(
        "(SELECT p.* EXCLUDE (_ingot_path, file_row_number), n._ingot_name AS {}, "
        "p.file_row_number + 1 AS {} FROM read_parquet([{}], filename = '_ingot_path', "
        "union_by_name = true, file_row_number = true) AS p JOIN (VALUES {}) AS n(_ingot_from, "
        "_ingot_name) ON p._ingot_path = n._ingot_from)",
        quality::quoted_name(kFileColumn), quality::quoted_name(kLineColumn), paths, names);
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, context.pins.open_session());
    INGOT_TRY_ASSIGN(const Schema decoded, session->describe({"SELECT * FROM " + from, {}}));
    INGOT_TRY_ASSIGN(publish::PublishRequest request,
                     request_for(of, pass, decoded.fields, from, *session, context, report));
    request.progress = progress_update(of, pass, {});
    INGOT_TRY(publish_table(of.table.name, request, *session, context, report));
    count_windows(request.progress, report);
    return {};
}

}  // namespace

Status record_absent(const TableOfSource& of, const std::vector<publish::ProgressEntry>& absent,
                     const TaskContext& context) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr before, context.pins.snapshot(of.table.name));
    if (!before) return {};
    publish::PublishRequest request;
    request.table = of.table.name.text();
    request.location = context.workspace.lake.location(of.table.name);
    request.progress = progress_update(of, IngestPass{{}, absent, false}, {});
    request.run_id = context.run.id;
    request.run_time = context.run.time;
    request.planned_on = before;
    INGOT_TRY_ASSIGN(const std::unique_ptr<engine::Session> session, context.pins.open_session());
    INGOT_TRY_ASSIGN(
        const publish::PublishResult result,
        publish::publish_progress(
            request,
            {*session, [&](const auto& overrides) { return context.pins.open_session(overrides); },
             context.workspace.engine.parquet(), context.workspace.clock, context.stop}));
    context.pins.publish(of.table.name, result.snapshot);
    return {};
}

Status load_pass(const TableOfSource& of, const IngestPass& pass, const TaskContext& context,
                 TableReport& report) {
    INGOT_TRY_ASSIGN(format::FormatSpec spec, ingest::format_of(of.source, of.table));
    if (std::holds_alternative<format::ParquetFormat>(spec.kind))
        return load_parquet(of, pass, context, report);

    INGOT_TRY_ASSIGN(const delta::SnapshotPtr before, context.pins.snapshot(of.table.name));
    add_known_columns(before, of.table, spec);
    for (int shape = 0; shape < kShapesMax; ++shape) {
        INGOT_TRY_ASSIGN(std::optional<format::FormatSpec> wider,
                         load_decoded(of, pass, spec, context, report));
        if (!wider) return {};
        spec = *std::move(wider);
    }
    return make_error(ErrorCode::kCorruptData,
                      "{}: the columns of the files keep changing while they are read",
                      of.table.name.text());
}

}  // namespace ingot::task
