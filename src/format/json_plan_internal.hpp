#pragma once
// How the keys of a record lead to column builders. Made once per reader from the spec; it learns
// the order of keys while reading.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/column_batch.hpp"
#include "format/format_spec.hpp"

namespace ingot::format {

struct ObjectPlan;

/// One place for a value.
struct ValuePlan {
    ColumnBuilder* builder = nullptr;
    TypeId type = TypeId::kVoid;
    bool is_json = false;
    bool cast = false;
    bool required = false;
    int precision = 0;
    int scale = 0;
    std::size_t column = 0;              ///< Of the spec: which one this is or belongs to.
    std::string name;                    ///< For messages: `actor.id`.
    std::unique_ptr<ObjectPlan> object;  ///< Struct.
    std::unique_ptr<ValuePlan> element;  ///< Array; map: its value.
    std::unique_ptr<ValuePlan> key;      ///< Map.
};

/// What to do with a key.
struct KeyEntry {
    struct Refusal {
        std::vector<std::string>
            rest;  ///< Keys still to go inside the value; empty: the key itself.
        std::string reason;
    };

    std::string key;                    ///< As written between quotes (escapes included).
    std::uint32_t successor = 0;        ///< The entry that came next the last time.
    std::vector<ValuePlan*> values;     ///< Usually one.
    std::unique_ptr<ObjectPlan> below;  ///< Columns take members of this key's object.
    std::vector<Refusal> refusals;
    bool is_unknown() const { return values.empty() && !below; }
};

struct ObjectPlan {
    std::vector<KeyEntry> entries;
    std::vector<std::unique_ptr<ValuePlan>>
        values;                     ///< Those that belong to this object's members.
    std::vector<std::string> path;  ///< Keys that lead here.
    UnknownFields unknown = UnknownFields::kIgnore;
    std::uint32_t first = 0;  ///< The entry that began the last object.

    /// The entry of a key as written, remembered under that spelling from now on. Keys that differ
    /// from a known one only in case mean that one.
    std::uint32_t find(std::string_view written);

private:
    static constexpr std::size_t kLearnedMax = 4096;
    std::uint32_t remember(KeyEntry entry);

    std::unordered_map<std::string, std::uint32_t> by_key_;
    std::size_t learned_ = 0;
    std::string scratch_;
};

/// Column i of the spec goes to rows.column(i). `rows` must outlive the plan and stay where it is.
std::unique_ptr<ObjectPlan> make_plan(const FormatSpec& spec, BatchBuilder& rows);

}  // namespace ingot::format
