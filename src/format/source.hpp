#pragma once
// Files to column batches, in parallel.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/batch_source.hpp"
#include "format/format_spec.hpp"
#include "format/input_file.hpp"
#include "format/rejects.hpp"

namespace ingot::format {

/// A column that says where a row came from. Never null.
struct MetadataColumn {
    enum class Kind : std::uint8_t {
        kFile,        ///< string: the file's name for people
        kLine,        ///< long: 1-based line (JSON document: record) number
        kByteOffset,  ///< long: where the record starts in the unpacked bytes
    };
    std::string name;
    Kind kind = Kind::kFile;
};

/// A file that cannot be unpacked or framed to its end. kFail: the scan ends with the error.
/// kReport: the scan goes on, the rows before the damage are delivered, and the error stands in the
/// file's totals.
enum class OnFileError : std::uint8_t { kFail, kReport };

struct ScanOptions {
    std::vector<MetadataColumn> metadata = {};  ///< After the spec's columns, in this order.
    OnFileError on_file_error = OnFileError::kFail;
    RejectOptions rejects = {};
    std::size_t readers_max = 0;  ///< 0: as many as there are cores.
};

/// What was read from one file (or archive member). records == good + rejected.
struct FileTotals {
    std::string name;
    std::int64_t records = 0;
    std::int64_t good = 0;
    std::int64_t rejected = 0;
    std::int64_t nulled_values = 0;  ///< By BadValue::kNull.
    std::int64_t bytes = 0;          ///< Unpacked.
    bool complete = false;           ///< Read to its end without an error.
    std::optional<Error> error = {};
};

struct ScanReport {
    std::vector<FileTotals> files;  ///< In the order of the input; members in archive order.
    std::map<std::string, std::int64_t> rejects_by_reason;
    std::vector<SchemaSurprise> surprises;  ///< Not empty: see FormatSource::report.

    std::int64_t records() const;
    std::int64_t good() const;
    std::int64_t rejected() const;
};

class FormatSource : public BatchSource {
public:
    /// The spec in use: the one given, with the inferred columns.
    virtual const FormatSpec& spec() const = 0;
    /// Totals so far; final when the scan has ended. With UnknownFields::kAdd (and always when the
    /// columns were inferred) `surprises` must be looked at before the rows are used: values
    /// without a place were left out. Read the files again with `widened(spec(), surprises)`.
    /// Thread-safe.
    virtual ScanReport report() const = 0;
    virtual const RejectSink& rejects() const = 0;
};

/// Opens files for one scan. Reads the sample when columns are to be inferred, else touches nothing
/// but the files' existence (kNotFound). Work is shared out by blocks of records, so that also one
/// large file keeps all readers busy. The source serves one scan: a reader more than max_readers()
/// is refused (kInvalidArgument), because it would see no rows.
///
/// Records without a field that has a name are rows of the metadata columns; where there are none
/// of those either, they are counted and no rows.
///
/// A record is an object (CSV: a line). Damage in a record rejects that
/// record; damage that hides where records end, or a stream that cannot be unpacked, is the file's
/// error: kCorruptData with the file and offset.
Result<std::unique_ptr<FormatSource>> open_source(std::vector<InputFile> files, FormatSpec spec,
                                                  ScanOptions options);

}  // namespace ingot::format
