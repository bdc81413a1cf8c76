#include "task/ingest_task.hpp"

#include <algorithm>
#include <set>

#include "task/ingest_pass_internal.hpp"
#include "task/ingest_plan_internal.hpp"
#include "task/report_internal.hpp"

namespace ingot::task {
namespace {

constexpr std::size_t kInputsPerPass = 1000;

/// One table's share of a run.
struct TableLoad {
    TableOfSource of;
    ingest::InputFinder& finder;
    const TaskContext& context;
    TableReport& report;
    bool keep_inputs = false;                ///< Another table of the source is to read them, too.
    std::vector<ingest::Input> loaded = {};  ///< Published, and not released yet.
};

Status load_table(TableLoad& load);
Status check_external_table(const project::TableName& table, const TaskContext& context,
                            TableReport& report);

}  // namespace

std::vector<TableReport> run_source(const project::Source& source,
                                    const std::vector<project::TableName>& tables,
                                    const TaskContext& context) {
    const project::Project& project = *context.workspace.project;
    std::unique_ptr<ingest::InputFinder> finder;  // One for all tables: they share what it fetches.
    std::vector<ingest::Input> loaded;
    std::vector<TableReport> reports;
    for (const project::TableName& name : tables) {
        reports.push_back(
            reported(name, context.workspace.clock, [&](TableReport& report) -> Status {
                if (std::holds_alternative<project::DeltaOrigin>(source.from))
                    return check_external_table(name, context, report);
                if (!finder) {
                    INGOT_TRY_ASSIGN(finder,
                                     ingest::open_finder(
                                         source, {project, context.workspace.secrets,
                                                  context.workspace.clock, context.run.time,
                                                  project.root + "/.ingot/inputs", context.stop}));
                }
                TableLoad load{{source, *project.find_source_table(name)},
                               *finder,
                               context,
                               report,
                               tables.size() > 1};
                const Status done = load_table(load);
                loaded.insert(loaded.end(), load.loaded.begin(), load.loaded.end());
                return done;
            }));
    }
    if (finder) finder->release(loaded);
    return reports;
}

namespace {

bool lies_in_the_input(const Error& error);
Status load_fetched(TableLoad& load, const IngestPass& pass,
                    std::vector<publish::ProgressEntry>& absent);

Status load_table(TableLoad& load) {
    const project::Source& source = load.of.source;
    INGOT_TRY_ASSIGN(IngestWork work,
                     plan_ingest(source, load.of.table.name, load.finder, load.context));
    load.report.reason = work.reason;
    // The first pass over files that are loaded again drops what is there, so there is but one.
    const bool anew = load.context.options.full && source.load != project::LoadKind::kWindow &&
                      source.load != project::LoadKind::kSnapshot;
    const std::size_t at_once = anew ? std::max<std::size_t>(work.load.size(), 1)
                                     : std::min(kInputsPerPass, load.finder.fetch_max());
    std::optional<Error> first_error;
    std::string missing_warning;
    bool stop = false;
    for (std::size_t begin = 0; (begin == 0 || begin < work.load.size()) && !stop;
         begin += at_once) {
        const std::size_t end = std::min(begin + at_once, work.load.size());
        ingest::Fetched fetched =
            load.finder.fetch({work.load.begin() + static_cast<std::ptrdiff_t>(begin),
                               work.load.begin() + static_cast<std::ptrdiff_t>(end)});
        IngestPass pass{{}, {}, anew};
        for (ingest::Input& input : fetched.inputs) {
            if (!input.found) {
                INGOT_TRY(note_absent(work, source, input, load.context.run.time));
            } else if (!input.unchanged) {
                pass.inputs.push_back(std::move(input));
            }
        }
        load.report.windows_missing = work.missing;
        INGOT_TRY_ASSIGN(missing_warning, judge_absent(work, source));
        if (fetched.error) {
            stop = true;
            if (!first_error) first_error = std::move(fetched.error);
            if (source.window)
                load.report.windows_failed += static_cast<std::int64_t>(fetched.failed.size());
            if (anew) break;  // Not all of them are here, so what is there must stay.
        }
        if (pass.inputs.empty()) continue;
        Status done = load_fetched(load, pass, work.absent);
        if (done) continue;
        stop = stop || !lies_in_the_input(done.error());
        if (!first_error) first_error = std::move(done).error();
    }
    if (!missing_warning.empty()) work.warnings.push_back(missing_warning);
    load.report.warnings.insert(load.report.warnings.end(), work.warnings.begin(),
                                work.warnings.end());
    if (!work.absent.empty()) INGOT_TRY(record_absent(load.of, work.absent, load.context));
    if (first_error) return *std::move(first_error);
    if (load.report.version) {
        load.report.status = TableStatus::kPublished;
    } else {
        load.report.reason.clear();  // What was fetched is what is there.
    }
    return {};
}

/// Whether the inputs of a failed pass may be tried in smaller groups: something is wrong with
/// one of them, not with the lake.
bool lies_in_the_input(const Error& error) {
    return error.code == ErrorCode::kInvalidArgument || error.code == ErrorCode::kCorruptData ||
           error.code == ErrorCode::kNotFound;
}

/// Loads what was fetched. When the pass fails its halves are tried, so that good inputs publish
/// although a bad one is among them. `absent` goes with the first commit.
Status load_fetched(TableLoad& load, const IngestPass& pass,
                    std::vector<publish::ProgressEntry>& absent) {
    const TableReport before = load.report;
    IngestPass whole = pass;
    whole.absent = absent;
    Status done = load_pass(load.of, whole, load.context, load.report);
    if (done) {
        absent.clear();
        if (load.keep_inputs) {
            load.loaded.insert(load.loaded.end(), pass.inputs.begin(), pass.inputs.end());
        } else {
            load.finder.release(pass.inputs);
        }
        return {};
    }
    const std::size_t count = pass.inputs.size();
    const bool one = count == 1;
    if (one || pass.anew || !lies_in_the_input(done.error())) {
        // Nothing was published, so nothing was rejected.
        load.report.reasons = before.reasons;
        if (!pass.inputs.front().window) return done;
        load.report.windows_failed += static_cast<std::int64_t>(count);
        if (!one) return done;
        return std::move(done).error().with("in window " + pass.inputs.front().window->to_string());
    }
    load.report = before;
    const auto middle = pass.inputs.begin() + static_cast<std::ptrdiff_t>(count / 2);
    Status first = load_fetched(load, {{pass.inputs.begin(), middle}, {}, false}, absent);
    Status second = load_fetched(load, {{middle, pass.inputs.end()}, {}, false}, absent);
    return first ? std::move(second) : std::move(first);
}

/// A table that others write is read where it is; all that a run does is to look for it.
Status check_external_table(const project::TableName& table, const TaskContext& context,
                            TableReport& report) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, context.pins.snapshot(table));
    report.status = TableStatus::kView;
    report.version = snapshot->version();
    return {};
}

}  // namespace
}  // namespace ingot::task
