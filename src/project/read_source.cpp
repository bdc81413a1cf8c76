// sources/*.yml
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {

namespace {

char character(const Fields& fields, std::string_view key, char otherwise,
               const ReadContext& context) {
    const YamlNode* node = fields.find(key);
    if (node == nullptr) return otherwise;
    if (node->text == "\\t" || node->text == "tab") return '\t';
    if (node->text.size() == 1) return node->text[0];
    context.add(*node,
                fmt::format("'{}' must be one character (or tab), not '{}'", key, node->text));
    return otherwise;
}

CsvFormat read_csv(const Fields& fields, const ReadContext& context) {
    CsvFormat csv;
    csv.delimiter = character(fields, "delimiter", csv.delimiter, context);
    csv.quote = character(fields, "quote", csv.quote, context);
    csv.escape = character(fields, "escape", csv.escape, context);
    csv.header = fields.boolean("header", csv.header);
    csv.trim_header = fields.boolean("trim_header", csv.trim_header);
    csv.trim_values = fields.boolean("trim_values", csv.trim_values);
    csv.skip_lines = fields.count("skip_lines", 0, 0);
    csv.encoding = fields.text("encoding", csv.encoding);
    if (fields.find("null_values") != nullptr) csv.null_values = fields.texts("null_values");
    csv.names = fields.texts("names");
    return csv;
}

void read_common_options(const Fields& fields, Format& format, const ReadContext& context) {
    format.unknown_fields = static_cast<UnknownFields>(
        fields.choice("unknown_fields", {"add", "ignore", "reject", "fail"}, 1));
    format.bad_row =
        fields.choice("bad_row", {"reject", "fail"}, 0) == 0 ? BadInput::kReject : BadInput::kFail;
    format.bad_value =
        static_cast<BadInput>(fields.choice("bad_value", {"reject", "null", "fail"}, 0));
    format.compression =
        static_cast<Compression>(fields.choice("compression", {"auto", "none", "gzip", "zstd"}, 0));
    if (const YamlNode* bytes = fields.find("max_record")) {
        format.max_record_bytes = *parse_bytes(bytes->text);
    }
    if (const YamlNode* rename = fields.find("rename")) {
        for (const YamlNode::Entry& entry : rename->entries) {
            format.rename[entry.key] = entry.value.text;
        }
    }
    if (const YamlNode* rules = fields.find("refuse_when")) {
        for (const YamlNode& item : rules->items) {
            const Fields fields_of(item, fields.shape_of("refuse_when"), context);
            RefuseRule rule{fields_of.text("has_field"), fields_of.text("reason")};
            if (rule.has_field.empty() || rule.reason.empty())
                context.add(item, "'refuse_when' needs a field and a reason that are not empty");
            format.refuse_when.push_back(std::move(rule));
        }
    }
}

FormatKind plain_format(std::string_view name) {
    if (name == "json") return JsonFormat{};
    if (name == "csv") return CsvFormat{};
    if (name == "parquet") return ParquetFormat{};
    if (name == "text") return TextFormat{};
    return NdjsonFormat{};
}

Format read_format(const YamlNode& node, const Fields& owner, const ReadContext& context) {
    Format format;
    format.place = context.place(node);
    if (node.kind == YamlNode::Kind::kScalar) {
        format.kind = plain_format(node.text);
        return format;
    }
    const Fields fields(node, owner.shape_of("format"), context);
    const std::string& name = node.entries[0].key;
    const Fields options = *fields.object(name);
    format.kind = plain_format(name);
    if (auto* json = std::get_if<JsonFormat>(&format.kind)) json->records = options.text("records");
    if (name == "csv") format.kind = read_csv(options, context);
    read_common_options(options, format, context);
    return format;
}

std::string_view without_compression(std::string_view path) {
    for (const std::string_view packed : {".gz", ".zst"}) {
        if (path.ends_with(packed)) path.remove_suffix(packed.size());
    }
    return path;
}

/// By the ending of the path, where that says it; `.json` may be either JSON, so it does not.
std::optional<FormatKind> format_of_path(std::string_view path) {
    path = without_compression(path);
    if (path.ends_with(".ndjson") || path.ends_with(".jsonl")) return NdjsonFormat{};
    if (path.ends_with(".csv")) return CsvFormat{};
    if (path.ends_with(".parquet")) return ParquetFormat{};
    return std::nullopt;
}

std::optional<double> read_rate(const Fields& fields, const ReadContext& context) {
    const YamlNode* node = fields.find("rate");
    if (node == nullptr) return std::nullopt;
    const std::size_t slash = node->text.find('/');
    const auto count = yaml_number(std::string_view(node->text).substr(0, slash));
    const std::string unit = slash == std::string::npos ? "" : node->text.substr(slash + 1);
    const double seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
    if (count && *count > 0 && seconds > 0) return *count / seconds;
    context.add(*node, "'" + node->text + "' is no rate: write 10/s, 100/m or 1000/h");
    return std::nullopt;
}

HttpOrigin read_http(const Fields& fields, const ReadContext& context) {
    HttpOrigin http;
    http.url = fields.templ("url");
    http.method = fields.text("method", http.method);
    http.body = fields.templ("body");
    if (const YamlNode* parts = fields.find("parts")) http.parts = *TableName::parse(parts->text);
    http.rate_per_second = read_rate(fields, context);
    if (const auto next = fields.object("next_page")) {
        http.next_page = next->find("cursor") != nullptr ? HttpOrigin::NextPage::kCursor
                                                         : HttpOrigin::NextPage::kPageNumber;
        http.cursor_path = next->text("cursor");
        http.cursor_parameter = next->text("parameter");
    } else if (fields.find("next_page") != nullptr) {
        http.next_page = HttpOrigin::NextPage::kLink;
    }
    http.headers = fields.named_templates("headers");
    http.query = fields.named_templates("query");
    http.secret_query = fields.named_templates("secret_query");
    if (http.url.uses_item() && !http.parts) {
        context.add(*fields.find("url"), "{item} needs `parts:`, the seed that has the items");
    }
    return http;
}

/// `headers` belongs to files, `emits` to a command: the keys that fit what is read.
void check_origin_keys(const Fields& fields, std::string_view kind, const ReadContext& context) {
    const std::map<std::string_view, std::string_view> kOwner = {{"member", "files"},
                                                                 {"headers", "files"},
                                                                 {"emits", "command"},
                                                                 {"environment", "command"}};
    for (const auto& [key, owner] : kOwner) {
        const YamlNode* node = fields.find(key);
        if (node != nullptr && owner != kind) {
            context.add(*node, fmt::format("'{}' goes with `{}`, not with `{}`", key, owner, kind));
        }
    }
}

Origin read_origin(const Fields& fields, const ReadContext& context) {
    RetryPolicy retry = read_retry(fields, context.project.defaults.retry);
    retry.timeout = fields.duration("timeout");
    if (fields.find("files") != nullptr) {
        check_origin_keys(fields, "files", context);
        return FilesOrigin{fields.templ("files"), fields.text("member"),
                           fields.named_templates("headers"), retry};
    }
    if (const auto http = fields.object("http")) {
        check_origin_keys(fields, "http", context);
        HttpOrigin origin = read_http(*http, context);
        origin.retry = retry;
        return origin;
    }
    if (fields.find("command") != nullptr) {
        check_origin_keys(fields, "command", context);
        return CommandOrigin{fields.templates("command"),
                             static_cast<CommandOrigin::Emits>(
                                 fields.choice("emits", {"ndjson", "csv", "json", "arrow"}, 0)),
                             fields.named_templates("environment"), retry};
    }
    check_origin_keys(fields, "delta", context);
    return DeltaOrigin{fields.templ("delta")};
}

bool origin_uses_window(const Origin& origin) {
    const auto any = [](const std::vector<std::pair<std::string, Template>>& list) {
        return std::any_of(list.begin(), list.end(),
                           [](const auto& one) { return one.second.uses_window(); });
    };
    if (const auto* files = std::get_if<FilesOrigin>(&origin)) return files->path.uses_window();
    if (const auto* http = std::get_if<HttpOrigin>(&origin)) {
        return http->url.uses_window() || http->body.uses_window() || any(http->query);
    }
    if (const auto* command = std::get_if<CommandOrigin>(&origin)) {
        return any(command->environment) ||
               std::any_of(command->argv.begin(), command->argv.end(),
                           [](const Template& part) { return part.uses_window(); });
    }
    return true;
}

bool has_ending_of(const Format& format, std::string_view path) {
    path = without_compression(path);
    const auto kind = format_of_path(path);
    if (kind) return kind->index() == format.kind.index();
    const bool is_json = std::holds_alternative<JsonFormat>(format.kind) ||
                         std::holds_alternative<NdjsonFormat>(format.kind);
    return is_json && path.ends_with(".json");
}

/// One format, or the one of a list that goes with the ending of the input's name.
Format choose_format(const YamlNode& node, const Fields& fields, std::string_view path,
                     const ReadContext& context) {
    if (node.kind != YamlNode::Kind::kList) return read_format(node, fields, context);
    std::optional<Format> chosen;
    for (const YamlNode& item : node.items) {
        Format format = read_format(item, fields, context);
        if (!chosen && has_ending_of(format, path)) chosen = std::move(format);
    }
    if (chosen) return *std::move(chosen);
    context.add(node, fmt::format("none of these formats goes with the name '{}'", path));
    return {};
}

SourceTable read_table(const Fields& fields, TableName name, const ReadContext& context) {
    SourceTable table;
    table.name = std::move(name);
    table.place = fields.place();
    table.columns = read_columns(fields, table.checks, context);
    table.partition = fields.texts("partition");
    table.cluster = fields.texts("cluster");
    table.reject = read_rules(fields, "reject", context);
    table.warn = read_rules(fields, "warn", context);
    for (Check& check : read_table_checks(fields, context)) {
        table.checks.push_back(std::move(check));
    }
    finish_checks(table.checks, context);
    table.min_rows = fields.integer("min_rows");
    table.retention = read_retention(fields);
    table.description = fields.text("description");
    return table;
}

void read_tables(const Fields& fields, Source& source, const ReadContext& context) {
    if (const YamlNode* name = fields.find("table")) {
        source.tables.push_back(read_table(fields, *TableName::parse(name->text), context));
        source.tables[0].place = context.place(*name);
        return;
    }
    const YamlNode* map = fields.find("tables");
    if (map->entries.empty()) context.add(*map, "'tables' names no table");
    for (const YamlNode::Entry& entry : map->entries) {
        const Fields one(entry.value, fields.shape_of("tables"), context);
        SourceTable table = read_table(one, *TableName::parse(entry.key), context);
        table.member = one.text("member");
        if (const YamlNode* format = one.find("format")) {
            table.format = choose_format(*format, one, table.member, context);
        }
        table.place = {std::string(context.file), entry.line, entry.column};
        source.tables.push_back(std::move(table));
    }
    for (const std::string_view key :
         {"columns", "partition", "cluster", "reject", "warn", "checks", "min_rows"}) {
        if (const YamlNode* node = fields.find(key)) {
            context.add(*node, fmt::format("'{}' stands under each of `tables:`", key));
        }
    }
}

/// The name of the input as far as it is known before a run: the parameters are, windows are not.
std::string known_path(const Source& source, const ReadContext& context) {
    const auto* files = std::get_if<FilesOrigin>(&source.from);
    if (files == nullptr) return "";
    TemplateContext known;
    known.params = &context.project.params;
    const auto rendered = files->path.render_text(known);
    return rendered ? *rendered : files->path.text();
}

void set_format(const Fields& fields, Source& source, const ReadContext& context) {
    if (const YamlNode* format = fields.find("format")) {
        source.format = choose_format(*format, fields, known_path(source, context), context);
        return;
    }
    source.format.place = context.place(fields.node());
    if (const auto* command = std::get_if<CommandOrigin>(&source.from)) {
        using Emits = CommandOrigin::Emits;
        if (command->emits == Emits::kCsv) source.format.kind = CsvFormat{};
        if (command->emits == Emits::kJson) source.format.kind = JsonFormat{};
        if (command->emits == Emits::kArrow) source.format.kind = ArrowFormat{};
        return;
    }
    if (std::holds_alternative<DeltaOrigin>(source.from)) {
        source.format.kind = ParquetFormat{};
        return;
    }
    const bool each_has = std::all_of(source.tables.begin(), source.tables.end(),
                                      [](const SourceTable& t) { return t.format.has_value(); });
    if (each_has) return;
    if (const auto* files = std::get_if<FilesOrigin>(&source.from)) {
        if (const auto kind = format_of_path(files->path.text())) {
            source.format.kind = *kind;
            return;
        }
    }
    context.add(fields.node(), "'format' is missing: the name of the input does not tell it");
}

void check_load(const Fields& fields, const Source& source, const ReadContext& context) {
    const bool delta = std::holds_alternative<DeltaOrigin>(source.from);
    const YamlNode* load = fields.find("load");
    const YamlNode* window = fields.find("window");
    if (delta) {
        if (load != nullptr) context.add(*load, "a `delta` source is read where it is: no 'load'");
        if (source.tables.size() > 1) {
            context.add(*fields.find("tables"), "a `delta` source is one table");
        }
        return;
    }
    if (load == nullptr) {
        context.add(fields.node(), "'load' is missing in this source");
        return;
    }
    if (source.load == LoadKind::kWindow) {
        if (window == nullptr) {
            context.add(*load, "`load: window` needs 'window': hour, day, ...");
        } else if (!origin_uses_window(source.from)) {
            context.add(*fields.find("from"),
                        "nothing here depends on the window: use {window.start:...}, or another "
                        "'load'");
        }
        return;
    }
    if (window != nullptr) context.add(*window, "'window' goes with `load: window`");
    if (const YamlNode* missing = fields.find("missing")) {
        context.add(*missing, "'missing' goes with `load: window`");
    }
    if (origin_uses_window(source.from) && source.load != LoadKind::kStream) {
        context.add(*fields.find("from"), "{window...} goes with `load: window`");
    }
}

}  // namespace

std::string_view load_kind_name(LoadKind kind) {
    constexpr std::string_view kNames[] = {"window", "files", "snapshot", "append", "stream"};
    return kNames[static_cast<std::size_t>(kind)];
}

std::string_view format_name(const Format& format) {
    constexpr std::string_view kNames[] = {"ndjson", "json",     "csv",  "xml",  "parquet",
                                           "avro",   "protobuf", "text", "arrow"};
    static_assert(std::size(kNames) == std::variant_size_v<FormatKind>);
    return kNames[format.kind.index()];
}

std::string_view origin_name(const Origin& origin) {
    constexpr std::string_view kNames[] = {"files", "http",     "command",
                                           "delta", "postgres", "kafka"};
    static_assert(std::size(kNames) == std::variant_size_v<Origin>);
    return kNames[origin.index()];
}

std::optional<Source> read_source(const YamlNode& node, std::string name,
                                  const ReadContext& context) {
    const Shape& shape = *format_shapes().source;
    if (node.kind == YamlNode::Kind::kNull) {
        context.problems.add({std::string(context.file), 1, 1},
                             "the file is empty: a source has at least 'table', 'load' and 'from'");
        return std::nullopt;
    }
    if (!check_shape(node, shape, context.file, "a source", context.problems)) return std::nullopt;

    const std::size_t problems_before = context.problems.count();
    const Fields fields(node, shape, context);
    Source source;
    source.name = std::move(name);
    source.place = {std::string(context.file), 1, 1};
    source.load = static_cast<LoadKind>(
        fields.choice("load", {"window", "files", "snapshot", "append", "stream"}, 2));
    source.window = read_window(fields, context);
    source.start = read_start(fields, context);
    source.from = read_origin(*fields.object("from"), context);
    if (const auto missing = fields.object("missing")) {
        source.missing = {missing->share("allow").value_or(0), missing->duration("retry_for"),
                          missing->place()};
    }
    if (const auto freshness = fields.object("freshness")) {
        source.freshness =
            FreshnessPolicy{freshness->duration("warn"), freshness->duration("error"),
                            freshness->text("notify"), freshness->place()};
        check_receiver(freshness->find("notify"), context);
    }
    read_tables(fields, source, context);
    set_format(fields, source, context);
    check_load(fields, source, context);
    source.tags = fields.texts("tags");
    source.owner = fields.text("owner");
    source.description = fields.text("description");
    if (context.problems.count() > problems_before) return std::nullopt;
    return source;
}

}  // namespace ingot::project
