#pragma once
// Sample data from a seed, in the shape of the real thing.
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::datagen {

/// Hourly files of GitHub events, `YYYY-MM-DD-H.json.gz`.
struct GharchiveRequest {
    std::string out;  ///< Folder; made when absent. Files of the same name are replaced.
    Timestamp start;  ///< Of a whole hour.
    int hours = 24;
    std::uint64_t seed = 1;
    /// Thousandths of the usual size: 1000 is about 2,000 events and 4 MB of JSON an hour, 40,000
    /// the most.
    std::uint32_t scale_permille = 1000;
    /// Records per hour that nobody can load: cut off, not JSON, without an id.
    std::uint32_t bad_records = 0;
    unsigned threads = 0;  ///< 0: all cores. The result does not depend on it.
};

/// `marches.json`, `etablissements.csv` and `naf.csv`.
struct ProcurementRequest {
    std::string out;
    std::uint64_t seed = 1;
    /// 1000 is about 3,000 contracts and 6,000 establishments.
    std::uint32_t scale_permille = 1000;
};

using DatagenRequest = std::variant<GharchiveRequest, ProcurementRequest>;

struct GeneratedFile {
    std::string path;
    std::int64_t records = 0;  ///< Bad ones included.
    std::uint64_t raw_bytes = 0;
    std::uint64_t file_bytes = 0;
};

struct DatagenReport {
    std::vector<GeneratedFile> files;  ///< In the order of hours, or of the list above.
};

/// Writes the files. On error the files that were complete stay; no file is ever seen half written.
Result<DatagenReport> generate(const DatagenRequest& request);
Result<DatagenReport> generate_gharchive(const GharchiveRequest& request);
Result<DatagenReport> generate_procurement(const ProcurementRequest& request);

/// The uncompressed lines of one hour.
struct GharchiveHour {
    std::string lines;
    std::int64_t records = 0;
};
/// `request.hours`, `out` and `threads` do not matter.
GharchiveHour gharchive_hour(const GharchiveRequest& request, Timestamp hour);

/// The three documents of `generate_procurement` as text.
struct ProcurementDocuments {
    std::string marches_json;
    std::string etablissements_csv;
    std::string naf_csv;
    std::int64_t marches = 0;
    std::int64_t etablissements = 0;
    std::int64_t naf = 0;
};
ProcurementDocuments procurement_documents(const ProcurementRequest& request);

}  // namespace ingot::datagen
