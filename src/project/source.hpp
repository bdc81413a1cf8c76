#pragma once
// Where rows come from. Plain data; `ingest` and `stream` carry it out.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "project/checks.hpp"
#include "project/names.hpp"
#include "project/template_text.hpp"
#include "project/window.hpp"

namespace ingot::project {

/// kWindow: replaces what its window loaded. kFiles: each new file once. kSnapshot: the whole
/// table, and the same bytes are no commit. kAppend: adds what comes. kStream: without end.
enum class LoadKind : std::uint8_t { kWindow, kFiles, kSnapshot, kAppend, kStream };
std::string_view load_kind_name(LoadKind kind);

struct RetryPolicy {
    int retries = 2;
    Duration delay = std::chrono::seconds(10);
    double backoff = 2;
    std::optional<Duration> timeout;  ///< Of one attempt.
};

/// How records are decoded. Every reader knows `unknown_fields`, `bad_row`, `bad_value`.
struct NdjsonFormat {};
struct JsonFormat {
    /// Where the records lie: `marches`, `data.items`; empty: the document itself, an array or
    /// concatenated documents of it.
    std::string records;
};
struct CsvFormat {
    char delimiter = ',';
    char quote = '"';
    char escape = '"';
    bool header = true;
    bool trim_header = true;
    bool trim_values = false;
    int skip_lines = 0;
    std::string encoding = "utf-8";
    std::vector<std::string> null_values = {""};
    std::vector<std::string> names;  ///< Instead of a header.
};
struct XmlFormat {
    std::string row;
};
struct ParquetFormat {};
struct AvroFormat {
    std::string schema;  ///< A file; empty: the container's own.
};
struct ProtobufFormat {
    std::string descriptor;
    std::string message;
};
/// One column `line`.
struct TextFormat {};
/// An Arrow stream: what a command writes with `emits: arrow`.
struct ArrowFormat {};

using FormatKind = std::variant<NdjsonFormat, JsonFormat, CsvFormat, XmlFormat, ParquetFormat,
                                AvroFormat, ProtobufFormat, TextFormat, ArrowFormat>;

enum class UnknownFields : std::uint8_t { kAdd, kIgnore, kReject, kFail };
enum class BadInput : std::uint8_t { kReject, kNull, kFail };
enum class Compression : std::uint8_t { kAuto, kNone, kGzip, kZstd };

/// Records that have this field, whatever its value, are rejected with this reason.
struct RefuseRule {
    std::string has_field;  ///< `repository`, `actor.node_id`
    std::string reason;
};

struct Format {
    FormatKind kind = NdjsonFormat{};
    UnknownFields unknown_fields = UnknownFields::kIgnore;
    BadInput bad_row = BadInput::kReject;  ///< kReject or kFail.
    BadInput bad_value = BadInput::kReject;
    Compression compression = Compression::kAuto;  ///< kAuto: by the name and the first bytes.
    std::uint64_t max_record_bytes = 16ULL << 20;
    std::vector<RefuseRule> refuse_when;
    std::map<std::string, std::string> rename;  ///< Field of the input -> column.
    SourcePlace place;
};
std::string_view format_name(const Format& format);

/// A file, a glob or a URL; the scheme decides: folder, http(s), s3.
struct FilesOrigin {
    Template path;
    std::string member;  ///< A member (or glob) of an archive; empty: all.
    std::vector<std::pair<std::string, Template>> headers;
    RetryPolicy retry;
};

struct HttpOrigin {
    enum class NextPage : std::uint8_t { kNone, kLink, kCursor, kPageNumber };
    Template url;
    std::string method = "GET";
    Template body;
    std::optional<TableName> parts;  ///< One request per row of this seed: `{item.x}`.
    std::optional<double> rate_per_second;
    NextPage next_page = NextPage::kNone;
    std::string cursor_path;       ///< kCursor: where the next cursor is in the reply.
    std::string cursor_parameter;  ///< kCursor, kPageNumber: the query parameter to set.
    std::vector<std::pair<std::string, Template>> headers;
    std::vector<std::pair<std::string, Template>> query;
    std::vector<std::pair<std::string, Template>> secret_query;  ///< Never logged.
    RetryPolicy retry;
};

struct CommandOrigin {
    enum class Emits : std::uint8_t { kNdjson, kCsv, kJson, kArrow };
    std::vector<Template> argv;
    Emits emits = Emits::kNdjson;
    std::vector<std::pair<std::string, Template>> environment;
    RetryPolicy retry;
};

/// An existing Delta table, read where it is, never copied.
struct DeltaOrigin {
    Template path;
};
struct PostgresOrigin {
    std::string connection;
    std::string table;
    std::string query;
    std::string cursor;
};
struct KafkaOrigin {
    std::string connection;
    std::string topic;
    std::string start = "earliest";
};
using Origin =
    std::variant<FilesOrigin, HttpOrigin, CommandOrigin, DeltaOrigin, PostgresOrigin, KafkaOrigin>;
std::string_view origin_name(const Origin& origin);

/// Windows whose input is absent.
struct MissingPolicy {
    double allow = 0;  ///< Share of the windows of a run, 0 to 1; all is never allowed.
    std::optional<Duration> retry_for;  ///< Later runs look again until the window is this old.
    SourcePlace place;
};

struct FreshnessPolicy {
    std::optional<Duration> warn;
    std::optional<Duration> error;
    std::string notify;
    SourcePlace place;
};

struct Retention {
    std::optional<Duration> rows;
    std::optional<Duration> files;
    std::optional<Duration> log;
};

/// One table that a source fills. Most sources have one; an archive may have several.
struct SourceTable {
    TableName name;
    SourcePlace place;
    std::string member;            ///< Of the archive; empty: everything.
    std::optional<Format> format;  ///< Overrides the source's.
    std::vector<ColumnSpec> columns;
    std::vector<std::string> partition;
    std::vector<std::string> cluster;
    std::vector<Rule> reject;
    std::vector<Rule> warn;
    std::vector<Check> checks;
    std::optional<std::int64_t> min_rows;
    Retention retention;
    std::string description;
};

struct CommitPolicy {
    Duration every = std::chrono::seconds(1);
    std::int64_t rows = 500'000;
};

/// One file of `sources/`.
struct Source {
    std::string name;  ///< File name without `.yml`.
    SourcePlace place;
    LoadKind load = LoadKind::kSnapshot;
    std::optional<WindowSpec> window;  ///< Always there for kWindow.
    std::optional<Timestamp> start;    ///< First window; from `start` or `defaults.start`.
    Origin from;
    MissingPolicy missing;
    Format format;
    std::vector<SourceTable> tables;  ///< At least one.
    std::optional<FreshnessPolicy> freshness;
    CommitPolicy commit;  ///< kStream.
    std::vector<std::string> tags;
    std::string owner;
    std::string description;
    std::string code_hash;  ///< Hex SHA-256 of what decides the rows; docs/formats/code_hash.md.
};

}  // namespace ingot::project
