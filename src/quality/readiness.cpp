#include "quality/readiness.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "quality/check_text_internal.hpp"

namespace ingot::quality {
namespace {

Judgement fail(std::string sentence) {
    return {Verdict::kFail, std::move(sentence)};
}

std::string age_text(Duration age) {
    if (age < Duration::zero()) return format_duration(Duration::zero());
    // Whole seconds say enough, and whole minutes for what is hours old.
    const Duration unit = age < std::chrono::hours(1) ? Duration(std::chrono::seconds(1))
                                                      : Duration(std::chrono::minutes(1));
    return format_duration(age - age % unit);
}

/// Of the latest `of` windows, how many are done, and the first that is not.
struct WindowCount {
    std::int64_t done = 0;
    std::int64_t of = 0;
    std::optional<Interval> first_absent;
};

WindowCount count_windows(const InputFacts& facts, std::optional<std::int64_t> of) {
    WindowCount count;
    const auto known = static_cast<std::int64_t>(facts.windows.size());
    const std::int64_t looked_at = of ? std::min(*of, known) : known;
    count.of = of.value_or(known);
    for (std::int64_t i = known - looked_at; i < known; ++i) {
        const Interval& window = facts.windows[static_cast<std::size_t>(i)];
        if (facts.done.contains(window)) {
            ++count.done;
        } else if (!count.first_absent) {
            count.first_absent = window;
        }
    }
    return count;
}

std::string most_frequent(const std::map<std::string, std::int64_t>& reasons) {
    const auto most =
        std::max_element(reasons.begin(), reasons.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == reasons.end()) return "";
    return fmt::format(", most of them as {} ({})", most->first, most->second);
}

}  // namespace

Judgement judge_requirement(const project::Requirement& requirement, const InputFacts& facts,
                            Timestamp now) {
    const std::string table = requirement.table.text();
    if (!facts.exists) return fail(fmt::format("{} does not exist yet: run it first", table));
    std::string good;
    if (requirement.windows_at_least) {
        const WindowCount count = count_windows(facts, requirement.windows_of);
        const std::string state =
            fmt::format("{} has {} of its latest {} windows", table, count.done, count.of);
        if (count.done < *requirement.windows_at_least) {
            const std::string absent =
                count.first_absent ? ", the first absent one is " + count.first_absent->to_string()
                                   : "";
            return fail(fmt::format("{}, and {} are required{}", state,
                                    *requirement.windows_at_least, absent));
        }
        good = state;
    }
    if (requirement.max_age) {
        if (!facts.published_at) return fail(fmt::format("{} was never published", table));
        const Duration age = now - *facts.published_at;
        const std::string state = fmt::format("{} was published {} ago, at {}", table,
                                              age_text(age), facts.published_at->to_string());
        if (age > *requirement.max_age) {
            return fail(fmt::format("{}; at most {} is allowed", state,
                                    format_duration(*requirement.max_age)));
        }
        good += (good.empty() ? "" : "; ") + state;
    }
    if (requirement.min_rows) {
        if (!facts.rows) return fail(fmt::format("the rows of {} are not known", table));
        const std::string state = fmt::format("{} has {}", table, rows_text(*facts.rows));
        if (*facts.rows < *requirement.min_rows) {
            return fail(fmt::format("{}, and {} are required", state, *requirement.min_rows));
        }
        good += (good.empty() ? "" : "; ") + state;
    }
    return {Verdict::kOk, good.empty() ? table + " exists" : good};
}

Judgement judge_freshness(const project::FreshnessPolicy& policy, std::string_view table,
                          std::optional<Timestamp> newest, Timestamp now) {
    if (!newest) {
        return {policy.error ? Verdict::kFail : Verdict::kWarn,
                fmt::format("{} was never loaded", table)};
    }
    const Duration age = now - *newest;
    const std::string state = fmt::format("the newest data of {} is {} old ({})", table,
                                          age_text(age), newest->to_string());
    if (policy.error && age > *policy.error) {
        return fail(
            fmt::format("{}; more than {} is an error", state, format_duration(*policy.error)));
    }
    if (policy.warn && age > *policy.warn) {
        return {Verdict::kWarn,
                fmt::format("{}; more than {} is a warning", state, format_duration(*policy.warn))};
    }
    return {Verdict::kOk, state};
}

Judgement judge_missing(const project::MissingPolicy& policy, const MissingFacts& facts) {
    INGOT_CHECK(facts.missing >= 0 && facts.missing <= facts.expected,
                fmt::format("{} of {} windows missing", facts.missing, facts.expected));
    const std::string example =
        facts.example.empty() ? "" : fmt::format(" (first: {})", facts.example);
    if (facts.missing == 0) {
        return {Verdict::kOk, fmt::format("all {} windows have their input", facts.expected)};
    }
    if (facts.missing == facts.expected) {
        return fail(
            fmt::format("the input of all {} windows is missing{}: is the source's place right?",
                        facts.expected, example));
    }
    const std::string state = fmt::format("the input of {} of {} windows is missing{}",
                                          facts.missing, facts.expected, example);
    // The slack absorbs the rounding of the product and is never a whole window.
    const double allowed = policy.allow * static_cast<double>(facts.expected) + 1e-6;
    if (static_cast<double>(facts.missing) > allowed) {
        return fail(
            fmt::format("{}; missing: {{allow: {:g}%}} allows fewer", state, policy.allow * 100));
    }
    return {Verdict::kWarn, state};
}

Judgement judge_volume(const VolumeFacts& facts) {
    const std::int64_t all = facts.accepted + facts.rejected;
    if (facts.accepted == 0 && facts.rejected > 0) {
        return fail(
            fmt::format("all of {} rejected{}", rows_text(all), most_frequent(facts.reasons)));
    }
    if (facts.accepted == 0 && !facts.allow_empty) {
        return fail(facts.of_source
                        ? "there are no rows: is the input the right one, and complete?"
                        : "there are no rows; say allow_empty: true where that is right");
    }
    const std::string state =
        fmt::format("{} accepted, {} rejected", facts.accepted, facts.rejected);
    const bool compares = facts.previous && !facts.says_itself && !facts.allow_empty;
    if (compares && facts.accepted * 10 <= *facts.previous && *facts.previous > 0) {
        return fail(
            fmt::format("{}, and {} before: ten times fewer is taken for a broken input; add a "
                        "row_count check to say what is right",
                        rows_text(facts.accepted), *facts.previous));
    }
    return {Verdict::kOk, state};
}

}  // namespace ingot::quality
