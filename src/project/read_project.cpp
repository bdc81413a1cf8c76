// project.yml: names, parameters, environments, connections.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {

namespace {

Param::Type param_type(const Fields& fields, std::string_view key) {
    return static_cast<Param::Type>(
        fields.choice(key, {"string", "integer", "number", "boolean", "array", "object"}, 0));
}

Param read_param(const Fields& fields, std::string name, const ReadContext& context) {
    Param param;
    param.name = std::move(name);
    param.place = fields.place();
    param.type = param_type(fields, "type");
    param.format = fields.text("format");
    param.accepted = fields.values("enum");
    param.minimum = fields.number("minimum");
    param.maximum = fields.number("maximum");
    if (fields.find("pattern") != nullptr) param.pattern = fields.text("pattern");
    if (const auto items = fields.object("items")) param.items = param_type(*items, "type");
    param.description = fields.text("description");
    if (const YamlNode* value = fields.find("default")) {
        // A string may be written without quotes: `default: 2015`.
        const bool plain_text =
            param.type == Param::Type::kString && value->kind == YamlNode::Kind::kScalar;
        param.default_value = plain_text ? Value(value->text) : value->value();
        if (const Status valid = param.validate(*param.default_value); !valid) {
            context.add(*value, valid.error().message);
        }
    }
    return param;
}

Connection read_connection(const Fields& fields, std::string name, const ReadContext& context) {
    Connection connection;
    connection.name = std::move(name);
    connection.place = fields.place();
    connection.type = static_cast<Connection::Type>(
        fields.choice("type", {"postgres", "kafka", "s3", "http", "smtp"}, 0));
    for (const YamlNode::Entry& entry : fields.node().entries) {
        if (entry.key == "type") continue;
        connection.fields[entry.key] = fields.templates(entry.key);
        for (const Template& value : connection.fields[entry.key]) {
            const bool secret =
                entry.key == "password" || entry.key == "token" || entry.key == "secret_key";
            if (secret && value.secrets().empty()) {
                context.add(entry.value,
                            "'" + entry.key + "' must be a reference: write `$secret.NAME`");
            }
        }
    }
    return connection;
}

/// Which fields each type of connection knows.
const std::vector<std::string>& connection_fields(Connection::Type type) {
    static const std::map<Connection::Type, std::vector<std::string>> kFields = {
        {Connection::Type::kPostgres,
         {"host", "port", "database", "user", "password", "sslmode", "ca"}},
        {Connection::Type::kKafka,
         {"brokers", "registry", "security", "mechanism", "user", "password", "ca"}},
        {Connection::Type::kS3,
         {"endpoint", "region", "access_key", "secret_key", "path_style", "ca"}},
        {Connection::Type::kHttp, {"url", "user", "password", "token", "ca"}},
        {Connection::Type::kSmtp, {"host", "port", "security", "user", "password", "from", "ca"}}};
    return kFields.at(type);
}

void check_connection_fields(const Connection& connection, const Fields& fields,
                             const ReadContext& context) {
    const std::vector<std::string>& known = connection_fields(connection.type);
    for (const YamlNode::Entry& entry : fields.node().entries) {
        if (entry.key == "type") continue;
        if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
        context.problems.add({std::string(context.file), entry.line, entry.column},
                             "a " + fields.text("type", "connection of this type") +
                                 " connection has no '" + entry.key + "'; known are " +
                                 one_of_list(known));
    }
}

EngineSettings read_engine(const Fields& fields, const ReadContext& context) {
    EngineSettings engine;
    if (const YamlNode* memory = fields.find("memory")) {
        if (memory->text.ends_with('%')) {
            const auto share = parse_share(memory->text);
            if (share && *share > 0) {
                engine.memory_share = *share;
            } else {
                context.add(*memory, "'" + memory->text + "' is no share of the memory");
            }
        } else if (const auto bytes = parse_bytes(memory->text)) {
            engine.memory_bytes = *bytes;
        } else {
            context.add(*memory, bytes.error().message);
        }
    }
    if (fields.integer("threads")) {
        engine.threads = static_cast<unsigned>(fields.count("threads", 1, 1));
    }
    engine.spill = fields.text("spill", engine.spill);
    return engine;
}

Environment read_environment(const Fields& fields, std::string name, const ReadContext& context) {
    Environment environment;
    environment.name = std::move(name);
    environment.place = fields.place();
    if (fields.find("lake") != nullptr) environment.lake = fields.templ("lake");
    environment.read_from = fields.text("read_from");
    environment.exports = fields.boolean("exports", true);
    environment.notify = fields.boolean("notify", true);
    environment.confirm = fields.boolean("confirm", false);
    if (const YamlNode* params = fields.find("params")) {
        for (const YamlNode::Entry& entry : params->entries) {
            const auto& types = context.project.param_types;
            if (!types.contains(entry.key)) {
                context.problems.add({std::string(context.file), entry.line, entry.column},
                                     "the parameter '" + entry.key +
                                         "' is not declared under `params:`" +
                                         did_you_mean(entry.key, context.param_names));
                continue;
            }
            const Param& type = types.at(entry.key);
            const Value value =
                type.type == Param::Type::kString && entry.value.kind == YamlNode::Kind::kScalar
                    ? Value(entry.value.text)
                    : entry.value.value();
            if (const Status valid = type.validate(value); !valid) {
                context.add(entry.value, valid.error().message);
            }
            environment.params[entry.key] = value;
        }
    }
    return environment;
}

void read_environments(const Fields& fields, Project& project, const ReadContext& context) {
    const YamlNode* map = fields.find("environments");
    if (map == nullptr) return;
    std::vector<std::string> names;
    for (const YamlNode::Entry& entry : map->entries) names.push_back(entry.key);
    for (const YamlNode::Entry& entry : map->entries) {
        const Fields one(entry.value, fields.shape_of("environments"), context);
        Environment environment = read_environment(one, entry.key, context);
        if (const YamlNode* from = one.find("read_from")) {
            if (from->text == entry.key) {
                context.add(*from, "an environment can't read from itself");
            } else if (std::find(names.begin(), names.end(), from->text) == names.end()) {
                context.add(*from, "there is no environment '" + from->text + "'" +
                                       did_you_mean(from->text, names));
            }
        }
        if (const YamlNode* changed = one.find("connections")) {
            for (const YamlNode::Entry& connection : changed->entries) {
                const auto base = project.connections.find(connection.key);
                if (base == project.connections.end()) {
                    context.problems.add(
                        {std::string(context.file), connection.line, connection.column},
                        "there is no connection '" + connection.key + "' to change");
                    continue;
                }
                const Fields different(connection.value, one.shape_of("connections"), context);
                Connection read = read_connection(different, connection.key, context);
                read.type = base->second.type;
                check_connection_fields(read, different, context);
                if (entry.key == project.environment) {
                    for (auto& [name, value] : read.fields) base->second.fields[name] = value;
                }
            }
        }
        project.environments[entry.key] = std::move(environment);
    }
}

void choose_environment(Project& project, Problems& problems) {
    if (project.environment.empty()) return;
    const auto found = project.environments.find(project.environment);
    if (found == project.environments.end()) {
        std::vector<std::string> names;
        for (const auto& [name, environment] : project.environments) names.push_back(name);
        problems.add({"--env", 0, 0},
                     "there is no environment '" + project.environment + "'" +
                         (names.empty() ? "; project.yml has no `environments:`"
                                        : did_you_mean(project.environment, names)));
        return;
    }
    project.confirm = found->second.confirm;
    project.notify = found->second.notify;
}

void set_params(const ProjectChoice& choice, Project& project, Problems& problems) {
    for (const auto& [name, type] : project.param_types) {
        if (type.default_value) project.params[name] = *type.default_value;
    }
    if (const auto found = project.environments.find(project.environment);
        found != project.environments.end()) {
        for (const auto& [name, value] : found->second.params) project.params[name] = value;
    }
    std::vector<std::string> names;
    for (const auto& [name, type] : project.param_types) names.push_back(name);
    for (const auto& [name, text] : choice.params) {
        const auto type = project.param_types.find(name);
        if (type == project.param_types.end()) {
            problems.add({"--param " + name, 0, 0},
                         "the project has no parameter '" + name + "'" +
                             (names.empty() ? "" : did_you_mean(name, names)));
            continue;
        }
        const auto value = type->second.parse(text);
        if (value) {
            project.params[name] = *value;
        } else {
            problems.add({"--param " + name, 0, 0}, value.error().message);
        }
    }
    for (const auto& [name, type] : project.param_types) {
        if (project.params.contains(name) || choice.params.contains(name)) continue;
        problems.add(type.place,
                     "the parameter '" + name + "' has no default: give --param " + name + "=...");
    }
}

/// A folder is taken relative to `base`; what has a scheme stays as it is.
std::string resolve_lake(const std::string& lake, const std::string& base) {
    if (lake.find("://") != std::string::npos) return lake;
    return (std::filesystem::path(base) / lake).lexically_normal().string();
}

std::optional<std::string> render_lake(const Template& lake, const Project& project,
                                       Problems& problems) {
    TemplateContext context;
    context.params = &project.params;
    const auto text = lake.render_text(context);
    if (text && !text->empty()) return resolve_lake(*text, project.root);
    problems.add({"project.yml", 0, 0},
                 text ? "`lake` is empty" : "`lake`: " + text.error().message);
    return std::nullopt;
}

void set_lake(const ProjectChoice& choice, const Template& own, Project& project,
              Problems& problems) {
    const auto lake_of = [&](const std::string& environment) -> const Template& {
        const auto found = project.environments.find(environment);
        const bool has = found != project.environments.end() && found->second.lake.has_value();
        return has ? *found->second.lake : own;
    };
    if (!choice.lake.empty()) {
        project.lake = resolve_lake(choice.lake, std::filesystem::current_path().string());
    } else if (auto lake = render_lake(lake_of(project.environment), project, problems)) {
        project.lake = *std::move(lake);
    }
    const auto chosen = project.environments.find(project.environment);
    if (chosen == project.environments.end() || chosen->second.read_from.empty()) return;
    project.read_from_lake = render_lake(lake_of(chosen->second.read_from), project, problems);
}

}  // namespace

std::map<std::string, Param> read_params(const Fields& fields, const ReadContext& context) {
    std::map<std::string, Param> params;
    const YamlNode* map = fields.find("params");
    if (map == nullptr) return params;
    for (const YamlNode::Entry& entry : map->entries) {
        const Fields one(entry.value, fields.shape_of("params"), context);
        params[entry.key] = read_param(one, entry.key, context);
    }
    return params;
}

void read_project_file(const YamlNode& node, const ProjectChoice& choice, Project& project,
                       Problems& problems) {
    const Shape& shape = *format_shapes().project;
    constexpr std::string_view kFile = "project.yml";
    if (node.kind == YamlNode::Kind::kNull) {
        problems.add({std::string(kFile), 1, 1},
                     "the file is empty: it needs at least `name: ...`");
        return;
    }
    if (!check_shape(node, shape, kFile, "the project", problems)) return;

    ReadContext context{kFile, problems, project, {}};
    const Fields fields(node, shape, context);
    project.name = fields.text("name");
    project.description = fields.text("description");
    project.environment = choice.environment;
    project.param_types = read_params(fields, context);
    for (const auto& [name, type] : project.param_types) context.param_names.push_back(name);
    if (const auto defaults = fields.object("defaults")) {
        project.defaults.timezone = defaults->text("timezone", "UTC");
        project.defaults.start = read_start(*defaults, context);
        project.defaults.retry = read_retry(*defaults, {});
    }
    if (const YamlNode* map = fields.find("connections")) {
        for (const YamlNode::Entry& entry : map->entries) {
            const Fields one(entry.value, fields.shape_of("connections"), context);
            Connection connection = read_connection(one, entry.key, context);
            check_connection_fields(connection, one, context);
            project.connections[entry.key] = std::move(connection);
        }
    }
    project.receivers = read_receivers(fields, context);
    if (const auto failure = fields.object("on_failure")) {
        project.notify_on_failure = failure->text("notify");
        check_receiver(failure->find("notify"), context);
    }
    if (const auto secrets = fields.object("secrets")) {
        project.secrets_from = secrets->texts("from");
        for (const YamlNode& from : secrets->find("from")->items) {
            if (from.text == "env" || from.text.starts_with("file:")) continue;
            context.add(from, "secrets come from `env` or `file:PATH`, not '" + from.text + "'");
        }
    }
    if (const YamlNode* map = fields.find("pools")) {
        for (const YamlNode::Entry& entry : map->entries) {
            const auto slots = yaml_integer(entry.value.text).value_or(0);
            if (slots < 1 || slots > 1'000'000)
                context.add(entry.value, "a pool has at least 1 slot");
            project.pools[entry.key] =
                static_cast<int>(std::clamp<std::int64_t>(slots, 1, 1'000'000));
        }
    }
    if (const auto engine = fields.object("engine")) project.engine = read_engine(*engine, context);
    project.engine.spill = (std::filesystem::path(project.root) / project.engine.spill).string();
    project.store = fields.text("store", project.store);
    if (project.store.starts_with("postgres")) {
        problems.not_yet(context.place(*fields.find("store")), "store in PostgreSQL");
    }
    read_environments(fields, project, context);
    choose_environment(project, problems);
    set_params(choice, project, problems);
    project.statsd = read_statsd(fields, context);
    const Template own =
        fields.find("lake") != nullptr ? fields.templ("lake") : Template::literal("./lake");
    if (problems.empty()) set_lake(choice, own, project, problems);
}

}  // namespace ingot::project
