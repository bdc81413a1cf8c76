#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/output.hpp"
#include "cli/selection.hpp"
#include "cli/verbs.hpp"
#include "publish/progress.hpp"

namespace ingot::cli {
namespace {

using Json = nlohmann::ordered_json;

/// One line of the list.
struct Listed {
    project::TableName name;
    std::string kind;
    std::string window;
    std::vector<std::string> tags;
    std::string place;
    std::optional<std::int64_t> version;
    std::optional<std::int64_t> rows;
    std::optional<Interval> progress;
};

std::string load_name(project::LoadKind load) {
    switch (load) {
        case project::LoadKind::kWindow:
            return "source by window";
        case project::LoadKind::kFiles:
            return "source of files";
        case project::LoadKind::kSnapshot:
            return "source snapshot";
        case project::LoadKind::kAppend:
            return "source append";
        default:
            return "source";
    }
}

Listed of_project(const project::Project& project, const project::TableName& name) {
    Listed listed;
    listed.name = name;
    if (const project::Model* model = project.find_model(name)) {
        listed.kind = project::model_kind_name(model->kind);
        if (model->window) listed.window = model->window->to_string();
        listed.tags = model->tags;
        listed.place = model->path;
    } else if (const project::Source* source = project.find_source(name)) {
        listed.kind = load_name(source->load);
        if (source->window) listed.window = source->window->to_string();
        listed.tags = source->tags;
        listed.place = source->place.file;
    }
    return listed;
}

Status add_state(task::Pins& pins, Listed& listed) {
    INGOT_TRY_ASSIGN(const delta::SnapshotPtr snapshot, pins.snapshot(listed.name));
    if (!snapshot) return {};
    listed.version = snapshot->version().value();
    listed.rows = snapshot->files().live_rows(snapshot->files().all());
    INGOT_TRY_ASSIGN(const publish::StoredProgress stored, publish::load_progress(*snapshot));
    const auto& entries = stored.progress.entries();
    if (!entries.empty())
        listed.progress = Interval{entries.front().interval.start, entries.back().interval.end};
    return {};
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

void print_list(const std::vector<Listed>& tables) {
    TextTable text({"table", "kind", "window", "version", "rows", "from", "to", "tags"});
    text.align_right(3);
    text.align_right(4);
    for (const Listed& each : tables) {
        text.add({each.name.text(), each.kind, each.window,
                  each.version ? fmt::format("{}", *each.version) : "-",
                  each.rows ? with_thousands(*each.rows) : "",
                  each.progress ? each.progress->start.to_string() : "",
                  each.progress ? each.progress->end.to_string() : "", joined(each.tags)});
    }
    std::fputs(text.to_string(terminal_width()).c_str(), stdout);
}

void print_json(const std::vector<Listed>& tables) {
    Json json = Json::array();
    for (const Listed& each : tables) {
        Json item{{"table", each.name.text()}, {"layer", each.name.layer()}, {"kind", each.kind},
                  {"window", each.window},     {"tags", each.tags},          {"file", each.place}};
        item["version"] = each.version ? Json(*each.version) : Json();
        item["rows"] = each.rows ? Json(*each.rows) : Json();
        item["progress"] = Json();
        if (each.progress) {
            item["progress"] = {{"start", each.progress->start.to_string()},
                                {"end", each.progress->end.to_string()}};
        }
        json.push_back(std::move(item));
    }
    std::printf("%s\n", json.dump(2).c_str());
}

Result<int> list(Invocation& invocation, const SelectionArguments& arguments) {
    INGOT_TRY_ASSIGN(const task::Workspace* workspace, invocation.workspace());
    INGOT_TRY_ASSIGN(const std::vector<project::TableName> names,
                     selected_tables(*workspace->project, arguments));
    task::Pins pins(*workspace);
    std::vector<Listed> tables;
    for (const project::TableName& name : names) {
        tables.push_back(of_project(*workspace->project, name));
        INGOT_TRY_WITH(add_state(pins, tables.back()), "while looking at " + name.text());
    }
    if (invocation.json()) {
        print_json(tables);
    } else {
        print_list(tables);
    }
    return kExitOk;
}

}  // namespace

void add_ls(CLI::App& app, const Chosen& chosen) {
    CLI::App* verb = app.add_subcommand("ls", "List tables, with what the lake has of them");
    auto arguments = std::make_shared<SelectionArguments>();
    add_selection_options(*verb, *arguments);
    verb->callback([&chosen, arguments] {
        chosen([arguments](Invocation& invocation) { return list(invocation, *arguments); });
    });
}

}  // namespace ingot::cli
