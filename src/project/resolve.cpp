#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/nearest_name.hpp"
#include "project/lineage.hpp"
#include "project/resolve_internal.hpp"
#include "project/selector.hpp"

namespace ingot::project {

namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// Every table that SQL may name. DuckDB's names have no case, so neither has the look-up.
class TableRegistry {
public:
    void add(const TableName& name, const SourcePlace& place, Problems& problems) {
        const auto [at, fresh] = by_lower_.emplace(lower(name.text()), Entry{name, place});
        if (fresh) return;
        problems.add(place,
                     name.text() + " is defined twice; first in " + at->second.place.to_string());
    }
    void add_if_new(const TableName& name) {
        by_lower_.emplace(lower(name.text()), Entry{name, {}});
    }
    const TableName* find(std::string_view name) const {
        const auto found = by_lower_.find(lower(name));
        return found == by_lower_.end() ? nullptr : &found->second.name;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const auto& [key, entry] : by_lower_) out.push_back(entry.name.text());
        std::sort(out.begin(), out.end());
        return out;
    }

private:
    struct Entry {
        TableName name;
        SourcePlace place;
    };
    std::unordered_map<std::string, Entry> by_lower_;
};

/// Places of problems in SQL.
struct SqlPlace {
    TextOrigin origin;
    std::string_view sql;

    SourcePlace at(const sql::Position& position) const {
        return {std::string(origin.file), origin.line + position.line - 1,
                position.line == 1 ? origin.column + position.column - 1 : position.column};
    }
    /// The first occurrence of a text; the beginning when it is not there.
    SourcePlace of(const std::string& text) const {
        const std::size_t found = sql.find(text);
        return place_of(sql, found == std::string_view::npos ? 0 : found, origin);
    }
};

SqlPlace sql_place_of(const Model& model) {
    return {{model.path, model.sql_first_line, model.sql_first_column}, model.sql};
}

class Resolver {
public:
    Resolver(Project& project, const std::vector<TableName>& broken, Problems& problems,
             sql::SqlFacts& facts)
        : project_(project), broken_(broken), problems_(problems), facts_(facts) {}

    void run() {
        register_tables();
        for (std::size_t i = 0; i < project_.macros.size(); ++i) register_macro(i);
        for (const auto& [name, type] : project_.param_types)
            param_names_.push_back("params." + name);
        for (Model& model : project_.models) resolve_model(model);
        for (TableCheckFile& check : project_.checks) resolve_check_file(check);
        for (const Source& source : project_.sources) check_source_names(source);
        for (Pipeline& pipeline : project_.pipelines) {
            for (PipelineTask& task : pipeline.tasks) resolve_task(pipeline, task);
        }
        order_macros();
    }

private:
    /// Puts the macros that a macro uses before it: a macro is bound when it is created. Those of a
    /// cycle, which has been reported, stay behind.
    void order_macros() {
        std::vector<Macro> ordered;
        std::set<std::string> done;
        std::vector<Macro> rest = std::move(project_.macros);
        for (std::size_t before = rest.size() + 1; rest.size() < before && !rest.empty();) {
            before = rest.size();
            std::vector<Macro> waiting;
            for (Macro& macro : rest) {
                const bool ready =
                    std::all_of(macro.uses.begin(), macro.uses.end(), [&](const std::string& used) {
                        return !macros_.contains(lower(used)) || done.contains(lower(used));
                    });
                if (ready) done.insert(lower(macro.name));
                (ready ? ordered : waiting).push_back(std::move(macro));
            }
            rest = std::move(waiting);
        }
        std::move(rest.begin(), rest.end(), std::back_inserter(ordered));
        project_.macros = std::move(ordered);
    }

    void register_tables() {
        for (const Source& source : project_.sources) {
            for (const SourceTable& table : source.tables) {
                registry_.add(table.name, table.place, problems_);
            }
        }
        for (const Model& model : project_.models)
            registry_.add(model.name, model.place, problems_);
        for (const TableName& table : broken_) registry_.add_if_new(table);
    }

    void register_macro(std::size_t position) {
        const Macro& macro = project_.macros[position];
        const auto [at, fresh] = macros_.emplace(lower(macro.name), position);
        if (!fresh) {
            problems_.add(macro.place, "the macro '" + macro.name +
                                           "' is defined twice; first in " +
                                           project_.macros[at->second].place.to_string());
        }
    }

    void resolve_model(Model& model) {
        if (model.kind == ModelKind::kSeed) {
            check_check_tables(model.checks);
            return;
        }
        const SqlPlace place = sql_place_of(model);
        std::set<TableName> inputs;
        for (const sql::TableReference& table : model.query.tables) {
            if (const auto name = resolve_table(table.name, place.at(table.position))) {
                inputs.insert(*name);
            }
        }
        std::vector<std::string> macros;
        for (const std::string& function : model.query.functions)
            use_macro(function, macros, inputs);
        model.inputs.assign(inputs.begin(), inputs.end());
        model.macros = std::move(macros);
        check_parameters(model, place);
        check_check_tables(model.checks);
        check_mentions(model);
    }

    std::optional<TableName> resolve_table(const std::string& written, const SourcePlace& place) {
        if (const TableName* name = registry_.find(written)) return *name;
        if (const auto name = TableName::parse(written)) {
            if (lower(name->layer()) == "ingot") return TableName(*name);
            if (quarantined_table(*name, project_)) return TableName(*name);
        }
        const bool whole = written.find('.') != std::string::npos;
        problems_.add(place, whole ? "there is no table " + written + did_you_mean(written, names())
                                   : "'" + written + "' is no table: write layer.name" +
                                         near_name_part(written));
        return std::nullopt;
    }

    /// `aqi` -> `; did you mean 'silver.aqi'?`
    std::string near_name_part(const std::string& written) {
        for (const std::string& name : names()) {
            if (lower(name.substr(name.find('.') + 1)) == lower(written)) {
                return "; did you mean '" + name + "'?";
            }
        }
        return "";
    }

    /// Adds the macro and those that it uses before it, and the tables that they read.
    void use_macro(const std::string& function, std::vector<std::string>& used,
                   std::set<TableName>& inputs) {
        const auto found = macros_.find(lower(function));
        if (found == macros_.end()) return;
        const Macro& macro = project_.macros[found->second];
        if (std::find(used.begin(), used.end(), macro.name) != used.end()) return;
        if (!open_macros_.insert(macro.name).second) {
            problems_.add(macro.place, "the macro '" + macro.name + "' uses itself");
            return;
        }
        for (const std::string& other : macro.uses) use_macro(other, used, inputs);
        for (const TableName& table : macro.inputs) {
            if (const auto name = resolve_table(table.text(), macro.place)) inputs.insert(*name);
        }
        used.push_back(macro.name);
        open_macros_.erase(macro.name);
    }

    void check_parameters(const Model& model, const SqlPlace& place) {
        std::vector<std::string> known = {"window.start", "window.end", "run.time"};
        for (const auto& [name, value] : model.matrix) known.push_back("matrix." + name);
        check_parameters(model.query.parameters, std::move(known), place);
    }

    /// `known`: besides those of the project.
    void check_parameters(const std::vector<std::string>& used, std::vector<std::string> known,
                          const SqlPlace& place) {
        known.insert(known.end(), param_names_.begin(), param_names_.end());
        for (const std::string& name : used) {
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            problems_.add(place.of("$" + name),
                          "$" + name + " is not known here" + did_you_mean(name, known));
        }
    }

    /// Tables that checks name exist.
    void check_check_tables(const std::vector<Check>& checks) {
        for (const Check& check : checks) {
            if (const auto* relation = std::get_if<RelationshipsCheck>(&check.body)) {
                (void)resolve_table(relation->to.text(), check.place);
            } else if (const auto* query = std::get_if<QueryCheck>(&check.body)) {
                const auto parsed = facts_.parse(query->query);
                if (!parsed) continue;  // reported when its file was read
                for (const auto& table : parsed->tables) {
                    (void)resolve_table(table.name, check.place);
                }
            }
        }
    }

    /// Tables that `requires` and `tests` name are inputs.
    void check_mentions(const Model& model) {
        std::vector<std::string> inputs;
        for (const TableName& input : model.inputs) inputs.push_back(input.text());
        const auto check = [&](const TableName& name, const SourcePlace& place,
                               std::string_view key) {
            if (std::find(model.inputs.begin(), model.inputs.end(), name) != model.inputs.end())
                return;
            problems_.add(place, fmt::format("{}: {} does not read {}{}", key, model.name.text(),
                                             name.text(), did_you_mean(name.text(), inputs)));
        };
        for (const Requirement& requirement : model.requirements) {
            check(requirement.table, requirement.place, "requires");
        }
        for (const ModelTest& test : model.tests) {
            for (const auto& [table, rows] : test.given) check(table, test.place, "tests");
        }
    }

    void resolve_check_file(TableCheckFile& file) {
        const SourcePlace& start = file.check.place;
        const std::string& sql = std::get<QueryCheck>(file.check.body).query;
        const SqlPlace place{{start.file, start.line, start.column}, sql};
        const auto parsed = facts_.parse(sql);
        if (!parsed) return report_sql_error(parsed.error(), place.origin, problems_);
        std::set<TableName> inputs;
        for (const sql::TableReference& table : parsed->tables) {
            if (const auto name = resolve_table(table.name, place.at(table.position))) {
                inputs.insert(*name);
            }
        }
        std::vector<std::string> macros;
        for (const std::string& function : parsed->functions) use_macro(function, macros, inputs);
        file.inputs.assign(inputs.begin(), inputs.end());
        check_parameters(parsed->parameters, {"run.time"}, place);
    }

    void resolve_task(const Pipeline& pipeline, PipelineTask& task) {
        TaskSql* sql = nullptr;
        if (auto* sensor = std::get_if<SensorTask>(&task.body))
            sql = std::get_if<TaskSql>(&sensor->of);
        if (auto* branch = std::get_if<BranchTask>(&task.body))
            sql = std::get_if<TaskSql>(&branch->by);
        if (sql == nullptr) return;
        const SqlPlace place{{sql->place.file, sql->place.line, sql->place.column}, sql->text};
        const auto parsed = facts_.parse(sql->text);
        if (!parsed) return report_sql_error(parsed.error(), place.origin, problems_);
        std::set<TableName> inputs;
        for (const sql::TableReference& table : parsed->tables) {
            if (const auto name = resolve_table(table.name, place.at(table.position))) {
                inputs.insert(*name);
            }
        }
        std::vector<std::string> macros;
        for (const std::string& function : parsed->functions) use_macro(function, macros, inputs);
        sql->inputs.assign(inputs.begin(), inputs.end());
        std::vector<std::string> known = {"run.time", "window.start", "window.end"};
        for (const auto& [name, type] : pipeline.params) known.push_back("params." + name);
        check_parameters(parsed->parameters, std::move(known), place);
        for (const std::string& name : parsed->parameters) {
            std::string bound = name;
            for (std::size_t dot; (dot = bound.find('.')) != std::string::npos;) {
                bound.replace(dot, 1, "__");
            }
            sql->parameters.push_back(std::move(bound));
        }
        sql->bindable = parsed->bindable_sql;
    }

    void check_source_names(const Source& source) {
        if (const auto* http = std::get_if<HttpOrigin>(&source.from);
            http != nullptr && http->parts) {
            (void)resolve_table(http->parts->text(), source.place);
        }
        for (const SourceTable& table : source.tables) check_check_tables(table.checks);
    }

    const std::vector<std::string>& names() {
        if (names_.empty()) names_ = registry_.names();
        return names_;
    }

    Project& project_;
    const std::vector<TableName>& broken_;
    Problems& problems_;
    sql::SqlFacts& facts_;
    TableRegistry registry_;
    std::unordered_map<std::string, std::size_t> macros_;
    std::set<std::string> open_macros_;
    std::vector<std::string> param_names_;
    std::vector<std::string> names_;
};

/// Depth first, inputs before users.
class ModelOrder {
public:
    ModelOrder(Project& project, Problems& problems) : project_(project), problems_(problems) {
        for (std::size_t i = 0; i < project.models.size(); ++i) {
            position_.emplace(project.models[i].name, i);
        }
    }

    void run() {
        state_.assign(project_.models.size(), State::kNew);
        for (std::size_t i = 0; i < project_.models.size() && problems_.empty(); ++i) visit(i);
        if (!problems_.empty()) return;
        std::vector<Model> ordered;
        ordered.reserve(order_.size());
        for (const std::size_t i : order_) ordered.push_back(std::move(project_.models[i]));
        project_.models = std::move(ordered);
    }

private:
    enum class State : std::uint8_t { kNew, kOpen, kDone };
    struct Frame {
        std::size_t model;
        std::size_t next_input = 0;
    };

    void visit(std::size_t start) {
        if (state_[start] != State::kNew) return;
        std::vector<Frame> path = {{start}};
        state_[start] = State::kOpen;
        while (!path.empty()) {
            Frame& top = path.back();
            const Model& model = project_.models[top.model];
            if (top.next_input == model.inputs.size()) {
                state_[top.model] = State::kDone;
                order_.push_back(top.model);
                path.pop_back();
                continue;
            }
            const TableName& input = model.inputs[top.next_input++];
            const auto origin = quarantined_table(input, project_);
            const auto found = position_.find(origin ? *origin : input);
            if (found == position_.end()) continue;  // a source's table
            if (state_[found->second] == State::kOpen) return report_cycle(path, found->second);
            if (state_[found->second] == State::kDone) continue;
            state_[found->second] = State::kOpen;
            path.push_back({found->second});
        }
    }

    /// `a reads b (a.sql:3:6), b reads a (b.sql:1:15)`
    void report_cycle(const std::vector<Frame>& path, std::size_t entry) {
        std::vector<std::size_t> cycle;
        for (auto at = path.rbegin(); at != path.rend(); ++at) {
            cycle.push_back(at->model);
            if (at->model == entry) break;
        }
        std::reverse(cycle.begin(), cycle.end());
        std::string text;
        for (std::size_t i = 0; i < cycle.size(); ++i) {
            const Model& from = project_.models[cycle[i]];
            const Model& to = project_.models[cycle[(i + 1) % cycle.size()]];
            text += fmt::format("{}{} reads {} ({})", i == 0 ? "" : ", ", from.name.text(),
                                to.name.text(), place_of_input(from, to.name).to_string());
        }
        const Model& first = project_.models[cycle[0]];
        const Model& second = project_.models[cycle[1 % cycle.size()]];
        problems_.add(place_of_input(first, second.name),
                      cycle.size() == 1 ? first.name.text() + " reads itself" : "a cycle: " + text);
    }

    static SourcePlace place_of_input(const Model& model, const TableName& input) {
        const SqlPlace place = sql_place_of(model);
        for (const sql::TableReference& table : model.query.tables) {
            if (lower(table.name) == lower(input.text())) return place.at(table.position);
        }
        return place.at({});
    }

    Project& project_;
    Problems& problems_;
    std::unordered_map<TableName, std::size_t> position_;
    std::vector<State> state_;
    std::vector<std::size_t> order_;
};

bool uses_window(const CommandSpec& command) {
    return std::any_of(command.argv.begin(), command.argv.end(),
                       [](const Template& part) { return part.uses_window(); }) ||
           std::any_of(command.environment.begin(), command.environment.end(),
                       [](const auto& variable) { return variable.second.uses_window(); });
}

bool uses_window(const Model& model) {
    return (model.command && uses_window(*model.command)) ||
           std::any_of(model.query.parameters.begin(), model.query.parameters.end(),
                       [](const std::string& name) { return name.starts_with("window."); });
}

void check_history_by_windows(const Model& model, Problems& problems) {
    if (model.time.empty()) {
        problems.add(model.place,
                     "`kind: scd2` by windows needs 'time', the column that says since when a row "
                     "holds: else its history would depend on the order in which windows run");
    }
    if (model.deletes == Deletes::kClose) {
        problems.add(model.place,
                     "`deletes: close` does not go with windows: a window does not say which keys "
                     "are left; drop 'window' and $window from the SELECT");
    }
}

/// Length enough to compare by.
std::int64_t coarseness(const WindowSpec& spec) {
    constexpr std::int64_t kMinutes[] = {1, 60, 1440, 10'080, 43'200, 525'600};
    return kMinutes[static_cast<std::size_t>(spec.step.unit)] * spec.step.count;
}

}  // namespace

std::optional<TableName> quarantined_table(const TableName& name, const Project& project) {
    if (lower(name.layer()) != "quarantine") return std::nullopt;
    for (const Model& model : project.models) {
        if (model.name.quarantine().name() == name.name()) return model.name;
    }
    for (const Source& source : project.sources) {
        for (const SourceTable& table : source.tables) {
            if (table.name.quarantine().name() == name.name()) return table.name;
        }
    }
    return std::nullopt;
}

void resolve_names(Project& project, const std::vector<TableName>& broken, Problems& problems,
                   sql::SqlFacts& facts) {
    Resolver(project, broken, problems, facts).run();
}

void order_models(Project& project, Problems& problems) {
    ModelOrder(project, problems).run();
}

void set_windows(Project& project, Problems& problems) {
    // What a reader of the table inherits; a view hands on that of its inputs.
    std::unordered_map<TableName, WindowSpec> windows;
    for (const Source& source : project.sources) {
        for (const SourceTable& table : source.tables) {
            if (source.window) windows.emplace(table.name, *source.window);
        }
    }
    for (Model& model : project.models) {
        std::optional<WindowSpec> inherited;
        for (const TableName& input : model.inputs) {
            const auto found = windows.find(input);
            if (found == windows.end()) continue;
            if (!inherited || coarseness(found->second) > coarseness(*inherited)) {
                inherited = found->second;
            }
        }
        const bool windowed_command = model.kind == ModelKind::kCommand && !model.time.empty();
        const bool wants =
            model.kind == ModelKind::kIncremental || windowed_command || uses_window(model);
        if (model.kind == ModelKind::kView) {
            if (uses_window(model)) {
                problems.add(sql_place_of(model).of("$window."),
                             "a view has no window: what reads it chooses the rows");
            }
            if (inherited) windows.emplace(model.name, *inherited);
            continue;
        }
        if (model.kind == ModelKind::kTable && uses_window(model)) {
            problems.add(
                sql_place_of(model).of("$window."),
                "`kind: table` is rebuilt whole and has no window; use `kind: incremental`");
            continue;
        }
        if (model.kind == ModelKind::kCommand && model.time.empty() && uses_window(model)) {
            problems.add(model.place,
                         "`kind: command` without 'time' is rebuilt whole and has no window; "
                         "'time' names the column that says in which window a row is");
            continue;
        }
        if (!model.window && wants) model.window = inherited;
        if (!model.window && wants) {
            problems.add(model.place, model.name.text() +
                                          " works by windows, but none of its inputs has any: say "
                                          "'window: hour' (or day, ...)");
            continue;
        }
        if (!model.window) continue;
        windows.emplace(model.name, *model.window);
        if (model.kind == ModelKind::kScd2) check_history_by_windows(model, problems);
    }
}

void index_project(Project& project) {
    for (std::size_t i = 0; i < project.models.size(); ++i) {
        project.index.models.emplace(project.models[i].name, i);
    }
    for (std::size_t s = 0; s < project.sources.size(); ++s) {
        for (std::size_t t = 0; t < project.sources[s].tables.size(); ++t) {
            project.index.source_tables.emplace(project.sources[s].tables[t].name,
                                                std::make_pair(s, t));
        }
    }
}

void check_pipelines(const Project& project, Problems& problems) {
    if (project.pipelines.empty()) return;
    const TableGraph graph(project);
    const auto check_table = [&](const TableName& table, const SourcePlace& place) {
        if (project.find_model(table) != nullptr || project.find_source(table) != nullptr) return;
        std::vector<std::string> names;
        for (const TableName& name : project.table_names()) names.push_back(name.text());
        problems.add(place,
                     "there is no table " + table.text() + did_you_mean(table.text(), names));
    };
    for (const Pipeline& pipeline : project.pipelines) {
        if (pipeline.schedule) {
            if (const auto* on = std::get_if<EventSchedule>(&*pipeline.schedule)) {
                for (const TableName& table : on->tables) check_table(table, pipeline.place);
            }
        }
        for (const PipelineTask& task : pipeline.tasks) {
            std::string selector;
            if (const auto* ingest = std::get_if<IngestTask>(&task.body)) selector = ingest->select;
            if (const auto* models = std::get_if<ModelsTask>(&task.body)) selector = models->select;
            if (const auto* check = std::get_if<CheckTask>(&task.body)) selector = check->select;
            if (const auto* tidy = std::get_if<MaintainTask>(&task.body)) selector = tidy->select;
            if (const auto* sql = std::get_if<SqlTask>(&task.body)) {
                for (const TableName& table : sql->inputs) check_table(table, sql->place);
            }
            if (const auto* exports = std::get_if<ExportTask>(&task.body)) {
                for (const ExportItem& item : exports->items) {
                    check_table(item.from, item.place);
                    const Model* model = project.find_model(item.from);
                    if (model == nullptr || model->kind != ModelKind::kView) continue;
                    problems.not_yet(item.place, "the export of a view: it has no versions; make " +
                                                     item.from.text() + " a table (`kind: table`)");
                }
            }
            if (selector.empty() || selector.find("state:") != std::string::npos) continue;
            const auto selected = select_work(project, graph, {selector, "", nullptr});
            if (!selected) {
                problems.add(task.place, "task '" + task.name + "': " + selected.error().message);
            }
        }
    }
}

}  // namespace ingot::project
