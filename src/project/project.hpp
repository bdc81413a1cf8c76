#pragma once
// A project folder as immutable, typed, checked values.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "project/checks.hpp"
#include "project/model.hpp"
#include "project/names.hpp"
#include "project/param.hpp"
#include "project/pipeline.hpp"
#include "project/source.hpp"

namespace ingot::project {

/// A named place outside, of any kind; the fields are checked by its type.
struct Connection {
    enum class Type : std::uint8_t { kPostgres, kKafka, kS3, kHttp, kSmtp };
    std::string name;
    Type type = Type::kPostgres;
    std::map<std::string, std::vector<Template>> fields;  ///< `host`, `password`: secrets stay
                                                          ///< references.
    SourcePlace place;
};

/// Somebody who can be told.
struct Receiver {
    enum class Kind : std::uint8_t { kWebhook, kSlack, kEmail, kCommand };
    std::string name;
    Kind kind = Kind::kWebhook;
    Template url;                                           ///< kWebhook, kSlack
    std::vector<std::pair<std::string, Template>> headers;  ///< kWebhook
    std::vector<std::string> addresses;                     ///< kEmail
    std::string connection;                                 ///< kEmail
    std::vector<Template> argv;                             ///< kCommand
    SourcePlace place;
};

/// Where numbers are sent to, as `metrics:` says.
struct StatsdSettings {
    enum class Tags : std::uint8_t { kNone, kInfluxdb, kDatadog };
    std::string host;
    int port = 8125;
    std::string prefix = "airflow";
    Tags tags = Tags::kNone;
    std::map<std::string, std::string> constant_tags;  ///< With each number.
    friend bool operator==(const StatsdSettings&, const StatsdSettings&) = default;
};

struct Environment {
    std::string name;
    std::map<std::string, Value> params;
    std::optional<Template> lake;
    std::string read_from;  ///< Names not built here resolve to that environment's tables; may be
                            ///< empty.
    bool exports = true;
    bool notify = true;
    bool confirm = false;  ///< Commands that change it ask for `--yes`.
    SourcePlace place;
};

struct Defaults {
    std::optional<Timestamp> start;
    std::string timezone = "UTC";
    RetryPolicy retry;
};

struct EngineSettings {
    std::optional<double> memory_share;  ///< 0.6 of the machine, unless bytes are given.
    std::optional<std::uint64_t> memory_bytes;
    std::optional<unsigned> threads;
    std::string spill = ".ingot/spill";
};

struct Macro {
    std::string name;
    std::string sql;                ///< The whole CREATE MACRO statement.
    std::vector<TableName> inputs;  ///< Tables that its body reads.
    std::vector<std::string> uses;  ///< Other macros.
    SourcePlace place;
};

/// Immutable; shared by all readers.
struct Project {
    std::string root;  ///< Absolute path of the folder.
    std::string name;
    std::string description;
    std::string environment;  ///< Chosen; empty: none.
    bool confirm = false;     ///< Of the chosen environment.
    std::string lake;         ///< Rendered; a relative path is resolved against `root`.
    std::optional<std::string> read_from_lake;  ///< Lake of the environment's `read_from`.
    std::map<std::string, Param> param_types;
    std::map<std::string, Value> params;  ///< Final values.
    Defaults defaults;
    std::map<std::string, Environment> environments;
    std::map<std::string, Connection> connections;
    std::map<std::string, Receiver> receivers;
    std::string notify_on_failure;  ///< Of runs whose pipeline says nothing else.
    bool notify = true;             ///< Of the chosen environment: whether anybody is told.
    std::map<std::string, int> pools;
    std::optional<StatsdSettings> statsd;  ///< None: numbers are not sent.
    EngineSettings engine;
    std::string store = ".ingot/state.db";
    std::vector<std::string> secrets_from = {"env", "file:.env"};

    std::vector<Source> sources;  ///< Sorted by name.
    std::vector<Model> models;    ///< In an order in which each comes after its inputs; seeds are
                                  ///< among them.
    std::vector<Pipeline> pipelines;  ///< Sorted by name.
    std::vector<Macro> macros;        ///< In an order in which they can be created.
    std::vector<TableCheckFile> checks;

    const Model* find_model(const TableName& name) const;
    const Source* find_source(const TableName& table) const;  ///< The source that fills the table.
    const SourceTable* find_source_table(const TableName& table) const;
    /// Every table name: of sources, models and seeds, sorted.
    std::vector<TableName> table_names() const;
    /// The CREATE MACRO statements that a model needs, in order.
    std::vector<std::string> macro_statements(const Model& model) const;

    /// Positions in `models` and (source, table), filled by the loader.
    struct Index {
        std::map<TableName, std::size_t> models;
        std::map<TableName, std::pair<std::size_t, std::size_t>> source_tables;
    };
    Index index;
};
using ProjectPtr = std::shared_ptr<const Project>;

/// One thing that is wrong.
struct Problem {
    SourcePlace place;
    std::string message;  ///< With "did you mean" where there is a near name.
    ErrorCode code = ErrorCode::kInvalidArgument;  ///< kUnsupported: "not yet: ...".

    std::string to_string()
        const;  ///< `sources/a.yml:3:1: unknown key 'widow'; did you mean 'window'?`
};

struct LoadOptions {
    std::string root = ".";
    std::string environment;                    ///< `--env`
    std::string lake;                           ///< `--lake`; empty: the project's.
    std::map<std::string, std::string> params;  ///< `--param`
    bool lineage = true;  ///< Check contracts and columns too, not only table dependencies.
};

struct LoadResult {
    ProjectPtr project;             ///< Null when there are problems.
    std::vector<Problem> problems;  ///< Sorted by place; at most 20 are kept.
    std::size_t problem_count = 0;  ///< Of all.
    std::vector<Problem> warnings;
};

/// Reads the folder. Runs no user code, opens no network, needs no lake.
LoadResult load_project(const LoadOptions& options, sql::SqlFacts& facts);

/// The files that define a project, sorted, as paths from its root. Those of a folder that cannot
/// be listed are absent: load_project says why.
std::vector<std::string> definition_files(const std::string& root);

/// The same as a value or one error whose message lists the problems, a line each.
Result<ProjectPtr> open_project(const LoadOptions& options, sql::SqlFacts& facts);

}  // namespace ingot::project
