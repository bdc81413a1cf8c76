#include <algorithm>
#include <strings.h>

#include "format/json_cursor_internal.hpp"
#include "format/json_plan_internal.hpp"
#include "format/json_shape_internal.hpp"

namespace ingot::format {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

KeyEntry& entry_of(ObjectPlan& plan, const std::string& key) {
    for (KeyEntry& entry : plan.entries) {
        if (entry.key == key) return entry;
    }
    KeyEntry entry;
    entry.key = key;
    plan.entries.push_back(std::move(entry));
    return plan.entries.back();
}

struct Context {
    const FormatSpec& spec;
    std::size_t column;
    bool cast;
};

std::unique_ptr<ValuePlan> value_plan(const Context& context, const DataType& type, bool is_json,
                                      ColumnBuilder& builder, std::vector<std::string> path);

/// Members of a declared struct.
std::unique_ptr<ObjectPlan> struct_plan(const Context& context, const DataType& type,
                                        ColumnBuilder& builder,
                                        const std::vector<std::string>& path) {
    auto plan = std::make_unique<ObjectPlan>();
    plan->path = path;
    plan->unknown = context.spec.unknown_members;
    for (std::size_t index = 0; index < type.fields().size(); ++index) {
        const Field& field = type.fields()[index];
        std::vector<std::string> member_path = path;
        member_path.push_back(field.name);
        auto value = value_plan(context, field.type, is_json_field(field), builder.child(index),
                                std::move(member_path));
        entry_of(*plan, field.name).values.push_back(value.get());
        plan->values.push_back(std::move(value));
    }
    return plan;
}

std::string joined(const std::vector<std::string>& path) {
    std::string text;
    for (const std::string& part : path) text += (text.empty() ? "" : ".") + part;
    return text;
}

std::unique_ptr<ValuePlan> value_plan(const Context& context, const DataType& type, bool is_json,
                                      ColumnBuilder& builder, std::vector<std::string> path) {
    auto plan = std::make_unique<ValuePlan>();
    plan->builder = &builder;
    plan->type = type.id();
    plan->is_json = is_json;
    plan->cast = context.cast;
    plan->column = context.column;
    plan->name = joined(path);
    if (type.id() == TypeId::kDecimal) {
        plan->precision = type.precision();
        plan->scale = type.scale();
    } else if (type.id() == TypeId::kStruct) {
        plan->object = struct_plan(context, type, builder, path);
    } else if (type.id() == TypeId::kArray) {
        const Field& element = type.fields().front();
        plan->element = value_plan(context, element.type, is_json_field(element), builder.child(0),
                                   std::move(path));
    } else if (type.id() == TypeId::kMap) {
        const Field& value = type.fields()[1];
        ColumnBuilder& pairs = builder.child(0);
        plan->key = value_plan(context, type.fields()[0].type, false, pairs.child(0), path);
        plan->element = value_plan(context, value.type, is_json_field(value), pairs.child(1), path);
    }
    return plan;
}

void add_refusal(ObjectPlan& root, const RefuseRule& rule) {
    KeyEntry& entry = entry_of(root, rule.has_field.front());
    entry.refusals.push_back(
        {std::vector(rule.has_field.begin() + 1, rule.has_field.end()), rule.reason});
}

/// The object that holds the last key of the path.
ObjectPlan& descend(ObjectPlan& root, const std::vector<std::string>& source,
                    UnknownFields unknown) {
    ObjectPlan* plan = &root;
    for (std::size_t index = 0; index + 1 < source.size(); ++index) {
        KeyEntry& entry = entry_of(*plan, source[index]);
        if (!entry.below) {
            entry.below = std::make_unique<ObjectPlan>();
            entry.below->path = plan->path;
            entry.below->path.push_back(source[index]);
            entry.below->unknown = unknown;
        }
        plan = entry.below.get();
    }
    return *plan;
}

}  // namespace

std::unique_ptr<ObjectPlan> make_plan(const FormatSpec& spec, BatchBuilder& rows) {
    auto root = std::make_unique<ObjectPlan>();
    root->unknown = spec.unknown_fields;
    for (std::size_t index = 0; index < spec.columns.size(); ++index) {
        const ColumnSpec& column = spec.columns[index];
        const std::vector<std::string> source =
            column.source.empty() ? std::vector{column.name} : column.source;
        const Context context{spec, index, column.cast};
        auto value = value_plan(context, column.type, column.is_json, rows.column(index), source);
        value->required = column.required;
        entry_of(descend(*root, source, spec.unknown_members), source.back())
            .values.push_back(value.get());
        root->values.push_back(std::move(value));
    }
    for (const RefuseRule& rule : spec.refuse_when) add_refusal(*root, rule);
    return root;
}

std::uint32_t ObjectPlan::find(std::string_view written) {
    if (by_key_.empty()) {
        for (std::uint32_t index = 0; index < entries.size(); ++index) {
            by_key_.emplace(entries[index].key, index);
        }
    }
    scratch_ = written;
    if (const auto known = by_key_.find(scratch_); known != by_key_.end()) return known->second;
    std::string name;
    if (!unescape(written, name)) name = written;
    const auto meant = std::find_if(entries.begin(), entries.end(), [&](const KeyEntry& entry) {
        return !entry.is_unknown() && same_name(entry.key, name);
    });
    KeyEntry entry;
    if (meant != entries.end()) {
        // What lies below can belong to one spelling only.
        if (meant->below) return static_cast<std::uint32_t>(meant - entries.begin());
        entry.values = meant->values;
    }
    for (const KeyEntry& other : entries) {
        if (other.key == name) entry.refusals = other.refusals;
    }
    entry.key = written;
    return remember(std::move(entry));
}

std::uint32_t ObjectPlan::remember(KeyEntry entry) {
    if (learned_ < kLearnedMax) {
        ++learned_;
        entries.emplace_back();
    } else {
        by_key_.erase(entries.back().key);
    }
    const auto index = static_cast<std::uint32_t>(entries.size() - 1);
    by_key_.emplace(entry.key, index);
    entries.back() = std::move(entry);
    return index;
}

}  // namespace ingot::format
