#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/lake_table.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "publish/orphans.hpp"
#include "publish/progress.hpp"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

struct TableArguments {
    std::string table;
    std::int64_t version = -1;
    std::size_t limit = 20;
    std::string older_than = "1h";
    bool remove = false;
};

void print_json(const Json& json) {
    std::printf("%s\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

// ---- describe

Json describe_json(const delta::Snapshot& snapshot, const publish::StoredProgress& stored) {
    const delta::FileIndex& files = snapshot.files();
    Json json{{"location", snapshot.location().to_string()},
              {"version", snapshot.version().value()},
              {"committed_at", snapshot.timestamp().to_string()},
              {"files", files.live_count()},
              {"bytes", files.total_size()}};
    const auto rows = files.live_rows(files.all());
    json["rows"] = rows ? Json(*rows) : Json();
    json["partition_columns"] = snapshot.metadata().partition_columns;
    json["description"] = snapshot.metadata().description.value_or("");
    json["configuration"] = snapshot.metadata().configuration;
    json["columns"] = Json::array();
    for (const Field& field : snapshot.schema().fields) {
        json["columns"].push_back(
            {{"name", field.name}, {"type", field.type.to_string()}, {"nullable", field.nullable}});
    }
    json["progress"] = Json::array();
    for (const publish::ProgressEntry& entry : stored.progress.entries()) {
        json["progress"].push_back({{"start", entry.interval.start.to_string()},
                                    {"end", entry.interval.end.to_string()},
                                    {"state", publish::window_state_name(entry.state)}});
    }
    return json;
}

void print_description(const delta::Snapshot& snapshot, const publish::StoredProgress& stored) {
    const delta::FileIndex& files = snapshot.files();
    const auto rows = files.live_rows(files.all());
    std::printf("location   %s\n", snapshot.location().to_string().c_str());
    std::printf("version    %lld, committed %s\n",
                static_cast<long long>(snapshot.version().value()),
                snapshot.timestamp().to_string().c_str());
    std::printf("rows       %s\n", rows ? with_thousands(*rows).c_str() : "unknown");
    std::printf("files      %s, %s\n",
                with_thousands(static_cast<std::int64_t>(files.live_count())).c_str(),
                bytes_text(static_cast<std::uint64_t>(files.total_size())).c_str());
    if (!snapshot.metadata().partition_columns.empty())
        std::printf("partitions %s\n", joined(snapshot.metadata().partition_columns).c_str());
    if (snapshot.metadata().description)
        std::printf("about      %s\n", snapshot.metadata().description->c_str());
    TextTable columns({"column", "type", "null"});
    for (const Field& field : snapshot.schema().fields)
        columns.add({field.name, field.type.to_string(), field.nullable ? "yes" : "no"});
    std::printf("\n%s", columns.to_string(terminal_width()).c_str());
    if (stored.progress.entries().empty()) return;
    TextTable progress({"windows from", "to", "state"});
    for (const publish::ProgressEntry& entry : stored.progress.entries()) {
        progress.add({entry.interval.start.to_string(), entry.interval.end.to_string(),
                      std::string(publish::window_state_name(entry.state))});
    }
    std::printf("\n%s", progress.to_string(terminal_width()).c_str());
}

Result<int> describe(Invocation& invocation, const TableArguments& arguments) {
    const auto version = arguments.version < 0
                             ? std::nullopt
                             : std::optional(delta::TableVersion(arguments.version));
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot,
                     open_lake_table(invocation, arguments.table, version));
    INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(*snapshot));
    if (invocation.json()) {
        print_json(describe_json(*snapshot, stored));
    } else {
        print_description(*snapshot, stored);
    }
    return kExitOk;
}

// ---- history

Result<int> history(Invocation& invocation, const TableArguments& arguments) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot,
                     open_lake_table(invocation, arguments.table));
    INGOT_TRY_ASSIGN(const std::vector<delta::HistoryEntry> entries,
                     delta::read_history(snapshot->location(), arguments.limit));
    Json json = Json::array();
    TextTable table({"version", "committed at", "operation", "rows", "by", "run"});
    table.align_right(0);
    table.align_right(3);
    for (const delta::HistoryEntry& entry : entries) {
        const delta::CommitInfo info = entry.info.value_or(delta::CommitInfo{});
        const auto metric = info.operation_metrics.find("numOutputRows");
        const auto run = info.operation_parameters.find("ingot.run");
        const std::string rows = metric == info.operation_metrics.end() ? "" : metric->second;
        const std::string run_id = run == info.operation_parameters.end() ? "" : run->second;
        table.add({fmt::format("{}", entry.version.value()), entry.timestamp.to_string(),
                   info.operation, rows, info.engine_info.value_or(""), run_id});
        json.push_back({{"version", entry.version.value()},
                        {"committed_at", entry.timestamp.to_string()},
                        {"operation", info.operation},
                        {"operation_parameters", info.operation_parameters},
                        {"operation_metrics", info.operation_metrics},
                        {"engine", info.engine_info.value_or("")}});
    }
    if (invocation.json()) {
        print_json(json);
    } else {
        std::fputs(table.to_string(terminal_width()).c_str(), stdout);
    }
    return kExitOk;
}

// ---- fsck

struct Inspected {
    LakeTable table;
    publish::TableInspection inspection;
    std::int64_t removed = 0;
    bool checkpoints_replaced = false;

    bool has_damaged_checkpoints() const {
        return !inspection.damaged_checkpoints.empty() && !checkpoints_replaced;
    }
};

/// Every `layer/name` folder of the lake, with a log or without: a writer that died before the
/// first commit leaves files and no table.
Result<std::vector<LakeTable>> all_folders(Invocation& invocation) {
    INGOT_TRY_ASSIGN(const task::Lake lake, invocation.lake());
    INGOT_TRY_ASSIGN(const std::vector<storage::ObjectInfo> objects, lake.store()->list(""));
    std::set<project::TableName> names;
    for (const storage::ObjectInfo& object : objects) {
        const std::size_t slash = object.path.find('/');
        const std::size_t end =
            slash == std::string::npos ? slash : object.path.find('/', slash + 1);
        if (end == std::string::npos) continue;
        names.emplace(object.path.substr(0, slash), object.path.substr(slash + 1, end - slash - 1));
    }
    std::vector<LakeTable> folders;
    for (const project::TableName& name : names)
        folders.push_back({name.text(), lake.location(name)});
    return folders;
}

Json fsck_json(const Inspected& each) {
    const publish::TableInspection& inspection = each.inspection;
    Json json{{"table", each.table.name}, {"location", each.table.location.to_string()}};
    json["version"] = inspection.version ? Json(inspection.version->value()) : Json();
    json["live_files"] = inspection.live_files;
    json["unchecked_files"] = inspection.unchecked_files;
    json["orphans"] = Json::array();
    for (const publish::StrayFile& file : inspection.orphans) {
        json["orphans"].push_back(
            {{"path", file.path}, {"bytes", file.size}, {"modified", file.modified.to_string()}});
    }
    json["spared"] = inspection.young.size();
    json["damaged"] = Json::array();
    for (const publish::DamagedFile& file : inspection.damaged)
        json["damaged"].push_back({{"path", file.path}, {"problem", file.problem}});
    json["damaged_checkpoints"] = Json::array();
    for (const delta::DamagedCheckpoint& checkpoint : inspection.damaged_checkpoints) {
        json["damaged_checkpoints"].push_back({{"version", checkpoint.version.value()},
                                               {"files", checkpoint.files},
                                               {"problem", checkpoint.problem},
                                               {"replaced", each.checkpoints_replaced}});
    }
    json["removed"] = each.removed;
    return json;
}

void print_inspection(const Inspected& each, const TableArguments& arguments) {
    const publish::TableInspection& inspection = each.inspection;
    std::printf(
        "%s: %s live files, %zu orphan%s (%s)%s%s\n", each.table.name.c_str(),
        with_thousands(inspection.live_files).c_str(), inspection.orphans.size(),
        inspection.orphans.size() == 1 ? "" : "s", bytes_text(inspection.orphan_bytes()).c_str(),
        inspection.young.empty() ? ""
                                 : fmt::format(", {} younger than {} spared",
                                               inspection.young.size(), arguments.older_than)
                                       .c_str(),
        each.removed > 0 ? fmt::format(", {} removed", each.removed).c_str() : "");
    for (const publish::StrayFile& file : inspection.orphans) {
        std::printf("  orphan   %s (%s, %s)\n", file.path.c_str(), bytes_text(file.size).c_str(),
                    file.modified.to_string().c_str());
    }
    for (const publish::DamagedFile& file : inspection.damaged)
        std::printf("  DAMAGED  %s: %s\n", file.path.c_str(), file.problem.c_str());
    for (const delta::DamagedCheckpoint& checkpoint : inspection.damaged_checkpoints) {
        std::printf("  %s %s: %s\n", each.checkpoints_replaced ? "replaced" : "DAMAGED ",
                    fmt::format("{}", fmt::join(checkpoint.files, ", ")).c_str(),
                    checkpoint.problem.c_str());
    }
}

/// What `--remove` does.
Status repair(Inspected& each, engine::Engine& engine, const publish::InspectionOptions& options) {
    const delta::TableLocation& location = each.table.location;
    INGOT_TRY_ASSIGN_WITH(each.removed, publish::remove_orphans(location, each.inspection, options),
                          "while removing orphans of " + each.table.name);
    const auto& damaged = each.inspection.damaged_checkpoints;
    if (damaged.empty()) return {};
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr newest,
                     delta::open_snapshot(location, engine.parquet()));
    INGOT_TRY_ASSIGN_WITH(
        const std::int64_t gone,
        delta::replace_damaged_checkpoints(*newest, damaged, engine.parquet(), system_clock()),
        "while replacing the damaged checkpoint of " + each.table.name);
    each.removed += gone;
    each.checkpoints_replaced = true;
    return {};
}

Result<int> fsck(Invocation& invocation, const TableArguments& arguments) {
    publish::InspectionOptions options;
    INGOT_TRY_ASSIGN_WITH(options.older_than, parse_duration(arguments.older_than),
                          "in --older-than");
    options.now = system_clock().now();
    std::vector<LakeTable> tables;
    if (arguments.table.empty()) {
        INGOT_TRY_ASSIGN(tables, all_folders(invocation));
    } else {
        INGOT_TRY_ASSIGN(LakeTable table, parse_lake_table(invocation, arguments.table));
        // A table of the lake may be a folder without a log: what its first writer left.
        if (table.location.path.empty()) {
            INGOT_TRY(open_lake_table(invocation, arguments.table));
        } else {
            INGOT_TRY_ASSIGN(const std::vector<storage::ObjectInfo> files,
                             table.location.store->list(table.location.path + "/"));
            if (files.empty()) INGOT_TRY(open_lake_table(invocation, arguments.table));
        }
        tables.push_back(std::move(table));
    }
    INGOT_TRY_ASSIGN(engine::Engine * engine, invocation.engine());
    Json json = Json::array();
    bool damaged_files = false;
    bool damaged_checkpoints = false;
    std::size_t orphans = 0;
    for (const LakeTable& table : tables) {
        Inspected each{table, {}};
        INGOT_TRY_ASSIGN_WITH(each.inspection,
                              publish::inspect_table(table.location, engine->parquet(), options),
                              "while checking " + table.name);
        if (arguments.remove) {
            INGOT_TRY(repair(each, *engine, options));
        } else {
            orphans += each.inspection.orphans.size();
        }
        damaged_files = damaged_files || !each.inspection.damaged.empty();
        damaged_checkpoints = damaged_checkpoints || each.has_damaged_checkpoints();
        json.push_back(fsck_json(each));
        if (!invocation.json()) print_inspection(each, arguments);
    }
    if (invocation.json()) {
        print_json(json);
    } else {
        if (orphans > 0) std::printf("add --remove to delete the orphans\n");
        if (damaged_files)
            std::printf("damaged tables: `ingot run TABLE --full` builds them again\n");
        if (damaged_checkpoints) {
            std::printf(
                "damaged checkpoints: no row is lost; add --remove to write a new one and delete "
                "them\n");
        }
    }
    return damaged_files || damaged_checkpoints ? kExitFailed : kExitOk;
}

}  // namespace

void add_table(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("table", "Look into a Delta table and care for it");
    verb->require_subcommand(1);
    verb->fallthrough();
    auto arguments = std::make_shared<TableArguments>();
    const auto add = [&](const char* name, const char* about, auto action) {
        CLI::App* sub = verb->add_subcommand(name, about);
        sub->fallthrough();
        sub->callback([&chosen, arguments, action] {
            chosen([arguments, action](Invocation& invocation) {
                return action(invocation, *arguments);
            });
        });
        return sub;
    };
    constexpr const char* kTable = "layer.name, or the path or URI of any Delta table";
    CLI::App* sub = add("describe", "Columns, partitions, files, rows and done windows", describe);
    sub->add_option("table", arguments->table, kTable)->required();
    sub->add_option("--version", arguments->version, "As of this version")
        ->check(CLI::NonNegativeNumber);
    sub = add("history", "Its commits, newest first", history);
    sub->add_option("table", arguments->table, kTable)->required();
    sub->add_option("--limit", arguments->limit, "Commits at most")->check(CLI::PositiveNumber);
    sub = add("fsck", "Missing and damaged files; files that no version names", fsck);
    sub->add_option("table", arguments->table, std::string(kTable) + "; absent: the whole lake");
    sub->add_option("--older-than", arguments->older_than,
                    "Spare younger unreferenced files: a run may be about to commit them; 0s only "
                    "when none is at work")
        ->type_name("DURATION");
    sub->add_flag("--remove", arguments->remove,
                  "Delete the orphans and replace damaged checkpoints");
}

}  // namespace ingot::cli
