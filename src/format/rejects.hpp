#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/batch_source.hpp"
#include "base/result.hpp"

namespace ingot::format {

/// A record that was not read, with its place. `reason` is one of a few (they are counted);
/// `detail` names the field and value.
struct Reject {
    std::string file;
    std::int64_t line = 0;         ///< 1-based line (JSON documents: record) number.
    std::int64_t byte_offset = 0;  ///< In the unpacked bytes of the file.
    std::string reason;
    std::string detail;
    std::string raw;              ///< The record's bytes, at most RejectSink::kRawBytesMax.
    std::int64_t raw_length = 0;  ///< Of the whole record.
};

struct RejectOptions {
    std::size_t memory_bytes_max = 16U << 20;  ///< Beyond it, rejects go to a file.
    std::string spill_dir =
        {};  ///< Where that file is made, and made itself; empty: kept in memory.
};

/// Collects rejects from many threads; none is ever dropped. Thread-safe.
class RejectSink {
public:
    static constexpr std::size_t kRawBytesMax = 64U << 10;

    explicit RejectSink(RejectOptions options);
    ~RejectSink();
    RejectSink(const RejectSink&) = delete;
    RejectSink& operator=(const RejectSink&) = delete;

    /// Fails only when the spill file cannot be written; then the scan must fail too.
    Status add(Reject reject);
    std::int64_t count() const;
    std::map<std::string, std::int64_t> counts_by_reason() const;

    /// Visits every reject added so far, in the order of arrival. Stops at the visitor's error.
    Status for_each(const std::function<Status(const Reject&)>& visit) const;

    /// The rejects as rows: file, line, byte_offset, reason, detail, raw_text (bytes that are not
    /// UTF-8 as \xNN), raw_length. One reader; call after the scan. The sink must outlive it.
    std::unique_ptr<BatchSource> rows() const;
    static const Schema& row_schema();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ingot::format
