#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/checks.hpp"
#include "project/names.hpp"

namespace ingot::quality {

/// kSkipped: there was nothing to compare with yet. kError: the check itself could not run; where
/// `on_fail` is fail it stops the publish as kFailed does.
enum class CheckStatus : std::uint8_t { kPassed, kWarned, kFailed, kError, kSkipped };
std::string_view check_status_name(CheckStatus status);
std::string_view check_scope_name(project::CheckScope scope);

/// How one check came out.
struct CheckResult {
    project::TableName table;
    std::string name;
    std::string kind;  ///< `not_null`, `unique`, ..., `warn` and `reject` for rules.
    project::CheckScope scope = project::CheckScope::kWindow;
    project::OnFail on_fail = project::OnFail::kFail;
    CheckStatus status = CheckStatus::kPassed;
    std::optional<double> measured;            ///< What was counted or computed.
    std::string expected;                      ///< `0 rows`, `>= 1000 rows`, `at most 6h old`
    std::optional<std::int64_t> failing_rows;  ///< Where the check is about rows.
    std::vector<std::string> samples;          ///< Some failing rows, as JSON objects.
    std::string message;                       ///< One sentence for a person.
    project::SourcePlace place;

    /// Stops the publish.
    bool blocks() const;
};

/// One line for all failures, for the error of a run: "2 checks failed: ...; ...". Empty when
/// nothing blocks.
std::string blocking_problem(const std::vector<CheckResult>& results);

/// C24: share of passed among passed, warned, failed and error; skipped ones do not count.
struct QualityScore {
    int passed = 0;
    int total = 0;
    double percent = 100;
    std::string_view grade;  ///< excellent (>= 90), good (>= 75), needs attention (>= 50), poor
};
QualityScore quality_score(int passed, int total);
QualityScore quality_score(const std::vector<CheckResult>& results);

}  // namespace ingot::quality
