#include <cmath>
#include <fmt/format.h>

#include "quality/anomaly.hpp"
#include "quality/check_plan.hpp"
#include "quality/check_text_internal.hpp"
#include "quality/names_internal.hpp"

namespace ingot::quality {
namespace {

using project::Check;

std::string limit_text(const project::Value& value) {
    return value.to_text();
}

template <class T, class Format>
std::string range_text(const std::optional<T>& min, const std::optional<T>& max, Format format) {
    if (min && max) return fmt::format("{} to {}", format(*min), format(*max));
    return min ? fmt::format(">= {}", format(*min)) : fmt::format("<= {}", format(*max));
}

std::string share_text(double share) {
    return fmt::format("{:.4g}%", share * 100);
}

double count_of(const Scalar& value) {
    return static_cast<double>(value.as_integer());
}

/// Turns the values of one check into its result. The verdict is set by exactly one of the
/// `verdict` functions.
class Evaluator {
public:
    Evaluator(const CheckPlan& plan, const PlannedCheck& planned, const CheckFacts& facts)
        : planned_(planned), facts_(facts) {
        result_.table = plan.table;
    }

    CheckResult run(const ScanOutcome& outcome) {
        if (const auto* check = std::get_if<Check>(&planned_.what)) {
            result_.name = check->name;
            result_.kind = project::check_kind(*check);
            result_.scope = check->scope;
            result_.on_fail = check->on_fail;
            result_.place = check->place;
            if (!outcome) return could_not_run(outcome.error());
            take(*outcome);
            std::visit([this](const auto& body) { judge(body); }, check->body);
            if (!check->description.empty() && result_.status != CheckStatus::kPassed) {
                result_.message += fmt::format(" ({})", check->description);
            }
        } else {
            const auto& condition = std::get<RowCondition>(planned_.what);
            result_.name = condition.name;
            result_.kind = condition.kind;
            result_.scope = condition.scope;
            result_.on_fail = condition.on_fail;
            result_.place = condition.place;
            if (!outcome) return could_not_run(outcome.error());
            take(*outcome);
            bad_rows(condition.meaning);
        }
        return std::move(result_);
    }

private:
    void take(const std::vector<Scalar>& row) {
        INGOT_CHECK(planned_.first_value + planned_.value_count <= row.size(),
                    fmt::format("scan of {} returned {} values", result_.name, row.size()));
        values_ = std::span(row).subspan(planned_.first_value, planned_.value_count);
        if (planned_.first_value > 0) total_ = row[0].as_integer();
    }

    void judge(const project::NotNullCheck& body) {
        std::string meaning = fmt::format("have no value in {}", plain_list(body.columns));
        for (std::size_t i = 0; i < body.columns.size() && values_.size() > 1; ++i) {
            meaning += fmt::format("{}{} {}", i == 0 ? " (" : ", ", body.columns[i],
                                   values_[i + 1].as_integer());
            if (i + 1 == body.columns.size()) meaning += ")";
        }
        bad_rows(meaning);
    }

    void judge(const project::AcceptedCheck& body) {
        std::string values;
        for (const project::Value& value : body.values) {
            values += (values.empty() ? "" : ", ") + limit_text(value);
        }
        bad_rows(fmt::format("hold a value in {} that is not one of: {}", body.column, values));
    }

    void judge(const project::RangeCheck& body) {
        bad_rows(fmt::format("hold a value in {} outside {}", body.column,
                             range_text(body.min, body.max, limit_text)));
    }

    void judge(const project::LengthCheck& body) {
        const auto plain = [](std::int64_t n) { return fmt::format("{}", n); };
        bad_rows(fmt::format("hold a value in {} whose length is outside {}", body.column,
                             range_text(body.min, body.max, plain)));
    }

    void judge(const project::RegexCheck& body) {
        bad_rows(
            fmt::format("hold a value in {} that does not match {}", body.column, body.pattern));
    }

    void judge(const project::RelationshipsCheck& body) {
        bad_rows(fmt::format("{} a value in {} that is missing in {}({})",
                             values_[0].as_integer() == 1 ? "holds" : "hold",
                             plain_list(body.columns), body.to.text(),
                             plain_list(body.to_columns)));
    }

    void judge(const project::QueryCheck&) { bad_rows("came back from the query"); }

    void judge(const project::UniqueCheck& body) {
        const std::int64_t rows = values_[0].as_integer();
        const std::int64_t keys = values_[1].as_integer();
        result_.measured = count_of(values_[0]);
        result_.failing_rows = rows;
        result_.expected = "0 rows";
        const std::string columns = plain_list(body.columns);
        if (rows == 0) {
            verdict(true, fmt::format("no two rows share their {}", columns));
        } else {
            verdict(false, fmt::format("{} share {} {} of {}", rows_text(rows), keys,
                                       keys == 1 ? "value" : "values", columns));
        }
    }

    void judge(const project::NullShareCheck& body) {
        const std::int64_t rows = values_[1].as_integer();
        const double share = rows == 0 ? 0 : count_of(values_[0]) / count_of(values_[1]);
        result_.measured = share;
        result_.failing_rows = values_[0].as_integer();
        result_.expected = "at most " + share_text(body.max);
        verdict(share <= body.max,
                fmt::format("{} of {} have no value in {}, {} is allowed", share_text(share),
                            rows_text(rows), body.column, share_text(body.max)));
    }

    void judge(const project::RowCountCheck& body) {
        const std::int64_t rows = values_[0].as_integer();
        result_.measured = count_of(values_[0]);
        const auto plain = [](std::int64_t n) { return fmt::format("{}", n); };
        std::string expected;
        if (body.min || body.max) expected = range_text(body.min, body.max, plain);
        bool good = (!body.min || rows >= *body.min) && (!body.max || rows <= *body.max);
        const bool compares = body.max_drop || body.max_growth;
        if (compares && facts_.previous_row_count) {
            const auto previous = static_cast<double>(*facts_.previous_row_count);
            std::optional<double> low;
            std::optional<double> high;
            if (body.max_drop) low = previous * (1 - *body.max_drop);
            // Growth from nothing has no share.
            if (body.max_growth && previous > 0) high = previous * (1 + *body.max_growth);
            const auto number = [](double n) { return fmt::format("{:.10g}", n); };
            if (low || high) {
                expected += fmt::format("{}{} after {} before", expected.empty() ? "" : " and ",
                                        range_text(low, high, number), *facts_.previous_row_count);
            }
            good = good && (!low || *result_.measured >= *low) &&
                   (!high || *result_.measured <= *high);
        }
        result_.expected = expected;
        if (expected.empty()) {
            skip(fmt::format("{}, and there is no earlier version to compare with",
                             rows_text(rows)));
        } else {
            verdict(good, fmt::format("{}, expected {}", rows_text(rows), expected));
        }
    }

    void judge(const project::FreshnessCheck& body) {
        result_.expected = fmt::format("at most {} old", format_duration(body.max_age));
        if (values_[0].is_null()) {
            verdict(false,
                    fmt::format("no row has a value in {}, so nothing is fresh", body.column));
            return;
        }
        const auto newest = Timestamp::from_micros(values_[0].as_integer());
        const Duration age = facts_.now - newest;
        result_.measured = std::chrono::duration<double>(age).count();
        verdict(
            age <= body.max_age,
            fmt::format("the newest {} is {}, at most {} before {} is allowed", body.column,
                        newest.to_string(), format_duration(body.max_age), facts_.now.to_string()));
    }

    void judge(const project::SqlCheck& body) {
        result_.expected = body.expression;
        if (!values_[0].is_null()) {
            result_.measured = values_[0].as_boolean() ? 1 : 0;
            verdict(values_[0].as_boolean(),
                    fmt::format("'{}' {}", body.expression,
                                values_[0].as_boolean() ? "holds" : "is false"));
        } else if (needs_previous() && !facts_.previous_row_count) {
            skip(fmt::format("'{}' has no earlier version to compare with", body.expression));
        } else {
            verdict(false,
                    fmt::format("'{}' is null, so nothing shows that it holds", body.expression));
        }
    }

    void judge(const project::AnomalyCheck& body) {
        result_.expected = fmt::format("within {:g} deviations of the last {} values",
                                       body.deviations, body.history);
        if (values_[0].is_null()) {
            verdict(false, fmt::format("'{}' is null", body.metric));
            return;
        }
        result_.measured = values_[0].as_double();
        const auto earlier = facts_.history.find(result_.name);
        const std::span<const double> history = earlier == facts_.history.end()
                                                    ? std::span<const double>()
                                                    : std::span(earlier->second);
        AnomalyRule rule;
        rule.deviations = body.deviations;
        rule.history = body.history;
        rule.min_history = body.min_history;
        const AnomalyVerdict judged = judge_anomaly(*result_.measured, history, rule);
        if (judged.decided)
            result_.expected = fmt::format("{:.6g} to {:.6g}", judged.low, judged.high);
        if (judged.decided) {
            verdict(!judged.anomalous, fmt::format("'{}': {}", body.metric, judged.sentence));
        } else {
            skip(fmt::format("'{}' is {:.6g}, and {}", body.metric, *result_.measured,
                             judged.sentence));
        }
    }

    void bad_rows(const std::string& meaning) {
        const std::int64_t rows = values_[0].as_integer();
        result_.measured = count_of(values_[0]);
        result_.failing_rows = rows;
        result_.expected = "0 rows";
        const std::string total = total_ ? fmt::format(" of {}", rows_text(*total_)) : "";
        const std::string count =
            rows == 0 ? (total_ ? "none" + total : "no rows")
                      : (total_ ? fmt::format("{}{}", rows, total) : rows_text(rows));
        verdict(rows == 0, fmt::format("{} {}", count, meaning));
    }

    bool needs_previous() const {
        for (const std::string& name : planned_.parameters) {
            if (name.starts_with("previous__")) return true;
        }
        return false;
    }

    void verdict(bool good, const std::string& what) {
        const bool warns = result_.on_fail == project::OnFail::kWarn;
        result_.status = good    ? CheckStatus::kPassed
                         : warns ? CheckStatus::kWarned
                                 : CheckStatus::kFailed;
        say(what);
    }

    void skip(const std::string& what) {
        result_.status = CheckStatus::kSkipped;
        say(what);
    }

    CheckResult could_not_run(const Error& error) {
        result_.status = CheckStatus::kError;
        say("could not run: " + error.to_string());
        return std::move(result_);
    }

    void say(const std::string& what) {
        result_.message = fmt::format("{}: {}: {}", result_.table.text(), result_.name, what);
    }

    const PlannedCheck& planned_;
    const CheckFacts& facts_;
    CheckResult result_;
    std::span<const Scalar> values_;
    std::optional<std::int64_t> total_;
};

}  // namespace

std::vector<CheckResult> evaluate(const CheckPlan& plan, std::span<const ScanOutcome> outcomes,
                                  const CheckFacts& facts) {
    INGOT_CHECK(outcomes.size() == plan.scans.size(),
                fmt::format("{} outcomes of {} scans", outcomes.size(), plan.scans.size()));
    std::vector<CheckResult> results;
    for (const PlannedCheck& planned : plan.checks) {
        results.push_back(Evaluator(plan, planned, facts).run(outcomes[planned.scan]));
    }
    return results;
}

}  // namespace ingot::quality
