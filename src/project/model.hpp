#pragma once
// One table defined by SQL. Plain data; `task` and `publish` carry it out.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "project/checks.hpp"
#include "project/names.hpp"
#include "project/source.hpp"
#include "project/template_text.hpp"
#include "project/value.hpp"
#include "project/window.hpp"
#include "sql/sql_facts.hpp"

namespace ingot::project {

/// kView: no table. kTable: rebuilt whole. kIncremental: rows of the window are replaced. kMerge:
/// upsert by key. kAppend: adds. kScd2: history of each key. kSeed: a file of `seeds/`. kStream:
/// without end. kCommand: the SELECT's rows go through a program; rebuilt whole, or with `time` the
/// rows of the window are replaced.
enum class ModelKind : std::uint8_t {
    kView,
    kTable,
    kIncremental,
    kMerge,
    kAppend,
    kScd2,
    kSeed,
    kStream,
    kCommand,
};
std::string_view model_kind_name(ModelKind kind);

enum class LatePolicy : std::uint8_t { kReprocess, kQuarantine, kIgnore };
enum class OnSchemaChange : std::uint8_t { kFail, kAdd, kWiden, kRebuild };
enum class OnCodeChange : std::uint8_t { kForward, kRebuild };
/// kScd2: what becomes of a key that the SELECT no longer returns.
enum class Deletes : std::uint8_t { kIgnore, kClose };

/// What must hold of an input before the model runs.
struct Requirement {
    TableName table;
    std::optional<std::int64_t> windows_at_least;  ///< `>= 12 of 24`: done windows ...
    std::optional<std::int64_t> windows_of;        ///< ... out of the latest this many.
    std::optional<Duration> max_age;
    std::optional<std::int64_t> min_rows;
    SourcePlace place;
};

/// A unit test: rows in, rows out, in memory.
struct ModelTest {
    using Row = ValueMap;
    std::string name;
    std::map<TableName, std::vector<Row>> given;  ///< Inputs not named here are empty.
    std::vector<Row> existing;                    ///< The model's own table before the run.
    std::vector<Row> expect;                      ///< Only the columns named here are compared.
    std::optional<std::vector<Row>> rejected;     ///< `_reject_reason` and columns.
    std::map<std::string, Value> params;
    std::optional<Interval> window;
    std::optional<Timestamp> run_time;
    SourcePlace place;
};

/// Where the bytes of a kSeed model lie.
struct SeedFile {
    enum class Kind : std::uint8_t { kCsv, kJson, kNdjson };
    std::string path;  ///< Relative to the project folder.
    Kind kind = Kind::kCsv;
};

/// The program of a kCommand model: it reads the rows of the SELECT as an Arrow stream, and what it
/// writes are the rows of the table. Arguments and variables may use the window, parameters, the
/// matrix and secrets.
struct CommandSpec {
    std::vector<Template> argv;
    CommandOrigin::Emits emits = CommandOrigin::Emits::kNdjson;
    std::vector<std::pair<std::string, Template>> environment;
    std::optional<Duration> timeout;
};

struct Model {
    TableName name;
    SourcePlace place;  ///< Of the file's beginning.
    std::string path;   ///< `models/silver/aqi.sql`
    ModelKind kind = ModelKind::kView;

    std::string sql;           ///< The SELECT, without front matter; empty for kSeed.
    int sql_first_line = 1;    ///< Line of the file where `sql` begins ...
    int sql_first_column = 1;  ///< ... and its column.
    sql::ParsedQuery query;    ///< Facts of `sql`.
    std::vector<TableName>
        inputs;  ///< Tables of the project that `sql` and its macros read, sorted.
    std::vector<std::string> macros;  ///< Names of macros that it uses, directly or not, in the
                                      ///< order in which they must be created.

    std::vector<std::string> key;
    std::vector<std::string> order_by;
    std::string time;                  ///< Column; empty: none.
    std::optional<WindowSpec> window;  ///< Said, or taken from the inputs; absent: not windowed.
    std::optional<Timestamp> start;    ///< First window; from `start` or `defaults.start`.
    LatePolicy late = LatePolicy::kReprocess;
    Deletes deletes = Deletes::kIgnore;
    OnSchemaChange on_schema_change = OnSchemaChange::kFail;
    OnCodeChange on_code_change = OnCodeChange::kRebuild;

    std::vector<Rule> reject;
    std::vector<Rule> warn;
    Duplicates duplicates;
    std::vector<ColumnSpec> columns;  ///< The contract: these columns exist with these types.
    std::vector<Check> checks;        ///< Those of columns included.
    std::vector<Requirement> requirements;
    Retention retention;
    std::vector<ModelTest> tests;
    std::vector<std::string> partition;
    std::vector<std::string> cluster;
    bool allow_empty = false;  ///< Zero rows are no failure.

    std::map<std::string, Value> matrix;  ///< `$matrix.days` of this copy.
    std::optional<SeedFile> seed;
    std::optional<CommandSpec> command;

    std::vector<std::string> tags;
    std::string owner;
    std::string description;

    /// Hex SHA-256 of what decides the rows; docs/formats/code_hash.md.
    std::string code_hash;

    bool is_windowed() const { return window.has_value(); }
};

}  // namespace ingot::project
