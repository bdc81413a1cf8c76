// Columns and checks.
#include <algorithm>
#include <fmt/format.h>
#include <strings.h>

#include "project/reader_internal.hpp"
#include "project/scalars_internal.hpp"

namespace ingot::project {

namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

/// A bound of `[min, max]`: null is none.
std::optional<Value> bound(const YamlNode* node) {
    if (node == nullptr || node->kind == YamlNode::Kind::kNull) return std::nullopt;
    return node->value();
}

std::optional<std::int64_t> length_bound(const YamlNode* node, const ReadContext& context) {
    const auto value = bound(node);
    if (!value) return std::nullopt;
    if (value->integer() == nullptr || *value->integer() < 0) {
        context.add(*node, "a length must be a whole number, not " + node->describe());
        return std::nullopt;
    }
    return *value->integer();
}

std::optional<Value> range_bound(const YamlNode* node, const ReadContext& context) {
    auto value = bound(node);
    if (value &&
        (value->list() != nullptr || value->map() != nullptr || value->boolean() != nullptr)) {
        context.add(*node, "a bound must be a number, a date or text, not " + node->describe());
        return std::nullopt;
    }
    return value;
}

RangeCheck checked(RangeCheck range, const YamlNode& node, const ReadContext& context) {
    if (!range.min && !range.max) context.add(node, "a range needs a smallest or a largest value");
    if (range.min && range.max) {
        const auto min = range.min->to_scalar(TypeId::kDouble);
        const auto max = range.max->to_scalar(TypeId::kDouble);
        if (min && max && min->as_double() > max->as_double()) {
            context.add(node, fmt::format("the range is empty: {} is greater than {}",
                                          range.min->to_json(), range.max->to_json()));
        }
    }
    return range;
}

TableName table_at(const Fields& fields, std::string_view key) {
    return *TableName::parse(fields.find(key)->text);
}

/// The options that every check has.
Check with_options(const Fields& fields, CheckBody body, const ReadContext& context) {
    Check check;
    check.body = std::move(body);
    check.name = fields.text("name");
    check.on_fail = static_cast<OnFail>(fields.choice("on_fail", {"fail", "warn"}, 0));
    check.scope = static_cast<CheckScope>(fields.choice("scope", {"window", "table"}, 0));
    if (fields.find("where") != nullptr) check.where = fields.text("where");
    check.description = fields.text("description");
    check.place = context.place(fields.node());
    return check;
}

std::optional<CheckBody> column_check_body(const Fields& fields, const std::string& column,
                                           const ReadContext& context) {
    const auto flag = [&](std::string_view key) {
        const YamlNode* node = fields.find(key);
        if (node == nullptr) return false;
        if (!fields.boolean(key, true)) {
            context.add(*node, fmt::format("'{}: false' says nothing: leave it out", key));
        }
        return true;
    };
    if (flag("not_null")) return NotNullCheck{{column}};
    if (flag("unique")) return UniqueCheck{{column}};
    if (fields.find("accepted") != nullptr) return AcceptedCheck{column, fields.values("accepted")};
    if (const YamlNode* range = fields.find("range")) {
        return checked({column, range_bound(&range->items[0], context),
                        range_bound(&range->items[1], context)},
                       *range, context);
    }
    if (fields.find("regex") != nullptr) return RegexCheck{column, fields.text("regex")};
    if (const YamlNode* length = fields.find("length")) {
        return LengthCheck{column, length_bound(&length->items[0], context),
                           length_bound(&length->items[1], context)};
    }
    if (const auto share = fields.share("null_share")) return NullShareCheck{column, *share};
    if (const auto relation = fields.object("relationships")) {
        return RelationshipsCheck{
            {column}, table_at(*relation, "to"), {relation->text("column", column)}};
    }
    if (const auto age = fields.duration("freshness")) return FreshnessCheck{column, *age};
    return std::nullopt;
}

RelationshipsCheck table_relationships(const Fields& fields, const ReadContext& context) {
    RelationshipsCheck check{fields.texts("columns"), table_at(fields, "to"),
                             fields.texts("to_columns")};
    if (check.to_columns.empty()) check.to_columns = check.columns;
    if (check.to_columns.size() != check.columns.size()) {
        context.add(fields.node(), "'columns' and 'to_columns' must be equally many");
    }
    return check;
}

RowCountCheck row_count(const Fields& fields, const ReadContext& context) {
    const RowCountCheck check{fields.integer("min"), fields.integer("max"),
                              fields.share("max_drop"), fields.number("max_growth")};
    if (!check.min && !check.max && !check.max_drop && !check.max_growth) {
        context.add(fields.node(), "'row_count' needs min, max, max_drop or max_growth");
    }
    if (check.min && check.max && *check.min > *check.max) {
        context.add(fields.node(), "'min' is greater than 'max'");
    }
    return check;
}

AnomalyCheck anomaly(const Fields& fields) {
    AnomalyCheck check;
    check.metric = fields.text("metric", check.metric);
    check.deviations = fields.number("deviations").value_or(check.deviations);
    check.history = fields.count("history", check.history, 2);
    check.min_history = fields.count("min_history", check.min_history, 2);
    return check;
}

std::optional<CheckBody> table_check_body(const Fields& fields, const ReadContext& context) {
    if (fields.find("not_null") != nullptr) return NotNullCheck{fields.texts("not_null")};
    if (fields.find("unique") != nullptr) return UniqueCheck{fields.texts("unique")};
    if (const auto of = fields.object("accepted")) {
        return AcceptedCheck{of->text("column"), of->values("values")};
    }
    if (const auto of = fields.object("range")) {
        return checked({of->text("column"), range_bound(of->find("min"), context),
                        range_bound(of->find("max"), context)},
                       of->node(), context);
    }
    if (const auto of = fields.object("regex")) {
        return RegexCheck{of->text("column"), of->text("pattern")};
    }
    if (const auto of = fields.object("length")) {
        return LengthCheck{of->text("column"), of->integer("min"), of->integer("max")};
    }
    if (const auto of = fields.object("null_share")) {
        return NullShareCheck{of->text("column"), *of->share("max")};
    }
    if (const auto of = fields.object("relationships")) return table_relationships(*of, context);
    if (const auto of = fields.object("row_count")) return row_count(*of, context);
    if (const auto of = fields.object("freshness")) {
        return FreshnessCheck{of->text("column"), *of->duration("max_age")};
    }
    if (fields.find("sql") != nullptr) return SqlCheck{fields.text("sql")};
    if (fields.find("query") != nullptr) return QueryCheck{fields.text("query")};
    if (const auto of = fields.object("anomaly")) return anomaly(*of);
    return std::nullopt;
}

void read_column_checks(const Fields& column, const std::string& name, std::vector<Check>& checks,
                        const ReadContext& context) {
    const YamlNode* list = column.find("checks");
    if (list == nullptr) return;
    for (const YamlNode& item : list->items) {
        if (item.kind == YamlNode::Kind::kScalar) {
            Check check;
            if (item.text == "not_null") {
                check.body = NotNullCheck{{name}};
            } else {
                check.body = UniqueCheck{{name}};
            }
            check.place = context.place(item);
            checks.push_back(std::move(check));
            continue;
        }
        const Fields fields(item, column.shape_of("checks"), context);
        if (auto body = column_check_body(fields, name, context)) {
            checks.push_back(with_options(fields, *std::move(body), context));
        }
    }
}

struct CheckNamer {
    std::string operator()(const NotNullCheck& c) const {
        return of("not_null", joined(c.columns));
    }
    std::string operator()(const UniqueCheck& c) const { return of("unique", joined(c.columns)); }
    std::string operator()(const AcceptedCheck& c) const { return of("accepted", c.column); }
    std::string operator()(const RangeCheck& c) const { return of("range", c.column); }
    std::string operator()(const LengthCheck& c) const { return of("length", c.column); }
    std::string operator()(const RegexCheck& c) const { return of("regex", c.column); }
    std::string operator()(const NullShareCheck& c) const { return of("null_share", c.column); }
    std::string operator()(const RelationshipsCheck& c) const {
        return of("relationships", joined(c.columns) + " in " + c.to.text());
    }
    std::string operator()(const RowCountCheck&) const { return "row_count"; }
    std::string operator()(const FreshnessCheck& c) const { return of("freshness", c.column); }
    std::string operator()(const SqlCheck& c) const { return of("sql", shortened(c.expression)); }
    std::string operator()(const QueryCheck& c) const { return of("query", shortened(c.query)); }
    std::string operator()(const AnomalyCheck& c) const {
        return of("anomaly", shortened(c.metric));
    }

    static std::string of(std::string_view kind, std::string_view what) {
        return fmt::format("{}({})", kind, what);
    }
    static std::string shortened(const std::string& sql) {
        std::string text = normalize_sql(sql);
        if (text.size() > 60) text = text.substr(0, 57) + "...";
        return text;
    }
};

void set_type(ColumnSpec& column, std::string_view text) {
    column.type = *parse_data_type(text);
}

}  // namespace

std::string_view check_kind(const Check& check) {
    constexpr std::string_view kKinds[] = {
        "not_null",      "unique",    "accepted",  "range", "length", "regex",  "null_share",
        "relationships", "row_count", "freshness", "sql",   "query",  "anomaly"};
    static_assert(std::size(kKinds) == std::variant_size_v<CheckBody>);
    return kKinds[check.body.index()];
}

std::vector<ColumnSpec> read_columns(const Fields& fields, std::vector<Check>& checks,
                                     const ReadContext& context) {
    std::vector<ColumnSpec> columns;
    const YamlNode* map = fields.find("columns");
    if (map == nullptr) return columns;
    for (const YamlNode::Entry& entry : map->entries) {
        ColumnSpec column;
        column.name = entry.key;
        column.place = {std::string(context.file), entry.line, entry.column};
        if (entry.value.kind == YamlNode::Kind::kScalar) {
            set_type(column, entry.value.text);
        } else {
            const Fields spec(entry.value, fields.shape_of("columns"), context);
            if (const YamlNode* type = spec.find("type")) set_type(column, type->text);
            if (spec.find("expr") != nullptr) column.expr = spec.text("expr");
            column.required = spec.boolean("required", false);
            column.description = spec.text("description");
            column.tags = spec.texts("tags");
            if (column.required) {
                Check check;
                check.body = NotNullCheck{{column.name}};
                check.place = context.place(*spec.find("required"));
                checks.push_back(std::move(check));
            }
            read_column_checks(spec, column.name, checks, context);
        }
        columns.push_back(std::move(column));
    }
    return columns;
}

std::vector<Check> read_table_checks(const Fields& fields, const ReadContext& context) {
    std::vector<Check> checks;
    const YamlNode* list = fields.find("checks");
    if (list == nullptr) return checks;
    for (const YamlNode& item : list->items) {
        const Fields one(item, fields.shape_of("checks"), context);
        if (auto body = table_check_body(one, context)) {
            checks.push_back(with_options(one, *std::move(body), context));
        }
    }
    return checks;
}

void finish_checks(std::vector<Check>& checks, const ReadContext& context) {
    std::set<std::string> taken;
    for (const Check& check : checks) {
        if (!check.name.empty() && !taken.insert(check.name).second) {
            context.problems.add(check.place, "two checks are named '" + check.name + "'");
        }
    }
    for (Check& check : checks) {
        if (!check.name.empty()) continue;
        const std::string made = std::visit(CheckNamer(), check.body);
        check.name = made;
        for (int i = 2; !taken.insert(check.name).second; ++i) {
            check.name = fmt::format("{} #{}", made, i);
        }
    }
}

}  // namespace ingot::project
