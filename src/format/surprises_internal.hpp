#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "format/format_spec.hpp"
#include "format/json_shape_internal.hpp"

namespace ingot::format {

/// Surprises of one reader, or of all of them together.
class SurpriseCollector {
public:
    struct Place {
        const std::string* file = nullptr;  ///< Copied when it is kept.
        std::int64_t line = 0;
    };
    using Path = std::vector<std::string>;

    bool empty() const { return found_.empty(); }
    /// `shape` is the value's; `text` as it was written.
    void add(SchemaSurprise::Kind kind, const Path& path, Shape shape, std::string_view text,
             const Place& place);
    void merge(const SurpriseCollector& other);
    void clear() { found_.clear(); }

    /// Sorted by path. Fields that only ever held null are left out: nothing is lost with them.
    std::vector<SchemaSurprise> list(const FormatSpec& spec) const;

private:
    struct Found {
        SchemaSurprise::Kind kind = SchemaSurprise::Kind::kNewField;
        Shape shape;
        std::int64_t count = 0;
        std::string first_file;
        std::int64_t first_line = 0;
        std::string first_text;
    };
    std::map<Path, Found> found_;
};

}  // namespace ingot::format
