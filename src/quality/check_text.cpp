#include <fmt/format.h>

#include "quality/check_text_internal.hpp"
#include "quality/names_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::quality {
namespace {

struct KindOf {
    std::string_view operator()(const project::NotNullCheck&) const { return "not_null"; }
    std::string_view operator()(const project::UniqueCheck&) const { return "unique"; }
    std::string_view operator()(const project::AcceptedCheck&) const { return "accepted"; }
    std::string_view operator()(const project::RangeCheck&) const { return "range"; }
    std::string_view operator()(const project::LengthCheck&) const { return "length"; }
    std::string_view operator()(const project::RegexCheck&) const { return "regex"; }
    std::string_view operator()(const project::NullShareCheck&) const { return "null_share"; }
    std::string_view operator()(const project::RelationshipsCheck&) const {
        return "relationships";
    }
    std::string_view operator()(const project::RowCountCheck&) const { return "row_count"; }
    std::string_view operator()(const project::FreshnessCheck&) const { return "freshness"; }
    std::string_view operator()(const project::SqlCheck&) const { return "sql"; }
    std::string_view operator()(const project::QueryCheck&) const { return "query"; }
    std::string_view operator()(const project::AnomalyCheck&) const { return "anomaly"; }
};

}  // namespace

std::string_view kind_of(const project::CheckBody& body) {
    return std::visit(KindOf{}, body);
}

Result<std::vector<RowCondition>> warn_conditions(std::span<const project::Rule> rules) {
    std::vector<RowCondition> conditions;
    for (const project::Rule& rule : rules) {
        Result<std::string> when = bindable_fragment(rule.when);
        if (!when) {
            return located(std::move(when).error(), rule.place,
                           fmt::format("warn rule {}", rule.reason));
        }
        RowCondition condition;
        condition.name = rule.reason;
        condition.kind = "warn";
        condition.bad_when = *std::move(when);
        condition.meaning = fmt::format("are {}", rule.reason);
        condition.on_fail = project::OnFail::kWarn;
        condition.place = rule.place;
        conditions.push_back(std::move(condition));
    }
    return conditions;
}

std::string rows_text(std::int64_t rows) {
    return fmt::format("{} {}", rows, rows == 1 ? "row" : "rows");
}

}  // namespace ingot::quality
