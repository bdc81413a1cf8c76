// `export:` of a task.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/nearest_name.hpp"
#include "project/reader_internal.hpp"

namespace ingot::project {
namespace {

struct FileEnding {
    std::string_view text;
    ExportFile::Format format;
};
constexpr std::array kFileEndings = {FileEnding{".parquet", ExportFile::Format::kParquet},
                                     FileEnding{".csv", ExportFile::Format::kCsv},
                                     FileEnding{".json", ExportFile::Format::kJson},
                                     FileEnding{".ndjson", ExportFile::Format::kNdjson},
                                     FileEnding{".jsonl", ExportFile::Format::kNdjson}};

std::optional<ExportFile> read_file_target(const YamlNode& node, const ReadContext& context) {
    std::string_view path = node.text;
    if (path.find("://") != std::string_view::npos) {
        context.problems.not_yet(context.place(node),
                                 "exports to " + std::string(path.substr(0, path.find("://"))) +
                                     "://; a file on this machine has a path");
        return std::nullopt;
    }
    ExportFile file;
    file.path = read_template(node, context);
    for (const auto& [ending, compression] :
         {std::pair{".gz", Compression::kGzip}, std::pair{".zst", Compression::kZstd}}) {
        if (!path.ends_with(ending)) continue;
        file.compression = compression;
        path.remove_suffix(std::string_view(ending).size());
    }
    const auto known =
        std::find_if(kFileEndings.begin(), kFileEndings.end(),
                     [&](const FileEnding& each) { return path.ends_with(each.text); });
    if (known == kFileEndings.end()) {
        context.add(node,
                    "the ending says what is written: .parquet, .csv, .json, .ndjson; with .gz or "
                    ".zst after it, but for .parquet, to pack it");
        return std::nullopt;
    }
    file.format = known->format;
    if (file.format == ExportFile::Format::kParquet && file.compression != Compression::kNone) {
        context.add(node, "a Parquet file is packed inside: leave the last ending out");
        return std::nullopt;
    }
    return file;
}

std::optional<ExportTable> read_table_target(const YamlNode& node, const ReadContext& context) {
    const std::string& text = node.text;
    const std::size_t first = text.find('.');
    const std::size_t second = first == std::string::npos ? first : text.find('.', first + 1);
    const std::string connection = text.substr(0, first);
    const auto known = context.project.connections.find(connection);
    if (known == context.project.connections.end()) {
        std::vector<std::string> names;
        for (const auto& [name, unused] : context.project.connections) names.push_back(name);
        const std::string nearest = did_you_mean(connection, names);
        context.add(node, "there is no connection '" + connection + "'" +
                              (nearest.empty() ? "; a path has a '/' in it: ./" + text : nearest));
        return std::nullopt;
    }
    if (known->second.type != Connection::Type::kPostgres) {
        context.add(node, "rows are exported to connections of type postgres, and '" + connection +
                              "' is another");
        return std::nullopt;
    }
    if (second == std::string::npos || second + 1 == text.size() || second == first + 1) {
        context.add(node, "a table is written with its schema: " + connection + ".public." +
                              (first + 1 < text.size() && first != std::string::npos
                                   ? text.substr(first + 1)
                                   : "events"));
        return std::nullopt;
    }
    return ExportTable{connection, text.substr(first + 1, second - first - 1),
                       text.substr(second + 1)};
}

void check_file_item(const ExportItem& item, const Fields& fields, const ReadContext& context) {
    if (item.mode != ExportItem::Mode::kOverwrite) {
        context.add(*fields.find("mode"), "a file is replaced as a whole: leave 'mode' out");
    }
    for (const char* key : {"key", "indexes"}) {
        if (const YamlNode* node = fields.find(key)) {
            context.add(*node, fmt::format("'{}' goes with a table, not with a file", key));
        }
    }
}

std::optional<ExportItem> read_item(const Fields& fields, const ReadContext& context) {
    ExportItem item;
    item.from = *TableName::parse(fields.find("from")->text);
    item.mode =
        static_cast<ExportItem::Mode>(fields.choice("mode", {"append", "overwrite", "upsert"}, 1));
    item.columns = fields.texts("columns");
    item.key = fields.texts("key");
    if (const YamlNode* indexes = fields.find("indexes")) {
        for (const YamlNode& index : indexes->items) {
            std::vector<std::string>& columns = item.indexes.emplace_back();
            if (index.kind == YamlNode::Kind::kScalar) columns.push_back(index.text);
            for (const YamlNode& column : index.items) columns.push_back(column.text);
        }
    }
    item.place = fields.place();
    const YamlNode& to = *fields.find("to");
    if (to.text.find('/') != std::string::npos) {
        auto file = read_file_target(to, context);
        if (!file) return std::nullopt;
        item.to = *std::move(file);
        check_file_item(item, fields, context);
        return item;
    }
    auto table = read_table_target(to, context);
    if (!table) return std::nullopt;
    item.to = *std::move(table);
    if (item.mode == ExportItem::Mode::kUpsert && item.key.empty()) {
        context.add(fields.node(), "`mode: upsert` needs 'key'");
    }
    return item;
}

std::string target_text(const ExportItem& item) {
    if (const auto* table = std::get_if<ExportTable>(&item.to)) return table->text();
    return std::get<ExportFile>(item.to).path.text();
}

/// What one transaction cannot hold belongs into tasks of its own.
void check_together(const ExportItem& first, const ExportItem& item, const ReadContext& context) {
    const auto* a = std::get_if<ExportTable>(&first.to);
    const auto* b = std::get_if<ExportTable>(&item.to);
    if ((a == nullptr) != (b == nullptr)) {
        context.problems.add(item.place,
                             "files are no part of a transaction: export them in a task of their "
                             "own");
    } else if (a != nullptr && a->connection != b->connection) {
        context.problems.add(
            item.place, "a task exports in one transaction, so to one connection: export to '" +
                            b->connection + "' in a task of its own");
    }
}

}  // namespace

ExportTask read_exports(const Fields& fields, const ReadContext& context) {
    ExportTask task;
    for (const YamlNode& node : fields.find("export")->items) {
        const Fields one(node, fields.shape_of("export"), context);
        std::optional<ExportItem> item = read_item(one, context);
        if (!item) continue;
        if (!task.items.empty()) check_together(task.items.front(), *item, context);
        const std::string target = target_text(*item);
        for (const ExportItem& other : task.items) {
            if (target_text(other) == target) {
                context.add(*one.find("to"), target + " is written twice by this task");
            }
        }
        task.items.push_back(*std::move(item));
    }
    return task;
}

std::string_view export_mode_name(ExportItem::Mode mode) {
    switch (mode) {
        case ExportItem::Mode::kAppend:
            return "append";
        case ExportItem::Mode::kOverwrite:
            return "overwrite";
        case ExportItem::Mode::kUpsert:
            return "upsert";
    }
    return "overwrite";
}

const std::string* ExportTask::connection() const {
    const auto* table = items.empty() ? nullptr : std::get_if<ExportTable>(&items.front().to);
    return table == nullptr ? nullptr : &table->connection;
}

}  // namespace ingot::project
