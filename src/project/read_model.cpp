// Front matter of models, seeds and checks.
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {

namespace {

Duplicates read_duplicates(const Fields& fields, const ReadContext& context) {
    Duplicates duplicates;
    const YamlNode* node = fields.find("duplicates");
    if (node == nullptr) return duplicates;
    duplicates.place = context.place(*node);
    if (const auto keep = fields.object("duplicates")) {
        duplicates.mode = Duplicates::Mode::kKeep;
        duplicates.keep = keep->text("keep");
        duplicates.others =
            static_cast<Duplicates::Others>(keep->choice("others", {"reject", "drop"}, 1));
        duplicates.reason = keep->text("reason", duplicates.reason);
        duplicates.place = sql_place(*keep->find("keep"), context);
    } else if (node->text == "newest") {
        duplicates.mode = Duplicates::Mode::kNewest;
    }
    return duplicates;
}

/// `>= 12 of 24`
bool read_window_count(std::string_view text, Requirement& requirement) {
    std::string plain;
    for (const char c : text) {
        if (c != ' ') plain += c;
    }
    std::string_view rest = plain;
    if (rest.starts_with(">=")) rest.remove_prefix(2);
    const std::size_t of = rest.find("of");
    const auto least = yaml_integer(rest.substr(0, of));
    if (!least || *least < 1) return false;
    requirement.windows_at_least = least;
    if (of == std::string_view::npos) return true;
    requirement.windows_of = yaml_integer(rest.substr(of + 2));
    return requirement.windows_of && *requirement.windows_of >= *least;
}

std::vector<Requirement> read_requirements(const Fields& fields, const ReadContext& context) {
    std::vector<Requirement> requirements;
    const YamlNode* map = fields.find("requires");
    if (map == nullptr) return requirements;
    for (const YamlNode::Entry& entry : map->entries) {
        const Fields one(entry.value, fields.shape_of("requires"), context);
        Requirement requirement;
        requirement.table = *TableName::parse(entry.key);
        requirement.place = {std::string(context.file), entry.line, entry.column};
        if (const YamlNode* windows = one.find("windows");
            windows != nullptr && !read_window_count(windows->text, requirement)) {
            context.add(*windows, "'" + windows->text + "' is not understood: write '>= 12 of 24'");
        }
        requirement.max_age = one.duration("max_age");
        requirement.min_rows = one.integer("min_rows");
        if (entry.value.entries.empty()) {
            context.add(entry.value, "a requirement needs windows, max_age or min_rows");
        }
        requirements.push_back(std::move(requirement));
    }
    return requirements;
}

std::vector<ModelTest::Row> read_rows(const YamlNode* list) {
    std::vector<ModelTest::Row> rows;
    if (list == nullptr) return rows;
    for (const YamlNode& item : list->items) rows.push_back(*item.value().map());
    return rows;
}

std::vector<ModelTest> read_tests(const Fields& fields, const ReadContext& context) {
    std::vector<ModelTest> tests;
    const YamlNode* list = fields.find("tests");
    if (list == nullptr) return tests;
    for (const YamlNode& item : list->items) {
        const Fields one(item, fields.shape_of("tests"), context);
        ModelTest test;
        test.name = one.text("name");
        test.place = one.place();
        if (const YamlNode* given = one.find("given")) {
            for (const YamlNode::Entry& entry : given->entries) {
                test.given[*TableName::parse(entry.key)] = read_rows(&entry.value);
            }
        }
        test.existing = read_rows(one.find("existing"));
        test.expect = read_rows(one.find("expect"));
        if (const YamlNode* rejected = one.find("rejected")) test.rejected = read_rows(rejected);
        if (const YamlNode* params = one.find("params")) {
            for (const YamlNode::Entry& entry : params->entries) {
                const auto type = context.project.param_types.find(entry.key);
                if (type == context.project.param_types.end()) {
                    context.add(entry.value, "the project has no parameter '" + entry.key + "'" +
                                                 did_you_mean(entry.key, context.param_names));
                    continue;
                }
                if (const Status valid = type->second.validate(entry.value.value()); !valid) {
                    context.add(entry.value, valid.error().message);
                }
                test.params[entry.key] = entry.value.value();
            }
        }
        const std::string zone = fields.text("timezone", context.project.defaults.timezone);
        if (const YamlNode* window = one.find("window")) {
            const auto interval = parse_interval(window->text, zone);
            if (interval) {
                test.window = *interval;
            } else {
                context.add(*window, interval.error().message);
            }
        }
        if (const YamlNode* time = one.find("run_time")) {
            test.run_time = *parse_timestamp(time->text, zone);
        }
        for (const ModelTest& other : tests) {
            if (other.name == test.name) {
                context.add(*one.find("name"), "two tests are named '" + test.name + "'");
            }
        }
        tests.push_back(std::move(test));
    }
    return tests;
}

/// Keys that mean something for some kinds only, and keys that a kind can't do without.
void check_kind_keys(const Fields& fields, const Model& model, const ReadContext& context) {
    const auto needs = [&](std::string_view key, std::string_view why) {
        if (fields.find(key) != nullptr) return;
        context.problems.add(model.place, fmt::format("`kind: {}` needs '{}': {}",
                                                      model_kind_name(model.kind), key, why));
    };
    const auto refuses = [&](std::initializer_list<std::string_view> keys, std::string_view why) {
        for (const std::string_view key : keys) {
            const YamlNode* node = fields.find(key);
            if (node == nullptr) continue;
            context.add(*node, fmt::format("'{}' does not go with `kind: {}`: {}", key,
                                           model_kind_name(model.kind), why));
        }
    };
    switch (model.kind) {
        case ModelKind::kView:
            refuses({"reject", "warn", "duplicates", "retention", "partition", "cluster", "time",
                     "window", "late", "on_schema_change", "on_code_change", "order_by"},
                    "a view stores nothing");
            break;
        case ModelKind::kIncremental:
            needs("time", "the column that says in which window a row is");
            refuses({"order_by"}, "rows of a window are replaced, not compared");
            break;
        case ModelKind::kMerge:
        case ModelKind::kScd2:
            needs("key", "the columns that identify a row");
            break;
        case ModelKind::kTable:
            refuses({"time", "window", "late", "order_by"}, "it is rebuilt whole");
            break;
        case ModelKind::kCommand:
            refuses({"order_by"}, "rows are replaced, not compared");
            if (model.time.empty()) {
                refuses({"window", "late"},
                        "without 'time' it is rebuilt whole; 'time' names the column that says in "
                        "which window a row is");
            }
            needs("command", "the program");
            needs("columns", "the columns that the program writes, with their types");
            for (const ColumnSpec& column : model.columns) {
                if (column.type) continue;
                context.problems.add(column.place,
                                     "`kind: command` needs the type of '" + column.name + "'");
            }
            break;
        default:
            break;
    }
    if (model.kind != ModelKind::kScd2) {
        refuses({"deletes"}, "only a history can end");
    }
    if (model.kind != ModelKind::kCommand) {
        refuses({"command", "emits", "environment", "timeout"}, "they go with `kind: command`");
    }
    if (fields.find("duplicates") != nullptr && model.key.empty()) {
        context.problems.add(model.duplicates.place, "'duplicates' needs 'key'");
    }
    if (model.duplicates.mode == Duplicates::Mode::kNewest && model.order_by.empty()) {
        context.problems.add(model.duplicates.place, "`duplicates: newest` needs 'order_by'");
    }
}

/// All combinations of the matrix's values, in order; one empty one when there is no matrix.
std::vector<std::map<std::string, Value>> combinations(const Fields& fields,
                                                       const ReadContext& context) {
    std::vector<std::map<std::string, Value>> all(1);
    const YamlNode* matrix = fields.find("matrix");
    if (matrix == nullptr) return all;
    constexpr std::size_t kCombinationsMax = 10'000;
    for (const YamlNode::Entry& entry : matrix->entries) {
        if (all.size() * entry.value.items.size() > kCombinationsMax) {
            context.add(*matrix, "the matrix has more than 10,000 combinations");
            return {};
        }
        std::vector<std::map<std::string, Value>> wider;
        for (const auto& one : all) {
            for (const YamlNode& item : entry.value.items) {
                wider.push_back(one);
                wider.back()[entry.key] = item.value();
            }
        }
        all = std::move(wider);
    }
    return all;
}

std::optional<TableName> name_of_copy(const Fields& fields, const TableName& name,
                                      const std::map<std::string, Value>& matrix,
                                      const ReadContext& context) {
    const YamlNode* said = fields.find("name");
    if (said == nullptr) return name;
    const Template text = *Template::parse(said->text);
    TemplateContext values;
    values.params = &context.project.params;
    values.matrix = &matrix;
    const auto rendered = text.render_text(values);
    if (!rendered) {
        context.add(*said, rendered.error().message);
        return std::nullopt;
    }
    if (!is_identifier(*rendered)) {
        context.add(*said, "'" + *rendered + "' is no table name: use letters, digits and '_'");
        return std::nullopt;
    }
    return TableName(name.layer(), *rendered);
}

/// The model without what its copies differ in.
Model read_model(const Fields& fields, const SqlFile& sql, const ReadContext& context) {
    Model model;
    model.place = {std::string(context.file), 1, 1};
    model.path = context.file;
    model.kind = static_cast<ModelKind>(fields.choice(
        "kind",
        {"view", "table", "incremental", "merge", "append", "scd2", "seed", "stream", "command"},
        0));
    model.sql = sql.sql;
    model.sql_first_line = sql.sql_origin.line;
    model.sql_first_column = sql.sql_origin.column;
    model.key = fields.texts("key");
    model.order_by = fields.texts("order_by");
    model.time = fields.text("time");
    model.window = read_window(fields, context);
    model.start = read_start(fields, context);
    model.late =
        static_cast<LatePolicy>(fields.choice("late", {"reprocess", "quarantine", "ignore"}, 0));
    model.deletes = static_cast<Deletes>(fields.choice("deletes", {"ignore", "close"}, 0));
    model.on_schema_change = static_cast<OnSchemaChange>(
        fields.choice("on_schema_change", {"fail", "add", "widen", "rebuild"}, 0));
    model.on_code_change =
        static_cast<OnCodeChange>(fields.choice("on_code_change", {"forward", "rebuild"}, 1));
    model.reject = read_rules(fields, "reject", context);
    model.warn = read_rules(fields, "warn", context);
    model.duplicates = read_duplicates(fields, context);
    model.columns = read_columns(fields, model.checks, context);
    for (Check& check : read_table_checks(fields, context))
        model.checks.push_back(std::move(check));
    finish_checks(model.checks, context);
    model.requirements = read_requirements(fields, context);
    model.retention = read_retention(fields);
    model.tests = read_tests(fields, context);
    model.partition = fields.texts("partition");
    model.cluster = fields.texts("cluster");
    model.allow_empty = fields.boolean("allow_empty", false);
    if (fields.find("command") != nullptr) {
        CommandSpec command;
        command.argv = fields.templates("command");
        command.emits = static_cast<CommandOrigin::Emits>(
            fields.choice("emits", {"ndjson", "csv", "json", "arrow"}, 0));
        command.environment = fields.named_templates("environment");
        command.timeout = fields.duration("timeout");
        model.command = std::move(command);
    }
    model.tags = fields.texts("tags");
    model.owner = fields.text("owner");
    model.description = fields.text("description");
    return model;
}

const YamlNode& as_map(const YamlNode& node, YamlNode& empty) {
    empty.kind = YamlNode::Kind::kMap;
    empty.line = 1;
    empty.column = 1;
    return node.kind == YamlNode::Kind::kNull ? empty : node;
}

}  // namespace

std::string_view model_kind_name(ModelKind kind) {
    constexpr std::string_view kNames[] = {"view", "table", "incremental", "merge",  "append",
                                           "scd2", "seed",  "stream",      "command"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::vector<Model> read_models(const YamlNode& document, const TableName& name, const SqlFile& sql,
                               const ReadContext& context) {
    const Shape& shape = *format_shapes().model;
    YamlNode empty;
    const YamlNode& node = as_map(document, empty);
    if (!check_shape(node, shape, context.file, "the front matter", context.problems)) return {};

    const std::size_t problems_before = context.problems.count();
    const Fields fields(node, shape, context);
    Model base = read_model(fields, sql, context);
    if (const YamlNode* kind = fields.find("kind"); base.kind == ModelKind::kSeed) {
        context.add(*kind, "a seed is a file of seeds/, not a model");
    }
    check_kind_keys(fields, base, context);
    std::vector<Model> models;
    for (auto& matrix : combinations(fields, context)) {
        auto copy_name = name_of_copy(fields, name, matrix, context);
        if (!copy_name) break;
        Model& copy = models.emplace_back(base);
        copy.name = *std::move(copy_name);
        copy.matrix = std::move(matrix);
    }
    if (models.size() > 1 && models[0].name == models[1].name) {
        context.add(*fields.find("matrix"),
                    "the copies of a matrix need different names: `name: " + name.name() + "_{" +
                        models[0].matrix.begin()->first + "}`");
    }
    if (context.problems.count() > problems_before) return {};
    return models;
}

std::optional<Model> read_seed(const YamlNode& document, const TableName& name, SeedFile file,
                               const ReadContext& context) {
    const Shape& shape = *format_shapes().seed;
    YamlNode empty;
    const YamlNode& node = as_map(document, empty);
    if (!check_shape(node, shape, context.file, "a seed", context.problems)) return std::nullopt;
    const Fields fields(node, shape, context);
    Model model;
    model.kind = ModelKind::kSeed;
    model.name = name;
    model.path = file.path;
    model.place = {file.path, 1, 1};
    model.seed = std::move(file);
    model.columns = read_columns(fields, model.checks, context);
    model.key = fields.texts("key");
    for (Check& check : read_table_checks(fields, context))
        model.checks.push_back(std::move(check));
    finish_checks(model.checks, context);
    model.tags = fields.texts("tags");
    model.owner = fields.text("owner");
    model.description = fields.text("description");
    return model;
}

std::optional<TableCheckFile> read_check_file(const YamlNode& document, std::string name,
                                              const SqlFile& sql, const ReadContext& context) {
    const Shape& shape = *format_shapes().table_check;
    YamlNode empty;
    const YamlNode& node = as_map(document, empty);
    if (!check_shape(node, shape, context.file, "the front matter", context.problems)) {
        return std::nullopt;
    }
    const Fields fields(node, shape, context);
    TableCheckFile file;
    file.name = name;
    file.check.name = std::move(name);
    file.check.body = QueryCheck{std::string(sql.sql)};
    file.check.scope = CheckScope::kTable;
    file.check.on_fail = static_cast<OnFail>(fields.choice("on_fail", {"fail", "warn"}, 0));
    file.check.description = fields.text("description");
    file.check.place = {std::string(context.file), sql.sql_origin.line, sql.sql_origin.column};
    file.tags = fields.texts("tags");
    return file;
}

}  // namespace ingot::project
