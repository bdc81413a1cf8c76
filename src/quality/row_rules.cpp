#include "quality/row_rules.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "quality/names_internal.hpp"
#include "quality/sql_text.hpp"
#include "quality/tables.hpp"

namespace ingot::quality {
namespace {

using project::Duplicates;

// Names of ours inside the statement. Columns of the SELECT may not begin so.
constexpr std::string_view kPrivatePrefix = "_ingot_";
constexpr std::string_view kReasonName = "\"_ingot_reason\"";

std::string null_reason(std::string_view column) {
    std::string reason = "NULL_";
    for (const char c : column) {
        reason += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return reason;
}

/// A condition and the reason that it gives; the first true one counts.
struct Condition {
    std::string when;
    std::string reason;
};

/// How rows that share a key are ranked: rank 1 stays.
struct Ranking {
    std::vector<std::string> key;
    std::string order;  ///< Ends with all columns.
    std::string reason;
};

std::vector<std::string> column_names(const Schema& columns) {
    std::vector<std::string> names;
    for (const Field& field : columns.fields) names.push_back(field.name);
    return names;
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

Status check_column_names(const Schema& columns) {
    const Schema ours = quarantine_schema();
    for (std::size_t i = 0; i < columns.fields.size(); ++i) {
        const std::string& name = columns.fields[i].name;
        if (ours.find(name) != nullptr || same_name(name, kRejectReasonColumn) ||
            same_name(std::string_view(name).substr(0, kPrivatePrefix.size()), kPrivatePrefix)) {
            return make_error(ErrorCode::kInvalidArgument,
                              "the SELECT returns a column '{}', a name that the quarantine needs: "
                              "rename it",
                              name);
        }
        for (std::size_t j = 0; j < i; ++j) {
            if (!same_name(columns.fields[j].name, name)) continue;
            return make_error(ErrorCode::kInvalidArgument,
                              "the SELECT returns two columns '{}': rename one", name);
        }
    }
    return {};
}

Result<std::vector<Condition>> compile_conditions(const Schema& columns, const RowRules& rules) {
    std::vector<Condition> conditions;
    for (const project::Rule& rule : rules.reject) {
        Result<std::string> when = bindable_fragment(rule.when);
        if (!when) {
            return located(std::move(when).error(), rule.place,
                           fmt::format("reject rule {}", rule.reason));
        }
        conditions.push_back({*std::move(when), rule.reason});
    }
    for (const std::string& name : rules.not_null) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(columns, name));
        conditions.push_back({quoted_name(column->name) + " IS NULL", null_reason(column->name)});
    }
    return conditions;
}

Result<std::string> ranking_order(const Schema& columns, const RowRules& rules) {
    std::string order;
    if (rules.duplicates.mode == Duplicates::Mode::kKeep) {
        INGOT_TRY_ASSIGN(order, bindable_fragment(rules.duplicates.keep));
    } else {
        for (const std::string& name : rules.newest_by) {
            INGOT_TRY_ASSIGN(const Field* column, find_column(columns, name));
            if (!order.empty()) order += ", ";
            order += quoted_name(column->name) + " DESC NULLS LAST";
        }
        if (order.empty()) {
            return make_error(ErrorCode::kInvalidArgument,
                              "nothing says which row is the newest: name columns in order_by, or "
                              "say keep: instead of newest");
        }
    }
    for (const Field& column : columns.fields) {
        order += ", " + quoted_name(column.name) + " ASC NULLS LAST";
    }
    return order;
}

Result<std::optional<Ranking>> compile_ranking(const Schema& columns, const RowRules& rules) {
    if (rules.key.empty() || rules.duplicates.mode == Duplicates::Mode::kError) {
        return std::optional<Ranking>();
    }
    Ranking ranking;
    for (const std::string& name : rules.key) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(columns, name));
        ranking.key.push_back(column->name);
    }
    ranking.reason = rules.duplicates.reason;
    Result<std::string> order = ranking_order(columns, rules);
    if (!order) return located(std::move(order).error(), rules.duplicates.place, "duplicates");
    ranking.order = *std::move(order);
    return std::optional<Ranking>(std::move(ranking));
}

/// The SELECT's columns and, as `_ingot_reason`, the reason of the first condition that holds.
std::string reasons_select(std::string_view select, const std::string& columns,
                           const std::vector<Condition>& conditions) {
    std::string reason = "CAST(NULL AS VARCHAR)";
    if (!conditions.empty()) {
        reason = "CASE";
        for (const Condition& condition : conditions) {
            reason +=
                fmt::format(" WHEN ({}) THEN {}", condition.when, quoted_text(condition.reason));
        }
        reason += " END";
    }
    return fmt::format("SELECT {}, {} AS {} FROM ({}) AS \"_ingot_select\"", columns, reason,
                       kReasonName, select);
}

/// Three disjoint parts: rows that were rejected already, rows whose key is theirs alone, and rows
/// that share their key, ranked. Only the last are sorted.
std::string ranked_select(const std::string& reasons, const std::string& columns,
                          const Ranking& ranking) {
    const std::string key = quoted_list(ranking.key);
    std::string same_key;
    for (const std::string& name : ranking.key) {
        if (!same_key.empty()) same_key += " AND ";
        same_key += fmt::format("\"_ingot_rows\".{0} IS NOT DISTINCT FROM \"_ingot_shared\".{0}",
                                quoted_name(name));
    }
    const std::string qualified = "\"_ingot_rows\".*";
    const std::string ranked = fmt::format(
        "SELECT {columns}, CASE WHEN row_number() OVER (PARTITION BY {key} ORDER BY {order}) > 1 "
        "THEN {reason} END AS {reason_name} FROM (SELECT {qualified} FROM \"_ingot_rows\" SEMI "
        "JOIN "
        "\"_ingot_shared\" ON ({same_key}) WHERE {reason_name} IS NULL) AS \"_ingot_candidates\"",
        fmt::arg("columns", columns), fmt::arg("key", key), fmt::arg("order", ranking.order),
        fmt::arg("reason", quoted_text(ranking.reason)), fmt::arg("reason_name", kReasonName),
        fmt::arg("qualified", qualified), fmt::arg("same_key", same_key));
    return fmt::format(
        "WITH \"_ingot_rows\" AS MATERIALIZED ({reasons}), \"_ingot_shared\" AS MATERIALIZED "
        "(SELECT "
        "{key} FROM \"_ingot_rows\" WHERE {reason_name} IS NULL GROUP BY {key} HAVING count(*) > "
        "1) "
        "SELECT * FROM \"_ingot_rows\" WHERE {reason_name} IS NOT NULL UNION ALL "
        "SELECT {qualified} FROM \"_ingot_rows\" ANTI JOIN \"_ingot_shared\" ON ({same_key}) WHERE "
        "{reason_name} IS NULL UNION ALL {ranked}",
        fmt::arg("reasons", reasons), fmt::arg("key", key), fmt::arg("reason_name", kReasonName),
        fmt::arg("qualified", qualified), fmt::arg("same_key", same_key),
        fmt::arg("ranked", ranked));
}

/// `{'a': "a", 'b': "b"}`
std::string row_as_struct(const Schema& columns) {
    std::string members;
    for (const Field& column : columns.fields) {
        if (!members.empty()) members += ", ";
        members += quoted_text(column.name) + ": " + quoted_name(column.name);
    }
    return "{" + members + "}";
}

std::string or_null(const std::string& sql) {
    return sql.empty() ? "NULL" : "(" + sql + ")";
}

/// Adds `_reject_reason` and the quarantine's columns. The row's JSON is made for rejected rows
/// only.
std::string quarantine_select(const std::string& rows, const Schema& columns,
                              const QuarantineStamp& stamp) {
    return fmt::format(
        "SELECT {columns}, {reason} AS \"_reject_reason\", {reason} AS \"_reason\", {run_id} AS "
        "\"_run_id\", make_timestamptz({at}) AS \"_rejected_at\", CAST({file} AS VARCHAR) AS "
        "\"_file\", CAST({line} AS BIGINT) AS \"_line\", CASE WHEN {reason} IS NOT NULL THEN "
        "CAST(to_json({row}) AS VARCHAR) END AS \"_raw\", CAST({window_start} AS TIMESTAMPTZ) AS "
        "\"_window_start\" FROM ({rows}) AS \"_ingot_rows\"",
        fmt::arg("columns", quoted_list(column_names(columns))), fmt::arg("reason", kReasonName),
        fmt::arg("run_id", quoted_text(stamp.run_id)), fmt::arg("at", stamp.rejected_at.micros()),
        fmt::arg("file", or_null(stamp.file)), fmt::arg("line", or_null(stamp.line)),
        fmt::arg("row", row_as_struct(columns)),
        fmt::arg("window_start", or_null(stamp.window_start)), fmt::arg("rows", rows));
}

void add_reason(std::vector<std::string>& reasons, const std::string& reason) {
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
        reasons.push_back(reason);
}

}  // namespace

RowRules rules_of(const project::Model& model) {
    RowRules rules;
    rules.reject = model.reject;
    rules.duplicates = model.duplicates;
    rules.key = model.key;
    rules.newest_by = model.order_by;
    if (rules.newest_by.empty() && !model.time.empty()) rules.newest_by = {model.time};
    const bool is_history = model.kind == project::ModelKind::kScd2;
    if (is_history && !model.time.empty() && !model.key.empty()) rules.key.push_back(model.time);
    const bool publishing_picks =
        (model.kind == project::ModelKind::kMerge || is_history) && !model.order_by.empty();
    if (publishing_picks && model.duplicates.mode == Duplicates::Mode::kNewest) rules.key.clear();
    return rules;
}

RowRules rules_of(const project::SourceTable& table) {
    RowRules rules;
    rules.reject = table.reject;
    return rules;
}

Result<CompiledRows> compile_rows(std::string_view select, const Schema& columns,
                                  const RowRules& rules, const QuarantineStamp& stamp) {
    INGOT_TRY_ASSIGN(const std::vector<Condition> conditions, compile_conditions(columns, rules));
    INGOT_TRY_ASSIGN(const std::optional<Ranking> ranking, compile_ranking(columns, rules));
    CompiledRows compiled;
    if (conditions.empty() && !ranking) {
        compiled.sql = std::string(select);
        compiled.parameters = parameters_of(compiled.sql);
        return compiled;
    }
    INGOT_TRY(check_column_names(columns));
    INGOT_TRY_ASSIGN(const std::string inner, bindable_fragment(select));
    const std::string names = quoted_list(column_names(columns));
    const std::string reasons = reasons_select(inner, names, conditions);
    const std::string rows = ranking ? ranked_select(reasons, names, *ranking) : reasons;
    compiled.sql = quarantine_select(rows, columns, stamp);
    compiled.splits = true;
    compiled.parameters = parameters_of(compiled.sql);
    for (const Condition& condition : conditions) add_reason(compiled.reasons, condition.reason);
    if (ranking) {
        add_reason(compiled.reasons, ranking->reason);
        const bool dropped = rules.duplicates.mode == Duplicates::Mode::kNewest ||
                             rules.duplicates.others == Duplicates::Others::kDrop;
        const bool is_also_a_rule = std::any_of(
            conditions.begin(), conditions.end(),
            [&](const Condition& condition) { return condition.reason == ranking->reason; });
        if (dropped && !is_also_a_rule) compiled.counted_only.push_back(ranking->reason);
    }
    return compiled;
}

}  // namespace ingot::quality
