#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "format/format_spec.hpp"

namespace ingot::format {

struct CsvField {
    std::string_view text;
    bool quoted = false;
};

/// Splits one record (without its line break) into fields, and resolves quotes and escapes. Views
/// live until the next call.
class CsvSplitter {
public:
    explicit CsvSplitter(const CsvFormat& format) : format_(format) {}
    /// Nothing when it is well formed, else what is wrong.
    const char* split(std::string_view record);
    const std::vector<CsvField>& fields() const { return fields_; }

private:
    const char* quoted_field(std::string_view record, std::size_t& at);
    void plain_field(std::string_view record, std::size_t& at);

    CsvFormat format_;
    std::vector<CsvField> fields_;
    std::string resolved_;  // Texts of fields with escapes; large enough never to move in a split.
};

std::string_view trimmed(std::string_view text);

}  // namespace ingot::format
