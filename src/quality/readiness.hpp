#pragma once
// Whether inputs are there, fresh and complete: pure functions of facts, with a sentence for
// people.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/interval_set.hpp"
#include "base/time.hpp"
#include "project/model.hpp"
#include "project/source.hpp"

namespace ingot::quality {

enum class Verdict : std::uint8_t { kOk, kWarn, kFail };

struct Judgement {
    Verdict verdict = Verdict::kOk;
    std::string sentence;
    bool ok() const { return verdict != Verdict::kFail; }
};

/// What is known of an input table.
struct InputFacts {
    bool exists = false;
    std::vector<Interval>
        windows;       ///< The latest closed windows before the reference, oldest first; at
                       ///< least as many as `windows_of` asks for, or all since the start.
    IntervalSet done;  ///< Done or empty.
    std::optional<Timestamp> published_at;  ///< Of the newest commit with rows or progress.
    std::optional<std::int64_t> rows;
};

/// `requires`: kOk or kFail.
Judgement judge_requirement(const project::Requirement& requirement, const InputFacts& facts,
                            Timestamp now);

/// `freshness` of a source: the age of its newest data, the end of its last done window or else its
/// last commit. Absent: nothing was ever loaded, which fails when an error limit is set, else
/// warns.
Judgement judge_freshness(const project::FreshnessPolicy& policy, std::string_view table,
                          std::optional<Timestamp> newest, Timestamp now);

/// `missing`: windows of one run whose input is absent. All absent is always a failure.
struct MissingFacts {
    std::int64_t expected = 0;
    std::int64_t missing = 0;
    std::string example;  ///< What was looked for first and not found: a path or URL.
};
Judgement judge_missing(const project::MissingPolicy& policy, const MissingFacts& facts);

/// Nothing green that did nothing: no rows, all rows rejected, or ten times fewer rows than before.
struct VolumeFacts {
    std::int64_t accepted = 0;
    std::int64_t rejected = 0;
    std::map<std::string, std::int64_t> reasons;
    std::optional<std::int64_t>
        previous;  ///< Rows of a comparable earlier result; absent: do not compare.
    bool allow_empty = false;
    bool of_source = false;    ///< No model's, so `allow_empty` can't be said of it.
    bool says_itself = false;  ///< The project has a row_count check of its own for this table.
};
Judgement judge_volume(const VolumeFacts& facts);

}  // namespace ingot::quality
