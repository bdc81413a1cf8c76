#include <fmt/format.h>

#include "quality/check_text_internal.hpp"
#include "quality/names_internal.hpp"
#include "quality/sql_text.hpp"

namespace ingot::quality {
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
