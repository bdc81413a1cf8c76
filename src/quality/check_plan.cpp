#include "quality/check_plan.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "quality/check_text_internal.hpp"
#include "quality/names_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

using project::CheckScope;

// Longer samples are cut: a row may hold a document.
constexpr int kSampleCharacters = 2000;

std::string sample_text(const std::string& row) {
    return fmt::format("left(CAST(to_json({}) AS VARCHAR), {})", row, kSampleCharacters);
}

/// A check in SQL, before scans are shared out.
struct Compiled {
    /// Aggregates over `from`; empty when `own_sql` decides the check alone.
    std::vector<std::string> aggregates;
    std::string from;
    std::string own_sql;
    std::size_t own_values = 1;
    std::string sample_sql;
};

/// Compiles one check. The `where` of a check stands in brackets from the start.
class CheckCompiler {
public:
    CheckCompiler(const CheckTarget& target, const PlanOptions& options)
        : target_(target), options_(options) {}

    Result<Compiled> compile(const project::Check& check) {
        from_ = relation(check.scope);
        where_.clear();
        if (check.where) {
            INGOT_TRY_ASSIGN(const std::string where, bindable_fragment(*check.where));
            where_ = "(" + where + ")";
        }
        return std::visit([this](const auto& body) { return compile_body(body); }, check.body);
    }

    Result<Compiled> compile(const RowCondition& condition) {
        from_ = relation(condition.scope);
        where_.clear();
        return bad_rows("(" + condition.bad_when + ")", {});
    }

private:
    Result<Compiled> compile_body(const project::NotNullCheck& body) {
        std::string bad;
        std::vector<std::string> per_column;
        for (const std::string& name : body.columns) {
            INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, name));
            const std::string is_null = quoted_name(column->name) + " IS NULL";
            bad += (bad.empty() ? "" : " OR ") + is_null;
            per_column.push_back(count_of(is_null));
        }
        if (bad.empty()) return no_columns();
        INGOT_TRY_ASSIGN(Compiled compiled, bad_rows("(" + bad + ")", body.columns));
        if (per_column.size() > 1) {
            compiled.aggregates.insert(compiled.aggregates.end(), per_column.begin(),
                                       per_column.end());
        }
        return compiled;
    }

    Result<Compiled> compile_body(const project::AcceptedCheck& body) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.column));
        // NOT IN with a null in its list is never true: a null among the accepted values would
        // accept everything.
        std::string values;
        for (const project::Value& value : body.values) {
            if (value.is_null()) continue;
            INGOT_TRY_ASSIGN(const std::string literal, typed_literal(value, column->type));
            values += (values.empty() ? "" : ", ") + literal;
        }
        const std::string name = quoted_name(column->name);
        if (values.empty()) return bad_rows(name + " IS NOT NULL", {column->name});
        return bad_rows(fmt::format("{} NOT IN ({})", name, values), {column->name});
    }

    Result<Compiled> compile_body(const project::RangeCheck& body) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.column));
        if (!body.min && !body.max) return unbounded();
        const std::string name = quoted_name(column->name);
        std::string bad;
        if (body.min) {
            INGOT_TRY_ASSIGN(const std::string literal, typed_literal(*body.min, column->type));
            bad = fmt::format("{} < {}", name, literal);
        }
        if (body.max) {
            INGOT_TRY_ASSIGN(const std::string literal, typed_literal(*body.max, column->type));
            bad += fmt::format("{}{} > {}", bad.empty() ? "" : " OR ", name, literal);
        }
        const TypeId id = column->type.id();
        if (id == TypeId::kFloat || id == TypeId::kDouble) {
            bad += fmt::format(" OR isnan({})", name);
        }
        return bad_rows("(" + bad + ")", {column->name});
    }

    Result<Compiled> compile_body(const project::LengthCheck& body) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.column));
        if (!body.min && !body.max) return unbounded();
        std::string length;
        switch (column->type.id()) {
            case TypeId::kString:
            case TypeId::kArray:
                length = "length";
                break;
            case TypeId::kBinary:
                length = "octet_length";
                break;
            case TypeId::kMap:
                length = "cardinality";
                break;
            default:
                return wrong_type(*column, "a length is of a string, binary, array or map");
        }
        length += "(" + quoted_name(column->name) + ")";
        std::string bad;
        if (body.min) bad = fmt::format("{} < {}", length, *body.min);
        if (body.max) bad += fmt::format("{}{} > {}", bad.empty() ? "" : " OR ", length, *body.max);
        return bad_rows("(" + bad + ")", {column->name});
    }

    Result<Compiled> compile_body(const project::RegexCheck& body) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.column));
        if (column->type.id() != TypeId::kString) {
            return wrong_type(*column, "a regular expression matches strings");
        }
        return bad_rows(fmt::format("NOT regexp_full_match({}, {})", quoted_name(column->name),
                                    quoted_text(body.pattern)),
                        {column->name});
    }

    Result<Compiled> compile_body(const project::NullShareCheck& body) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.column));
        INGOT_TRY_ASSIGN(Compiled compiled,
                         bad_rows(quoted_name(column->name) + " IS NULL", {column->name}));
        compiled.aggregates.push_back(count_of("true"));
        return compiled;
    }

    Result<Compiled> compile_body(const project::RowCountCheck&) {
        return Compiled{{count_of("true")}, from_, {}, 1, {}};
    }

    Result<Compiled> compile_body(const project::FreshnessCheck& body) {
        INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.column));
        const std::string greatest =
            fmt::format("max({}){}", quoted_name(column->name), filter("true"));
        switch (column->type.id()) {
            case TypeId::kTimestamp:
                return Compiled{{fmt::format("epoch_us({})", greatest)}, from_, {}, 1, {}};
            case TypeId::kDate:
            case TypeId::kTimestampNtz:
                return Compiled{
                    {fmt::format("epoch_us(CAST({} AS TIMESTAMP))", greatest)}, from_, {}, 1, {}};
            default:
                return wrong_type(*column, "freshness is of a date or timestamp");
        }
    }

    Result<Compiled> compile_body(const project::SqlCheck& body) {
        INGOT_TRY_ASSIGN(const std::string expression, bindable_fragment(body.expression));
        return Compiled{{fmt::format("CAST(({}) AS BOOLEAN)", expression)}, filtered(), {}, 1, {}};
    }

    Result<Compiled> compile_body(const project::AnomalyCheck& body) {
        INGOT_TRY_ASSIGN(const std::string metric, bindable_fragment(body.metric));
        return Compiled{{fmt::format("CAST(({}) AS DOUBLE)", metric)}, filtered(), {}, 1, {}};
    }

    /// A row with a null among its key columns shares its key with nobody, as in SQL's UNIQUE.
    Result<Compiled> compile_body(const project::UniqueCheck& body) {
        std::vector<std::string> names;
        std::string present = where_;
        std::string shown;
        for (const std::string& name : body.columns) {
            INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, name));
            names.push_back(column->name);
            present +=
                (present.empty() ? "" : " AND ") + quoted_name(column->name) + " IS NOT NULL";
            shown += fmt::format("{}: {}, ", quoted_text(column->name), quoted_name(column->name));
        }
        if (names.empty()) return no_columns();
        const std::string groups = fmt::format(
            "FROM {} AS \"_ingot_rows\" WHERE {} GROUP BY {} HAVING "
            "count(*) > 1",
            from_, present, quoted_list(names));
        Compiled compiled;
        compiled.own_sql = fmt::format(
            "SELECT CAST(coalesce(sum(\"_ingot_n\"), 0) AS BIGINT), count(*) FROM (SELECT count(*) "
            "AS "
            "\"_ingot_n\" {}) AS \"_ingot_groups\"",
            groups);
        compiled.own_values = 2;
        compiled.sample_sql =
            fmt::format("SELECT {} AS sample {} ORDER BY count(*) DESC, {} LIMIT {}",
                        sample_text("{" + shown + "'_rows': count(*)}"), groups, quoted_list(names),
                        options_.sample_rows);
        return compiled;
    }

    Result<Compiled> compile_body(const project::RelationshipsCheck& body) {
        if (body.columns.empty()) return no_columns();
        if (body.columns.size() != body.to_columns.size()) {
            return make_error(ErrorCode::kInvalidArgument, "{} columns cannot refer to {} columns",
                              body.columns.size(), body.to_columns.size());
        }
        std::string present = where_;
        std::string same;
        for (std::size_t i = 0; i < body.columns.size(); ++i) {
            INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, body.columns[i]));
            const std::string name = quoted_name(column->name);
            present += fmt::format("{}{} IS NOT NULL", present.empty() ? "" : " AND ", name);
            same += fmt::format("{}\"_ingot_to\".{} = \"_ingot_rows\".{}", i == 0 ? "" : " AND ",
                                quoted_name(body.to_columns[i]), name);
        }
        const std::string orphans = fmt::format(
            "FROM (SELECT * FROM {} AS \"_ingot_all\" WHERE {}) AS \"_ingot_rows\" ANTI JOIN {}.{} "
            "AS "
            "\"_ingot_to\" ON ({})",
            from_, present, quoted_name(body.to.layer()), quoted_name(body.to.name()), same);
        Compiled compiled;
        compiled.own_sql = "SELECT count(*) " + orphans;
        INGOT_TRY_ASSIGN(const std::string row, shown_row(body.columns));
        compiled.sample_sql =
            fmt::format("SELECT {} AS sample {} LIMIT {}", row, orphans, options_.sample_rows);
        return compiled;
    }

    Result<Compiled> compile_body(const project::QueryCheck& body) {
        if (!where_.empty()) {
            return make_error(ErrorCode::kInvalidArgument,
                              "a query says itself which rows it reads: move 'where' into it");
        }
        INGOT_TRY_ASSIGN(const std::string query, bindable_fragment(body.query));
        Compiled compiled;
        compiled.own_sql = fmt::format("SELECT count(*) FROM ({}) AS \"_ingot_rows\"", query);
        compiled.sample_sql =
            fmt::format("SELECT {} AS sample FROM ({}) AS \"_ingot_rows\" LIMIT {}",
                        sample_text("\"_ingot_rows\""), query, options_.sample_rows);
        return compiled;
    }

    /// The usual shape: count the rows for which a condition is true, and show some of them.
    Result<Compiled> bad_rows(const std::string& condition, const std::vector<std::string>& about) {
        Compiled compiled;
        compiled.from = from_;
        compiled.aggregates = {count_of(condition)};
        INGOT_TRY_ASSIGN(const std::string row, shown_row(about));
        compiled.sample_sql = fmt::format(
            "SELECT {} AS sample FROM {} AS \"_ingot_rows\" WHERE {}{}{} LIMIT {}", row, from_,
            where_, where_.empty() ? "" : " AND ", condition, options_.sample_rows);
        return compiled;
    }

    std::string count_of(const std::string& condition) const {
        return "count(*)" + filter(condition);
    }

    std::string filter(const std::string& condition) const {
        if (where_.empty()) {
            return condition == "true" ? "" : fmt::format(" FILTER (WHERE {})", condition);
        }
        if (condition == "true") return fmt::format(" FILTER (WHERE {})", where_);
        return fmt::format(" FILTER (WHERE {} AND {})", where_, condition);
    }

    /// For aggregates that people wrote: the filter has to come before them.
    std::string filtered() const {
        if (where_.empty()) return from_;
        return fmt::format("(SELECT * FROM {} AS \"_ingot_all\" WHERE {})", from_, where_);
    }

    /// A row as JSON text: what the check is about and the columns asked for, or else all columns.
    Result<std::string> shown_row(const std::vector<std::string>& about) const {
        std::string members;
        std::set<const Field*> seen;
        const auto show = [&](const Field* column) {
            if (!seen.insert(column).second) return;
            members += fmt::format("{}{}: {}", members.empty() ? "" : ", ",
                                   quoted_text(column->name), quoted_name(column->name));
        };
        if (!about.empty()) {
            for (const std::string& name : options_.sample_columns) {
                INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, name));
                show(column);
            }
        }
        for (const std::string& name : about) {
            INGOT_TRY_ASSIGN(const Field* column, find_column(target_.schema, name));
            show(column);
        }
        if (about.empty()) {
            for (const Field& column : target_.schema.fields) show(&column);
        }
        return sample_text("{" + members + "}");
    }

    const std::string& relation(CheckScope scope) const {
        return scope == CheckScope::kWindow ? target_.rows : target_.all;
    }

    static Error no_columns() {
        return make_error(ErrorCode::kInvalidArgument, "this check names no column");
    }
    static Error unbounded() {
        return make_error(ErrorCode::kInvalidArgument, "this check needs a min or a max");
    }
    static Error wrong_type(const Field& column, std::string_view why) {
        return make_error(ErrorCode::kInvalidArgument, "{}, and column '{}' is of type {}", why,
                          column.name, column.type.to_string());
    }

    const CheckTarget& target_;
    const PlanOptions& options_;
    std::string from_;
    std::string where_;
};

/// Shares scans out: checks over one relation go into one SELECT, whose first value is count(*).
class Planner {
public:
    Planner(const project::TableName& table, bool isolate) : isolate_(isolate) {
        plan_.table = table;
    }

    void add(std::variant<project::Check, RowCondition> what, Compiled compiled) {
        PlannedCheck planned;
        planned.what = std::move(what);
        planned.sample_sql = std::move(compiled.sample_sql);
        planned.sample_parameters = parameters_of(planned.sample_sql);
        if (compiled.own_sql.empty()) {
            place(planned, compiled);
        } else {
            planned.scan = plan_.scans.size();
            planned.value_count = compiled.own_values;
            planned.parameters = parameters_of(compiled.own_sql);
            plan_.scans.push_back(CheckScan{std::move(compiled.own_sql), {}, {}});
            shared_from_.emplace_back();
        }
        plan_.scans[planned.scan].checks.push_back(plan_.checks.size());
        plan_.checks.push_back(std::move(planned));
    }

    CheckPlan finish() {
        for (std::size_t i = 0; i < plan_.scans.size(); ++i) {
            CheckScan& scan = plan_.scans[i];
            if (!shared_from_[i].from.empty()) {
                scan.sql =
                    fmt::format("SELECT {} FROM {} AS \"_ingot_rows\"",
                                select_list(shared_from_[i].aggregates), shared_from_[i].from);
            }
            scan.parameters = parameters_of(scan.sql);
        }
        return std::move(plan_);
    }

private:
    struct Shared {
        std::string from;  ///< Empty: a check's own statement.
        std::vector<std::string> aggregates;
    };

    void place(PlannedCheck& planned, const Compiled& compiled) {
        std::size_t scan = 0;
        while (scan < shared_from_.size() &&
               (isolate_ || shared_from_[scan].from != compiled.from)) {
            ++scan;
        }
        if (scan == shared_from_.size()) {
            shared_from_.push_back(Shared{compiled.from, {"count(*)"}});
            plan_.scans.emplace_back();
        }
        std::vector<std::string>& aggregates = shared_from_[scan].aggregates;
        planned.scan = scan;
        planned.first_value = aggregates.size();
        planned.value_count = compiled.aggregates.size();
        std::string own_text;
        for (const std::string& aggregate : compiled.aggregates) {
            aggregates.push_back(aggregate);
            own_text += aggregate + "\n";
        }
        planned.parameters = parameters_of(own_text);
    }

    static std::string select_list(const std::vector<std::string>& aggregates) {
        std::string list;
        for (std::size_t i = 0; i < aggregates.size(); ++i) {
            // The names keep one aggregate from referring to another by its alias.
            list += fmt::format("{}{} AS \"_ingot_v{}\"", i == 0 ? "" : ", ", aggregates[i], i);
        }
        return list;
    }

    bool isolate_;
    CheckPlan plan_;
    std::vector<Shared> shared_from_;
};

Result<RowCondition> outside_window(const project::Model& model, const Schema& schema,
                                    std::span<const Interval> run) {
    INGOT_TRY_ASSIGN(const Field* column, find_column(schema, model.time));
    INGOT_TRY_ASSIGN(const std::string inside,
                     inside_ranges_sql({model.time, *model.window}, column->type, run));
    RowCondition outside;
    outside.name = fmt::format("window({})", model.time);
    outside.kind = "window";
    outside.bad_when = "NOT " + inside;
    outside.meaning =
        model.command ? fmt::format(
                            "lie outside the run's window: the program may write rows with '{}' >= "
                            "{{window.start}} and < {{window.end}} only",
                            model.time)
                      : fmt::format(
                            "lie outside the run's window: filter by '{}' >= $window.start and < "
                            "$window.end in the SELECT",
                            model.time);
    outside.place = model.place;
    return outside;
}

template <class Body>
const std::vector<std::string>* failing_columns(const project::Check& check) {
    const auto* body = std::get_if<Body>(&check.body);
    const bool whole = check.on_fail == project::OnFail::kFail && !check.where;
    return body != nullptr && whole ? &body->columns : nullptr;
}

/// Whether the model's own checks say the same already: then one scan is enough.
bool is_said(const std::vector<project::Check>& checks, const project::CheckBody& body) {
    std::set<std::string> present;
    for (const project::Check& check : checks) {
        if (const auto* columns = failing_columns<project::NotNullCheck>(check)) {
            present.insert(columns->begin(), columns->end());
        }
        const auto* unique = std::get_if<project::UniqueCheck>(&body);
        const auto* columns = failing_columns<project::UniqueCheck>(check);
        if (unique != nullptr && columns != nullptr &&
            std::is_permutation(columns->begin(), columns->end(), unique->columns.begin(),
                                unique->columns.end())) {
            return true;
        }
    }
    const auto* not_null = std::get_if<project::NotNullCheck>(&body);
    return not_null != nullptr &&
           std::all_of(not_null->columns.begin(), not_null->columns.end(),
                       [&](const std::string& column) { return present.contains(column); });
}

}  // namespace

Result<CheckPlan> plan_checks(const CheckTarget& target, std::span<const project::Check> checks,
                              std::span<const RowCondition> conditions,
                              const PlanOptions& options) {
    CheckCompiler compiler(target, options);
    Planner planner(target.table, options.isolate);
    for (const project::Check& check : checks) {
        Result<Compiled> compiled = compiler.compile(check);
        if (!compiled) {
            return located(std::move(compiled).error(), check.place,
                           fmt::format("check {}", check.name));
        }
        planner.add(check, *std::move(compiled));
    }
    for (const RowCondition& condition : conditions) {
        Result<Compiled> compiled = compiler.compile(condition);
        if (!compiled) {
            return located(std::move(compiled).error(), condition.place,
                           fmt::format("check {}", condition.name));
        }
        planner.add(condition, *std::move(compiled));
    }
    return planner.finish();
}

Result<ImpliedChecks> implied_checks(const project::Model& model, const Schema& schema,
                                     std::span<const Interval> run) {
    ImpliedChecks implied;
    INGOT_TRY_ASSIGN(implied.conditions, warn_conditions(model.warn));
    const bool replaces_windows = model.kind == project::ModelKind::kIncremental ||
                                  model.kind == project::ModelKind::kCommand;
    if (replaces_windows && !model.time.empty() && model.window && !run.empty()) {
        INGOT_TRY_ASSIGN(RowCondition outside, outside_window(model, schema, run));
        implied.conditions.push_back(std::move(outside));
    }
    if (model.key.empty()) return implied;
    const auto imply = [&](std::string name, project::CheckBody body, std::string description) {
        if (is_said(model.checks, body)) return;
        project::Check check;
        check.name = std::move(name);
        check.body = std::move(body);
        check.description = std::move(description);
        check.place = model.place;
        implied.checks.push_back(std::move(check));
    };
    const std::string key = plain_list(model.key);
    imply(fmt::format("key_not_null({})", key), project::NotNullCheck{model.key},
          "A row without its key cannot be found again.");
    const bool is_history = model.kind == project::ModelKind::kScd2;
    const bool publishing_picks =
        (model.kind == project::ModelKind::kMerge || is_history) && !model.order_by.empty();
    // A history by time has several rows of a key, and the same row may come with several windows.
    const bool shares_keys = is_history && !model.time.empty();
    if (model.duplicates.mode == project::Duplicates::Mode::kError && !publishing_picks &&
        !shares_keys) {
        imply(fmt::format("key_unique({})", key), project::UniqueCheck{model.key},
              "Say duplicates: newest or keep to choose between rows of one key.");
    }
    return implied;
}

Result<ImpliedChecks> implied_checks(const project::SourceTable& table) {
    ImpliedChecks implied;
    INGOT_TRY_ASSIGN(implied.conditions, warn_conditions(table.warn));
    if (table.min_rows) {
        project::Check volume;
        volume.name = "min_rows";
        volume.body = project::RowCountCheck{table.min_rows, {}, {}, {}};
        volume.place = table.place;
        implied.checks.push_back(std::move(volume));
    }
    return implied;
}

}  // namespace ingot::quality
