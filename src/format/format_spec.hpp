#pragma once
// What a file's bytes mean: the format and its columns, as values. Nothing here reads a file.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/data_type.hpp"
#include "base/result.hpp"

namespace ingot::format {

/// One JSON object per line. Several objects on one line, with or without blanks between them, are
/// several records of that line.
struct NdjsonFormat {
    friend bool operator==(const NdjsonFormat&, const NdjsonFormat&) = default;
};

/// A JSON document: an array of objects, one object, or objects one after the other without
/// separators.
struct JsonFormat {
    /// Keys that lead from the document's top object to the array (or the one object) of records:
    /// {"data", "items"}. Empty: the document itself.
    std::vector<std::string> record_path = {};
    friend bool operator==(const JsonFormat&, const JsonFormat&) = default;
};

/// RFC 4180 with choices. Text is UTF-8 (a byte order mark is skipped); a record with bytes that
/// are not is rejected.
struct CsvFormat {
    char delimiter = ',';
    char quote = '"';
    char escape = '"';  ///< Before a quote inside quotes; the quote itself doubles it.
    bool header = true;
    bool trim_header = true;  ///< Blanks around the header's names are removed.
    bool trim_values = false;
    /// Unquoted text that means null, besides the empty text (an empty quoted text is a text).
    std::optional<std::string> null_text = {};
    friend bool operator==(const CsvFormat&, const CsvFormat&) = default;
};

/// Read by the engine; `open_source` refuses it.
struct ParquetFormat {
    friend bool operator==(const ParquetFormat&, const ParquetFormat&) = default;
};

/// An Arrow stream, whose columns have types of their own.
struct ArrowFormat {
    friend bool operator==(const ArrowFormat&, const ArrowFormat&) = default;
};

using FormatKind = std::variant<NdjsonFormat, JsonFormat, CsvFormat, ParquetFormat, ArrowFormat>;

/// A field that no column asks for. kAdd: collected as a SchemaSurprise, the record stays good.
enum class UnknownFields : std::uint8_t { kAdd, kIgnore, kReject, kFail };
/// A record that cannot be read. kFail: the scan ends with kCorruptData.
enum class BadRow : std::uint8_t { kReject, kFail };
/// A value that does not fit its column's type. kNull: a null in its place, counted.
enum class BadValue : std::uint8_t { kReject, kNull, kFail };

/// Marks a string member of a struct, array or map that holds the raw text of any JSON value
/// (`Field::metadata`, value `true`). At the top level it is ColumnSpec::is_json.
inline constexpr std::string_view kJsonMetadataKey = "ingot.json";

/// One column to read.
struct ColumnSpec {
    std::string name;
    DataType type = TypeId::kString;
    /// The column is a string that holds the value's JSON text as it stands in the file, byte for
    /// byte.
    bool is_json = false;
    /// The keys that lead to the value (CSV: one, the header's name or, without a header, the
    /// 1-based position). Empty: the name itself.
    std::vector<std::string> source = {};
    /// A record without the field, or with a null in it, is rejected.
    bool required = false;
    /// JSON only: a text that holds a number or a boolean counts as that number or boolean.
    bool cast = false;

    friend bool operator==(const ColumnSpec&, const ColumnSpec&) = default;
};

/// Records that have this field (whatever its value) are rejected with this reason, even when
/// something else is wrong with them too.
struct RefuseRule {
    std::vector<std::string> has_field;
    std::string reason;
    friend bool operator==(const RefuseRule&, const RefuseRule&) = default;
};

/// Immutable once it is passed to `open_source`.
struct FormatSpec {
    FormatKind kind = NdjsonFormat{};
    /// Empty: inferred from a sample. Then a later value that does not fit, and a later new field,
    /// are SchemaSurprises.
    std::vector<ColumnSpec> columns = {};
    UnknownFields unknown_fields = UnknownFields::kAdd;
    /// The same for members of declared structs. The default reads a declared struct as a
    /// projection.
    UnknownFields unknown_members = UnknownFields::kIgnore;
    BadRow bad_row = BadRow::kReject;
    BadValue bad_value = BadValue::kReject;
    std::vector<RefuseRule> refuse_when = {};
    /// Zone of a text without offset that is read into an instant.
    std::string time_zone = "UTC";
    /// Inference reads the first so many records of the first so many files.
    std::size_t sample_records = 2000;
    std::size_t sample_files = 8;

    friend bool operator==(const FormatSpec&, const FormatSpec&) = default;
};

/// Checks what does not need a file: column names unique (any case), types readable from the
/// format, delimiter and quote different, zone known, rules not empty.
Status validate(const FormatSpec& spec);

/// Something that the schema of the scan has no place for, all occurrences of it taken together.
struct SchemaSurprise {
    enum class Kind : std::uint8_t { kNewField, kWiderType };
    Kind kind = Kind::kNewField;
    std::vector<std::string> path;  ///< Keys from the top of the record: {"actor", "node_id"}.
    DataType type;                  ///< What holds all values seen there, the column's included.
    bool is_json = false;           ///< No type but JSON text holds them.
    std::int64_t count = 0;         ///< Records.
    std::string first_file;
    std::int64_t first_line = 0;
    std::string first_text;  ///< The value's text, at most 120 bytes.
};

/// The spec with the surprises taken in: new columns at the end, new members in their structs,
/// wider types. Reading again with it does not meet them. Names that differ from a column only in
/// case are kept apart with kInvalidArgument.
Result<FormatSpec> widened(const FormatSpec& spec, std::span<const SchemaSurprise> surprises);

}  // namespace ingot::format
