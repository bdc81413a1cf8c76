#pragma once
// Runs generated SQL in the real engine, through its C interface, for tests of this module.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/scalar.hpp"

namespace ingot::quality {

/// One row as text: nullopt is null.
using TextRow = std::vector<std::optional<std::string>>;
using Parameters = std::map<std::string, Scalar>;

class TestDatabase {
public:
    TestDatabase();
    ~TestDatabase();

    /// Adds a failure to the running test when the statement fails.
    void execute(const std::string& sql);
    /// All rows, each value as the engine casts it to text.
    Result<std::vector<TextRow>> query(const std::string& sql, const Parameters& parameters = {});
    /// The one row of a scan, as engine::Session::query_all would give its values.
    Result<std::vector<Scalar>> one_row(const std::string& sql, const Parameters& parameters = {});

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ingot::quality
