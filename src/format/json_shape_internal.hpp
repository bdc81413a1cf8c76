#pragma once
// What the values of a field look like, and the type that holds them all.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/data_type.hpp"
#include "format/json_cursor_internal.hpp"

namespace ingot::format {

struct InferredType {
    DataType type;
    bool is_json = false;
};

/// The union of observed values. Observing is commutative and associative, so that shapes of
/// several readers merge.
class Shape {
public:
    /// An object with more members, or one nested deeper, becomes JSON text.
    static constexpr std::size_t kMembersMax = 64;
    static constexpr int kDepthMax = 6;

    Shape() = default;
    Shape(Shape&&) noexcept = default;
    Shape& operator=(Shape&&) noexcept = default;

    /// Passes one value, which must be valid JSON (skip_value accepted it).
    void observe(JsonCursor& cursor) { observe(cursor, 0); }
    void observe_text() { kinds_ |= kText; }
    /// Text outside JSON: a number or boolean when it looks like one, else text.
    void observe_scalar(std::string_view text);
    void merge(const Shape& other);
    /// As if values of every kind that fits the type had been seen.
    void include(const DataType& type, bool is_json);

    bool only_nulls() const { return kinds_ == 0 || kinds_ == kNull; }
    /// Lossless for all values seen. Nulls alone: string.
    InferredType type() const;
    /// Of an object: its members in the order of first sight.
    const std::vector<std::pair<std::string, Shape>>& members() const { return members_; }

private:
    enum Kind : std::uint16_t {
        kNull = 1,
        kBoolean = 2,
        kLong = 4,      ///< Fits 64 bits,
        kLongWide = 8,  ///< but not the 53 bits of a double.
        kDecimal = 16,  ///< Whole, at most 38 digits.
        kDouble = 32,
        kText = 64,
        kObject = 128,
        kArray = 256,
        kAny = 512,  ///< Only JSON text holds it.
    };

    void observe(JsonCursor& cursor, int depth);
    void observe_object(JsonCursor& cursor, int depth);
    void observe_number(std::string_view text);
    Shape& member(std::string_view name);
    InferredType object_type() const;
    InferredType array_type() const;

    std::uint16_t kinds_ = 0;
    std::vector<std::pair<std::string, Shape>> members_;
    std::unique_ptr<Shape> element_;
};

/// Marks the field as JSON text where `inferred` says so.
Field inferred_field(std::string name, const InferredType& inferred);
bool is_json_field(const Field& field);

}  // namespace ingot::format
