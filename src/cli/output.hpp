#pragma once
// Values and tables for people and programs.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "format/value_text.hpp"

namespace ingot::cli {

using format::json_text;
using format::value_json;
using format::value_text;

/// A CSV field, quoted where it has to be. An empty text is quoted: nothing at all means null.
std::string csv_field(std::string_view text);

/// A table of texts, columns aligned, long cells cut to the terminal's width when `width` is not 0.
class TextTable {
public:
    explicit TextTable(std::vector<std::string> header);
    /// Right-aligned columns: numbers.
    void align_right(std::size_t column) { right_[column] = true; }
    void add(std::vector<std::string> cells);
    std::string to_string(std::size_t width = 0) const;

private:
    std::vector<std::string> header_;
    std::vector<bool> right_;
    std::vector<std::vector<std::string>> rows_;
};

/// Columns of the terminal on stdout; 0 when stdout is no terminal.
std::size_t terminal_width();

/// `1,234,567`
std::string with_thousands(std::int64_t number);
/// `1.5 GiB`
std::string bytes_text(std::uint64_t bytes);

}  // namespace ingot::cli
