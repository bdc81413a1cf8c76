// A task that chooses which of those right after it go on.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/nearest_name.hpp"
#include "task/command_run_internal.hpp"
#include "task/task_sql_internal.hpp"
#include "task/task_values_internal.hpp"

namespace ingot::task {
namespace {

using orchestrator::TaskOutcome;

/// What was said, before it is looked at.
struct Choice {
    std::vector<std::string> names;
    std::string values;
};

/// The names of the tasks right after the branch, as the pipeline's file has them.
std::vector<std::string> candidates(const orchestrator::Attempt& attempt) {
    std::set<std::string> names;
    for (const orchestrator::PlannedTask& task : attempt.spec->plan.tasks) {
        const bool is_user =
            std::find(task.after.begin(), task.after.end(), attempt.task) != task.after.end();
        if (is_user) names.insert(task.definition);
    }
    return {names.begin(), names.end()};
}

TaskOutcome outcome_of(Choice choice, const TaskAttempt& attempt) {
    const std::vector<std::string> known = candidates(attempt.attempt);
    for (const std::string& name : choice.names) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        std::string all;
        for (const std::string& each : known) all += (all.empty() ? "" : ", ") + each;
        const Error unknown =
            make_error(ErrorCode::kInvalidArgument,
                       "the branch chose '{}', which does not come right after it{} "
                       "(it may choose {})",
                       name, did_you_mean(name, known), all);
        return failed(unknown, attempt);
    }
    std::string chosen;
    for (const std::string& name : choice.names) chosen += ' ' + name;
    write_line(attempt.log, "goes on with:" + (chosen.empty() ? " nothing" : chosen));
    TaskOutcome outcome;
    outcome.chosen = std::move(choice.names);
    outcome.values = std::move(choice.values);
    return outcome;
}

/// The first column, a name a row; nulls choose nothing.
Result<Choice> choice_of(const ColumnBatch& rows) {
    Choice choice;
    if (rows.columns.empty() || rows.columns[0].type.id() != TypeId::kString) {
        return make_error(ErrorCode::kInvalidArgument,
                          "the first column of a branch's query must be text: names of tasks");
    }
    for (std::int64_t row = 0; row < rows.rows; ++row) {
        if (!rows.columns[0].is_null(row)) choice.names.emplace_back(rows.columns[0].text(row));
    }
    if (rows.rows == 0) return choice;
    INGOT_TRY_ASSIGN(choice.values, checked_values(row_json(rows, 0), "the query"));
    return choice;
}

/// `{"next": "a"}` or `{"next": ["a", "b"]}`.
Result<Choice> choice_of(const std::string& values) {
    const auto json = nlohmann::ordered_json::parse(values.empty() ? "{}" : values);
    const auto next = json.find("next");
    Choice choice{{}, values};
    if (next != json.end() && next->is_string()) {
        choice.names.push_back(next->get<std::string>());
        return choice;
    }
    const bool is_list =
        next != json.end() && next->is_array() &&
        std::all_of(next->begin(), next->end(), [](const auto& each) { return each.is_string(); });
    if (!is_list) {
        return make_error(
            ErrorCode::kInvalidArgument,
            "the command chose nothing: it must write {{\"next\": [\"task\"]}} to the "
            "file that INGOT_OUTPUT names; an empty list skips all");
    }
    choice.names = next->get<std::vector<std::string>>();
    return choice;
}

TaskOutcome choose(const project::TaskSql& sql, const TaskAttempt& attempt) {
    constexpr std::size_t kNamesMax = 1000;
    const Result<ColumnBatch> rows = first_rows(sql, kNamesMax, attempt);
    if (!rows) return failed(rows.error(), attempt);
    Result<Choice> choice = choice_of(*rows);
    if (!choice) {
        return failed(std::move(choice).error().with("in " + sql.place.to_string()), attempt);
    }
    return outcome_of(*std::move(choice), attempt);
}

TaskOutcome choose(const project::CommandTask& command, const TaskAttempt& attempt) {
    const Result<CommandEnd> end = run_command(command, attempt);
    if (!end) return failed(end.error(), attempt);
    if (!end->exit.success()) return ended_badly(command, *end, attempt);
    Result<Choice> choice = choice_of(end->values);
    if (!choice) return failed(choice.error(), attempt);
    return outcome_of(*std::move(choice), attempt);
}

}  // namespace

TaskOutcome carry_out(const project::BranchTask& branch, const TaskAttempt& attempt) {
    return std::visit([&](const auto& by) { return choose(by, attempt); }, branch.by);
}

}  // namespace ingot::task
