#pragma once
// One JSON object to one row.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/column_batch.hpp"
#include "format/format_spec.hpp"
#include "format/json_cursor_internal.hpp"
#include "format/json_plan_internal.hpp"
#include "format/surprises_internal.hpp"

namespace ingot::format {

/// Why a record was not read.
struct RecordProblem {
    std::string reason;  ///< Few different ones: they are counted.
    std::string detail;
    bool fatal = false;  ///< The spec says that the scan must end.
};

namespace reason {
inline constexpr const char* kNotJson = "invalid JSON";
inline constexpr const char* kNotObject = "not an object";
inline constexpr const char* kNotUtf8 = "invalid UTF-8";
inline constexpr const char* kCutOff = "cut off";
inline constexpr const char* kBadValue = "bad value";
inline constexpr const char* kMissingField = "missing field";
inline constexpr const char* kUnknownField = "unknown field";
inline constexpr const char* kDuplicateKey = "duplicate key";
inline constexpr const char* kBadCsv = "invalid CSV";
inline constexpr const char* kFieldCount = "wrong number of fields";
}  // namespace reason

/// Reads records into the first columns of `rows` (as many as the spec has). One thread at a time.
class JsonRecordReader {
public:
    /// `inferred`: the columns come from a sample, so a value that does not fit is a surprise.
    /// `rows` must outlive the reader and stay where it is.
    JsonRecordReader(const FormatSpec& spec, bool inferred, BatchBuilder& rows);

    /// Reads the record that begins at the cursor; its tokens lie before `end`. On success one row
    /// is complete in the spec's columns and the cursor stands after the object; else the columns
    /// are as they were, `problem()` says why, and the cursor stands anywhere.
    bool read(JsonCursor& cursor, std::uint32_t end, const SurpriseCollector::Place& place);
    const RecordProblem& problem() const { return problem_; }
    /// Undoes the last successful `read`.
    void undo();

    SurpriseCollector& surprises() { return surprises_; }
    /// Nulls put in the place of bad values so far.
    std::int64_t nulled_values() const { return nulled_values_; }

private:
    /// kMismatch: the value is not of the type, and may not even be JSON; the cursor is anywhere.
    enum class Outcome : std::uint8_t { kOk, kMismatch, kBad };

    Outcome read_root();
    Outcome read_members(ObjectPlan& plan, std::int64_t row);
    Outcome read_member(ObjectPlan& plan, std::uint32_t index, std::int64_t row);
    Outcome read_below(KeyEntry& entry, std::int64_t row);
    Outcome read_unknown(const ObjectPlan& plan, const std::string& key);
    Outcome read_slot(ValuePlan& plan, std::int64_t row);
    Outcome settle_mismatch(ValuePlan& plan, const std::uint32_t* mark, std::int64_t row);
    bool widens(const ValuePlan& column, const std::uint32_t* mark) const;
    Outcome read_value(ValuePlan& plan);
    Outcome read_json(ValuePlan& plan);
    Outcome read_text(ValuePlan& plan);
    Outcome read_scalar(ValuePlan& plan);
    Outcome read_struct(ValuePlan& plan);
    Outcome read_array(ValuePlan& plan);
    Outcome read_map(ValuePlan& plan);
    Outcome fill_missing(ObjectPlan& plan, std::int64_t row);
    static constexpr std::uint32_t kNoKey = ~std::uint32_t{0};
    std::uint32_t take_key(ObjectPlan& plan, std::uint32_t guess);
    bool refused(const KeyEntry& entry);
    void apply_refuse_rules(JsonCursor cursor);

    Outcome bad(const char* reason, std::string detail, bool fatal = false);
    Outcome not_json(const char* what);
    void commit(const SurpriseCollector::Place& place);

    struct Pending {
        SchemaSurprise::Kind kind;
        std::vector<std::string> path;
        const std::uint32_t* mark;
    };

    const FormatSpec& spec_;
    const bool inferred_;
    BatchBuilder& rows_;
    std::unique_ptr<ObjectPlan> plan_;
    JsonCursor cursor_;
    std::uint32_t end_ = 0;
    std::int64_t row_ = 0;
    std::string scratch_;
    RecordProblem problem_;
    std::vector<Pending> pending_;
    std::int64_t pending_nulls_ = 0;
    std::int64_t last_nulls_ = 0;
    std::int64_t nulled_values_ = 0;
    SurpriseCollector surprises_;
};

}  // namespace ingot::format
