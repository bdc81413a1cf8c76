#include "task/export_plan.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <set>

#include "postgres/sql_text.hpp"

#include "base/hash.hpp"
#include "base/nearest_name.hpp"

namespace ingot::task {
namespace {

using project::ExportItem;
using project::ExportTable;

/// Everything that does not fit, in one error.
class Misfits {
public:
    explicit Misfits(const ExportItem& item) : item_(item) {}
    void add(std::string what) { list_.push_back(std::move(what)); }
    Status status() const {
        if (list_.empty()) return {};
        return make_error(ErrorCode::kInvalidArgument,
                          "{}: {} cannot be exported to {}; nothing was written: {}",
                          item_.place.to_string(), item_.from.text(),
                          std::get<ExportTable>(item_.to).text(), fmt::join(list_, "; "));
    }

private:
    const ExportItem& item_;
    std::vector<std::string> list_;
};

std::vector<Field> chosen_fields(const ExportItem& item, const Schema& schema, Misfits& misfits);
std::vector<ExportColumn> match_columns(const ExportItem& item, const std::vector<Field>& fields,
                                        const std::optional<TargetTable>& target, Misfits& misfits);
Status choose_rows(const ExportItem& item, const ExportSource& source,
                   const std::optional<TargetTable>& target,
                   const std::optional<ExportRecord>& record, bool again, ExportPlan& plan);
void prepare_columns(const ExportTable& table, const std::vector<Field>& fields, bool exists,
                     ExportPlan& plan);
void prepare_key(const ExportItem& item, const std::optional<TargetTable>& target,
                 ExportPlan& plan);
void prepare_indexes(const ExportItem& item, const std::optional<TargetTable>& target,
                     ExportPlan& plan);
std::string definition_of(const ExportItem& item, const std::vector<Field>& fields);
bool same_name(std::string_view a, std::string_view b);
std::vector<std::string> key_of(const ExportItem& item, const ExportPlan& plan);

}  // namespace

Result<ExportPlan> plan_export(const ExportItem& item, const ExportSource& source,
                               const std::optional<TargetTable>& target,
                               const std::optional<ExportRecord>& record, bool again) {
    ExportPlan plan;
    Misfits misfits(item);
    const std::vector<Field> fields = chosen_fields(item, source.schema, misfits);
    plan.definition = definition_of(item, fields);
    plan.columns = match_columns(item, fields, target, misfits);
    INGOT_TRY(misfits.status());
    INGOT_TRY(choose_rows(item, source, target, record, again, plan));
    const bool has_rows = target && target->has_rows;
    plan.empties = item.mode == ExportItem::Mode::kOverwrite && has_rows;
    plan.staged = item.mode == ExportItem::Mode::kUpsert && has_rows;
    prepare_columns(std::get<ExportTable>(item.to), fields, target.has_value(), plan);
    prepare_key(item, target, plan);
    prepare_indexes(item, target, plan);
    return plan;
}

std::string quoted(const ExportTable& table) {
    return postgres::quote_name(table.schema) + "." + postgres::quote_name(table.table);
}

std::string upsert_statement(const ExportItem& item, const ExportPlan& plan,
                             const std::string& staged) {
    std::vector<std::string> names;
    std::string set;
    std::string differs;
    for (const ExportColumn& column : plan.columns) {
        names.push_back(column.target.name);
        if (column.in_key) continue;
        const std::string name = postgres::quote_name(column.target.name);
        const std::string_view cast = column.by_text ? "::text" : "";
        set += fmt::format("{}{} = excluded.{}", set.empty() ? "" : ", ", name, name);
        differs += fmt::format("{}t.{}{} IS DISTINCT FROM excluded.{}{}",
                               differs.empty() ? "" : " OR ", name, cast, name, cast);
    }
    // Rows that are the same already are not written again.
    const std::string action =
        set.empty() ? "NOTHING" : fmt::format("UPDATE SET {} WHERE {}", set, differs);
    return fmt::format("INSERT INTO {} AS t ({}) SELECT {} FROM {} ON CONFLICT ({}) DO {}",
                       quoted(std::get<ExportTable>(item.to)), postgres::name_list(names),
                       postgres::name_list(names), staged, postgres::name_list(key_of(item, plan)),
                       action);
}

namespace {

std::vector<Field> chosen_fields(const ExportItem& item, const Schema& schema, Misfits& misfits) {
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    const auto find = [&](const std::string& name, std::string_view what) {
        const Field* field = schema.find(name);
        if (field == nullptr) {
            misfits.add(
                fmt::format("it has no column {}{}{}", name, what, did_you_mean(name, names)));
        }
        return field;
    };
    std::vector<Field> fields;
    for (const std::string& name : item.columns.empty() ? names : item.columns) {
        if (const Field* field = find(name, "")) fields.push_back(*field);
    }
    const auto check = [&](const std::string& name, std::string_view what) {
        if (find(name, what) == nullptr) return;
        const bool chosen = std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
            return same_name(field.name, name);
        });
        if (!chosen) misfits.add(fmt::format("{}{} is not among its `columns`", name, what));
    };
    for (const std::string& name : item.key) check(name, " for its key");
    for (const std::vector<std::string>& index : item.indexes) {
        for (const std::string& name : index) check(name, " for an index");
    }
    for (const Field& field : fields) {
        if (field.name.size() <= postgres::kNameBytesMax) continue;
        misfits.add(fmt::format("the name {} is longer than the {} bytes that PostgreSQL keeps",
                                field.name, postgres::kNameBytesMax));
    }
    return fields;
}

/// By its name; else without case.
const TargetColumn* find_column(const TargetTable& target, const std::string& name) {
    const TargetColumn* found = nullptr;
    for (const TargetColumn& column : target.columns) {
        if (column.name == name) return &column;
        if (same_name(column.name, name)) found = &column;
    }
    return found;
}

std::vector<ExportColumn> match_columns(const ExportItem& item, const std::vector<Field>& fields,
                                        const std::optional<TargetTable>& target,
                                        Misfits& misfits) {
    std::vector<ExportColumn> columns;
    std::set<std::string> written;
    for (const Field& field : fields) {
        const TargetColumn* there = target ? find_column(*target, field.name) : nullptr;
        const std::string type = there != nullptr ? there->type : postgres::column_type(field.type);
        const std::string name = there != nullptr ? there->name : field.name;
        const std::optional<postgres::WireType> wire = postgres::wire_type(field.type, type);
        written.insert(name);
        if (there != nullptr && there->generated) {
            misfits.add(fmt::format("the column {} is filled by the database", name));
        } else if (!wire) {
            misfits.add(fmt::format(
                "the column {} is {} there, which cannot hold every {}: change it to {} (ALTER "
                "TABLE), or cast it in the model",
                name, type, field.type.to_string(), postgres::column_type(field.type)));
        } else {
            const bool in_key =
                std::any_of(item.key.begin(), item.key.end(),
                            [&](const std::string& each) { return same_name(each, field.name); });
            columns.push_back({field.name,
                               {name, *wire},
                               field.type.is_nested(),
                               in_key,
                               there == nullptr,
                               type == "json"});
        }
    }
    if (!target) return columns;
    for (const TargetColumn& column : target->columns) {
        if (!column.required || written.contains(column.name)) continue;
        misfits.add(
            fmt::format("the column {} there must not be null, and nothing fills it", column.name));
    }
    return columns;
}

Error cannot_append(const ExportItem& item, const ExportRecord& record, std::string_view why) {
    return make_error(ErrorCode::kUnsupported,
                      "{}: rows of {} cannot be appended to {}, which has version {}: {}; use "
                      "`mode: upsert` with "
                      "a key, or `mode: overwrite`",
                      item.place.to_string(), item.from.text(),
                      std::get<ExportTable>(item.to).text(), record.version, why);
}

Status choose_appended(const ExportItem& item, const ExportSource& source,
                       const ExportRecord& record, bool same_table, ExportPlan& plan) {
    if (!same_table) {
        return cannot_append(item, record,
                             "it was exported from another table (" + record.source + ")");
    }
    if (record.version > source.newest) {
        return cannot_append(item, record,
                             fmt::format("the newest is {}, so the lake went back", source.newest));
    }
    const bool is_newer = source.version > record.version;
    plan.rows = is_newer ? ExportPlan::Rows::kNew : ExportPlan::Rows::kNone;
    plan.reason = fmt::format("{} version {}", is_newer ? "new since" : "it has", record.version);
    return {};
}

Status choose_rows(const ExportItem& item, const ExportSource& source,
                   const std::optional<TargetTable>& target,
                   const std::optional<ExportRecord>& record, bool again, ExportPlan& plan) {
    using Rows = ExportPlan::Rows;
    const auto decide = [&](Rows rows, std::string reason) {
        plan.rows = rows;
        plan.reason = std::move(reason);
        return Status();
    };
    if (!record) return decide(Rows::kAll, "the first export");
    if (!target) return decide(Rows::kAll, "the table is not there any more");
    const bool same_table = record->source_id == source.id && record->source == item.from.text();
    if (item.mode == ExportItem::Mode::kAppend) {
        return choose_appended(item, source, *record, same_table, plan);
    }
    const bool lacks_columns =
        std::any_of(plan.columns.begin(), plan.columns.end(),
                    [](const ExportColumn& column) { return column.is_new; });
    if (again) return decide(Rows::kAll, "everything again");
    if (!same_table) return decide(Rows::kAll, "it held rows of " + record->source);
    if (record->definition != plan.definition) return decide(Rows::kAll, "it is defined otherwise");
    if (lacks_columns) return decide(Rows::kAll, "a column is not there any more");
    if (record->version > source.newest) {
        return decide(Rows::kAll,
                      fmt::format("the lake went back from version {}", record->version));
    }
    if (record->version >= source.version) {
        return decide(Rows::kNone, fmt::format("it has version {}", record->version));
    }
    if (item.mode == ExportItem::Mode::kOverwrite) {
        return decide(Rows::kAll, fmt::format("it had version {}", record->version));
    }
    return decide(Rows::kChanged, fmt::format("written since version {}", record->version));
}

/// `events_repo_id_idx`, cut where it would be too long.
std::string index_name(const std::string& table, const std::vector<std::string>& columns) {
    const std::string name = fmt::format("{}_{}_idx", table, fmt::join(columns, "_"));
    if (name.size() <= postgres::kNameBytesMax) return name;
    constexpr std::size_t kHashDigits = 8;
    const std::string hash = sha256_hex(name).substr(0, kHashDigits);
    std::string start = name.substr(0, postgres::kNameBytesMax - kHashDigits - 1);
    // No half of a character at the end.
    while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0x80) != 0) {
        start.pop_back();
    }
    return start + "_" + hash;
}

void prepare_columns(const ExportTable& table, const std::vector<Field>& fields, bool exists,
                     ExportPlan& plan) {
    std::string definitions;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!plan.columns[i].is_new) continue;
        const std::string definition =
            fmt::format("{} {}", postgres::quote_name(plan.columns[i].target.name),
                        postgres::column_type(fields[i].type));
        if (exists) {
            plan.before.push_back(
                fmt::format("ALTER TABLE {} ADD COLUMN {}", quoted(table), definition));
        }
        definitions += (definitions.empty() ? "" : ", ") + definition;
    }
    if (!exists) {
        plan.before.push_back(fmt::format("CREATE TABLE {} ({})", quoted(table), definitions));
    }
}

/// The names that columns of the source have in the target.
std::vector<std::string> target_names(const std::vector<std::string>& sources,
                                      const ExportPlan& plan) {
    std::vector<std::string> names;
    for (const std::string& source : sources) {
        for (const ExportColumn& column : plan.columns) {
            if (same_name(column.source, source)) names.push_back(column.target.name);
        }
    }
    return names;
}

std::vector<std::string> key_of(const ExportItem& item, const ExportPlan& plan) {
    return target_names(item.key, plan);
}

void prepare_key(const ExportItem& item, const std::optional<TargetTable>& target,
                 ExportPlan& plan) {
    if (item.key.empty()) return;
    const std::vector<std::string> key = key_of(item, plan);
    const std::string name = quoted(std::get<ExportTable>(item.to));
    if (!target) {
        // An index is built faster than it grows.
        plan.after.push_back(
            fmt::format("ALTER TABLE {} ADD PRIMARY KEY ({})", name, postgres::name_list(key)));
        return;
    }
    const std::set<std::string> wanted(key.begin(), key.end());
    const bool there = std::any_of(target->unique.begin(), target->unique.end(),
                                   [&](const std::vector<std::string>& columns) {
                                       return std::set(columns.begin(), columns.end()) == wanted;
                                   });
    if (there) return;
    auto& when = plan.staged ? plan.before : plan.after;
    when.push_back(fmt::format("CREATE UNIQUE INDEX ON {} ({})", name, postgres::name_list(key)));
}

void prepare_indexes(const ExportItem& item, const std::optional<TargetTable>& target,
                     ExportPlan& plan) {
    const ExportTable& table = std::get<ExportTable>(item.to);
    for (const std::vector<std::string>& index : item.indexes) {
        const std::vector<std::string> columns = target_names(index, plan);
        const std::string name = index_name(table.table, columns);
        const bool there = target && std::find(target->indexes.begin(), target->indexes.end(),
                                               name) != target->indexes.end();
        if (there) continue;
        plan.after.push_back(fmt::format("CREATE INDEX {} ON {} ({})", postgres::quote_name(name),
                                         quoted(table), postgres::name_list(columns)));
    }
}

/// What has to be the same for rows of an earlier export to count.
std::string definition_of(const ExportItem& item, const std::vector<Field>& fields) {
    std::string columns;
    for (const Field& field : fields) {
        columns += fmt::format("{}{} {}", columns.empty() ? "" : ", ",
                               postgres::quote_name(field.name), postgres::column_type(field.type));
    }
    return fmt::format("{} key ({}) of {}", project::export_mode_name(item.mode),
                       postgres::name_list(item.key), columns);
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

}  // namespace
}  // namespace ingot::task
