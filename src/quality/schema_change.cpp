#include "quality/schema_change.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "quality/names_internal.hpp"

namespace ingot::quality {
namespace {

using project::ColumnSpec;
using project::OnSchemaChange;
using Action = SchemaDecision::Action;

bool is_integer(const DataType& type) {
    switch (type.id()) {
        case TypeId::kByte:
        case TypeId::kShort:
        case TypeId::kInteger:
        case TypeId::kLong:
            return true;
        case TypeId::kDecimal:
            return type.scale() == 0;
        default:
            return false;
    }
}

/// Whether `stored` takes every value of `produced`, or refuses at the first that does not fit.
bool can_store(const DataType& stored, const DataType& produced);

bool can_store_members(const DataType& stored, const DataType& produced) {
    if (stored.id() != TypeId::kStruct) {
        for (std::size_t i = 0; i < stored.fields().size(); ++i) {
            if (!can_store(stored.fields()[i].type, produced.fields()[i].type)) return false;
        }
        return true;
    }
    const Schema into{stored.fields()};
    return std::all_of(produced.fields().begin(), produced.fields().end(),
                       [&](const Field& member) {
                           const Field* same = into.find(member.name);
                           return same != nullptr && can_store(same->type, member.type);
                       });
}

bool can_store(const DataType& stored, const DataType& produced) {
    if (stored == produced || produced.id() == TypeId::kVoid) return true;
    if (is_integer(stored) && is_integer(produced)) return true;
    if (stored.is_nested() && stored.id() == produced.id())
        return can_store_members(stored, produced);
    const std::optional<DataType> common = common_type(stored, produced);
    return common.has_value() && *common == stored;
}

/// How a column of the table relates to what is to be written into it.
enum class Fit { kFits, kGainsMembers, kWidens, kIncompatible };

Fit worse(Fit a, Fit b) {
    return std::max(a, b);
}

Fit fit_of(const DataType& stored, const DataType& wanted);

Fit fit_of_members(const DataType& stored, const DataType& wanted) {
    Fit fit = Fit::kFits;
    if (stored.id() != TypeId::kStruct) {
        for (std::size_t i = 0; i < stored.fields().size(); ++i) {
            fit = worse(fit, fit_of(stored.fields()[i].type, wanted.fields()[i].type));
        }
        return fit;
    }
    const Schema has{stored.fields()};
    for (const Field& member : wanted.fields()) {
        const Field* same = has.find(member.name);
        fit = worse(fit, same == nullptr ? Fit::kGainsMembers : fit_of(same->type, member.type));
    }
    return fit;
}

Fit fit_of(const DataType& stored, const DataType& wanted) {
    if (stored.is_nested() && stored.id() == wanted.id()) return fit_of_members(stored, wanted);
    const std::optional<DataType> common = common_type(stored, wanted);
    if (!common) return Fit::kIncompatible;
    if (*common == stored) return Fit::kFits;
    return *common == wanted ? Fit::kWidens : Fit::kIncompatible;
}

std::string place_of(const ColumnSpec& column) {
    return column.place.file.empty() ? "" : column.place.to_string() + ": ";
}

/// Walks the columns once, collecting what changes and what may not.
class Decider {
public:
    explicit Decider(const SchemaRequest& request) : request_(request) {}

    Result<SchemaDecision> decide() {
        std::vector<Field> wanted = promised_columns();
        if (request_.previous == nullptr) {
            decision_.action = Action::kCreate;
            require_types(wanted);
            decision_.schema.fields = std::move(wanted);
        } else {
            compare(wanted);
        }
        if (!problems_.empty()) {
            std::string text;
            for (const std::string& problem : problems_)
                text += (text.empty() ? "" : "\n") + problem;
            return make_error(ErrorCode::kInvalidArgument, "{}", text);
        }
        return std::move(decision_);
    }

private:
    /// The SELECT's columns with the types that the contract promises.
    std::vector<Field> promised_columns() {
        std::vector<Field> wanted;
        for (const Field& column : request_.produced->fields) {
            wanted.push_back(Field{column.name, column.type, true, {}});
        }
        for (const ColumnSpec& promise : request_.contract) {
            const auto found = request_.produced->index_of(promise.name);
            if (!found) {
                const Result<const Field*> missing = find_column(*request_.produced, promise.name);
                problems_.push_back(fmt::format(
                    "{}{}: column '{}' is promised, but the SELECT does not "
                    "return it: {}",
                    place_of(promise), request_.table, promise.name, missing.error().message));
                continue;
            }
            Field& column = wanted[*found];
            column.name = promise.name;
            if (!promise.type) continue;
            if (!can_store(*promise.type, column.type)) {
                problems_.push_back(
                    fmt::format("{}{}: column '{}' is promised as {}, and the SELECT returns {}: "
                                "cast it in the "
                                "SELECT or change the promise",
                                place_of(promise), request_.table, promise.name,
                                promise.type->to_string(), column.type.to_string()));
            }
            column.type = *promise.type;
        }
        return wanted;
    }

    void require_types(const std::vector<Field>& columns) {
        for (const Field& column : columns) {
            if (column.type.id() != TypeId::kVoid) continue;
            problems_.push_back(
                fmt::format("{}: column '{}' has no type, it is always null: cast it, as "
                            "in NULL::varchar, or promise a type in 'columns'",
                            request_.table, column.name));
        }
    }

    void compare(const std::vector<Field>& wanted) {
        decision_.schema.fields = request_.previous->fields;
        const Schema wanted_schema{wanted};
        bool dropped = false;
        for (const Field& column : request_.previous->fields) {
            if (wanted_schema.find(column.name) != nullptr) continue;
            dropped = true;
            no_longer_produced(column);
        }
        std::vector<Field> added;
        for (const Field& column : wanted) {
            const auto at = request_.previous->index_of(column.name);
            if (at) {
                compare_types(decision_.schema.fields[*at], column);
            } else {
                added.push_back(column);
            }
        }
        require_types(added);
        for (const Field& column : added) new_column(column);
        if (request_.policy == OnSchemaChange::kRebuild && (dropped || changed_)) {
            decision_.action = Action::kRebuild;
            decision_.schema.fields = wanted;
            keep_known_types();
        }
    }

    void no_longer_produced(const Field& column) {
        switch (request_.policy) {
            case OnSchemaChange::kFail:
                problems_.push_back(fmt::format(
                    "{}: column '{}' ({}) is no longer returned by the SELECT: return it, or say "
                    "on_schema_change: add to fill it with null, or rebuild to drop it",
                    request_.table, column.name, column.type.to_string()));
                break;
            case OnSchemaChange::kAdd:
            case OnSchemaChange::kWiden:
                decision_.notes.push_back(fmt::format(
                    "column '{}' is no longer returned by the SELECT: new rows hold null",
                    column.name));
                break;
            case OnSchemaChange::kRebuild:
                decision_.notes.push_back(fmt::format("column '{}' is dropped", column.name));
                break;
        }
    }

    void new_column(const Field& column) {
        changed_ = true;
        if (request_.policy == OnSchemaChange::kFail) {
            problems_.push_back(
                fmt::format("{}: column '{}' ({}) is new: say on_schema_change: add, or "
                            "take it out of the SELECT",
                            request_.table, column.name, column.type.to_string()));
            return;
        }
        decision_.notes.push_back(
            fmt::format("column '{}' ({}) is added", column.name, column.type.to_string()));
        decision_.schema.fields.push_back(column);
        decision_.action = std::max(decision_.action, Action::kAddColumns);
    }

    void compare_types(Field& stored, const Field& wanted) {
        const Fit fit = fit_of(stored.type, wanted.type);
        if (fit == Fit::kFits) return;
        changed_ = true;
        const std::string change =
            fmt::format("column '{}' is {} in the table, and now {}", stored.name,
                        stored.type.to_string(), wanted.type.to_string());
        if (request_.policy == OnSchemaChange::kRebuild) {
            decision_.notes.push_back(change);
            return;
        }
        const bool allowed =
            (fit == Fit::kGainsMembers && request_.policy != OnSchemaChange::kFail) ||
            (fit == Fit::kWidens && request_.policy == OnSchemaChange::kWiden &&
             !is_partition(stored.name));
        if (!allowed) {
            problems_.push_back(
                fmt::format("{}: {}: {}", request_.table, change, advice(fit, stored)));
            return;
        }
        stored.type = *common_type(stored.type, wanted.type);
        decision_.notes.push_back(change);
        decision_.action =
            std::max(decision_.action, fit == Fit::kWidens ? Action::kWiden : Action::kAddColumns);
    }

    std::string advice(Fit fit, const Field& stored) const {
        if (fit == Fit::kGainsMembers) return "say on_schema_change: add";
        if (is_partition(stored.name))
            return "a partition column keeps its type; say on_schema_change: rebuild";
        if (fit == Fit::kWidens) return "cast it in the SELECT, or say on_schema_change: widen";
        return fmt::format("cast it to {} in the SELECT, or say on_schema_change: rebuild",
                           stored.type.to_string());
    }

    bool is_partition(std::string_view name) const {
        const Schema* previous = request_.previous;
        return std::any_of(request_.partition_columns.begin(), request_.partition_columns.end(),
                           [&](const std::string& partition) {
                               return previous->index_of(partition) == previous->index_of(name);
                           });
    }

    /// A column that is always null keeps the type that it had.
    void keep_known_types() {
        for (Field& column : decision_.schema.fields) {
            const Field* known = request_.previous->find(column.name);
            if (column.type.id() == TypeId::kVoid && known != nullptr) column.type = known->type;
        }
    }

    const SchemaRequest& request_;
    SchemaDecision decision_;
    std::vector<std::string> problems_;
    bool changed_ = false;
};

}  // namespace

Result<SchemaDecision> decide_schema(const SchemaRequest& request) {
    INGOT_CHECK(request.produced != nullptr, "decide_schema needs the SELECT's schema");
    return Decider(request).decide();
}

}  // namespace ingot::quality
