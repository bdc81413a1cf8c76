#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ingot::project {

/// Where in the project's text something was said. Lines and columns count from 1; columns count
/// bytes. Line 0: the whole file.
struct SourcePlace {
    std::string file;  ///< Relative to the project folder, with '/'.
    int line = 0;
    int column = 0;

    std::string to_string() const;  ///< `models/silver/aqi.sql:3:7`
    friend auto operator<=>(const SourcePlace&, const SourcePlace&) = default;
};

/// `layer.name`: the name of a table, view or seed of the project. Lower case or not, as the path
/// has it; compared exactly.
class TableName {
public:
    TableName() = default;
    TableName(std::string layer, std::string name)
        : layer_(std::move(layer)), name_(std::move(name)) {}
    /// Reads `layer.name`. Letters, digits and '_' only, each part beginning with a letter or '_'.
    static Result<TableName> parse(std::string_view text);

    const std::string& layer() const { return layer_; }
    const std::string& name() const { return name_; }
    std::string text() const { return layer_ + "." + name_; }
    /// Where its rejected rows go: `quarantine.silver_aqi`.
    TableName quarantine() const { return {"quarantine", layer_ + "_" + name_}; }

    friend auto operator<=>(const TableName&, const TableName&) = default;

private:
    std::string layer_;
    std::string name_;
};

}  // namespace ingot::project

template <>
struct std::hash<ingot::project::TableName> {
    std::size_t operator()(const ingot::project::TableName& name) const {
        return std::hash<std::string>{}(name.layer()) * 31 + std::hash<std::string>{}(name.name());
    }
};
