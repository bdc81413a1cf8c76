#include "quality/check_result.hpp"

#include <fmt/format.h>

namespace ingot::quality {

std::string_view check_status_name(CheckStatus status) {
    switch (status) {
        case CheckStatus::kPassed:
            return "passed";
        case CheckStatus::kWarned:
            return "warned";
        case CheckStatus::kFailed:
            return "failed";
        case CheckStatus::kError:
            return "error";
        case CheckStatus::kSkipped:
            return "skipped";
    }
    return "unknown";
}

std::string_view check_scope_name(project::CheckScope scope) {
    return scope == project::CheckScope::kWindow ? "window" : "table";
}

bool CheckResult::blocks() const {
    return on_fail == project::OnFail::kFail &&
           (status == CheckStatus::kFailed || status == CheckStatus::kError);
}

std::string blocking_problem(const std::vector<CheckResult>& results) {
    int count = 0;
    std::string problems;
    for (const CheckResult& result : results) {
        if (!result.blocks()) continue;
        problems += (count++ == 0 ? " " : "; ") + result.message;
    }
    if (count == 0) return "";
    return fmt::format("{} {} failed:{}", count, count == 1 ? "check" : "checks", problems);
}

QualityScore quality_score(int passed, int total) {
    INGOT_CHECK(passed >= 0 && passed <= total, fmt::format("{} of {} passed", passed, total));
    QualityScore score{passed, total, total == 0 ? 100.0 : 100.0 * passed / total, "poor"};
    if (score.percent >= 90) {
        score.grade = "excellent";
    } else if (score.percent >= 75) {
        score.grade = "good";
    } else if (score.percent >= 50) {
        score.grade = "needs attention";
    }
    return score;
}

QualityScore quality_score(const std::vector<CheckResult>& results) {
    int passed = 0;
    int total = 0;
    for (const CheckResult& result : results) {
        if (result.status == CheckStatus::kSkipped) continue;
        ++total;
        if (result.status == CheckStatus::kPassed) ++passed;
    }
    return quality_score(passed, total);
}

}  // namespace ingot::quality
