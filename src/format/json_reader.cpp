#include <algorithm>
#include <cstring>
#include <fmt/ranges.h>

#include "format/convert_internal.hpp"
#include "format/json_reader_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {

JsonRecordReader::JsonRecordReader(const FormatSpec& spec, bool inferred, BatchBuilder& rows)
    : spec_(spec), inferred_(inferred), rows_(rows), plan_(make_plan(spec, rows)) {}

bool JsonRecordReader::read(JsonCursor& cursor, std::uint32_t end,
                            const SurpriseCollector::Place& place) {
    const JsonCursor start = cursor;
    cursor_ = cursor;
    end_ = end;
    row_ = rows_.rows();
    pending_.clear();
    pending_nulls_ = 0;
    const Outcome outcome = read_root();
    cursor = cursor_;
    if (outcome == Outcome::kOk) {
        commit(place);
        return true;
    }
    undo();
    apply_refuse_rules(start);
    return false;
}

void JsonRecordReader::undo() {
    nulled_values_ -= last_nulls_;
    last_nulls_ = 0;
    for (std::size_t index = 0; index < spec_.columns.size(); ++index) {
        rows_.column(index).truncate(row_);
    }
}

void JsonRecordReader::commit(const SurpriseCollector::Place& place) {
    nulled_values_ += pending_nulls_;
    last_nulls_ = pending_nulls_;
    for (const Pending& each : pending_) {
        JsonCursor at(cursor_.text(), each.mark);
        const auto text = JsonCursor(at).skip_value();
        Shape shape;
        shape.observe(at);
        surprises_.add(each.kind, each.path, std::move(shape), text.value_or(""), place);
    }
}

JsonRecordReader::Outcome JsonRecordReader::read_root() {
    last_nulls_ = 0;
    if (cursor_.peek() != '{') {
        return bad(reason::kNotObject, "a record must be a JSON object");
    }
    const Outcome outcome = read_members(*plan_, row_);
    if (outcome != Outcome::kOk) return outcome;
    if (cursor_.mark()[-1] >= end_) return not_json("the record ends too early");
    return fill_missing(*plan_, row_);
}

JsonRecordReader::Outcome JsonRecordReader::read_members(ObjectPlan& plan, std::int64_t row) {
    cursor_.advance();
    if (cursor_.take('}')) return Outcome::kOk;
    std::uint32_t previous = kNoKey;
    while (true) {
        if (cursor_.position() >= end_) return not_json("the record ends too early");
        if (cursor_.peek() != '"') return not_json("expected a key");
        const std::uint32_t guess =
            previous == kNoKey ? plan.first : plan.entries[previous].successor;
        const std::uint32_t index = take_key(plan, guess);
        if (index == kNoKey) return not_json("unknown escape in a key");
        if (index != guess) {
            (previous == kNoKey ? plan.first : plan.entries[previous].successor) = index;
        }
        previous = index;
        if (!cursor_.take(':')) return not_json("expected a colon");
        const Outcome outcome = read_member(plan, index, row);
        if (outcome != Outcome::kOk) return outcome;
        if (cursor_.take(',')) continue;
        if (cursor_.take('}')) return Outcome::kOk;
        return not_json("expected a comma or the end of the object");
    }
}

/// The key's entry; the cursor stands after the key. kNoKey: its escapes are wrong.
std::uint32_t JsonRecordReader::take_key(ObjectPlan& plan, std::uint32_t guess) {
    if (guess < plan.entries.size()) {
        const std::string& key = plan.entries[guess].key;
        const char* at = cursor_.text() + cursor_.position() + 1;
        if (cursor_.position() + 1 + key.size() < end_ && at[key.size()] == '"' &&
            std::memcmp(at, key.data(), key.size()) == 0) {
            cursor_.advance();
            return guess;
        }
    }
    const std::string_view written = cursor_.take_string();
    if (has_backslash(written) && !has_valid_escapes(written)) return kNoKey;
    return plan.find(written);
}

JsonRecordReader::Outcome JsonRecordReader::read_member(ObjectPlan& plan, std::uint32_t index,
                                                        std::int64_t row) {
    if (cursor_.position() >= end_) return not_json("the record ends too early");
    KeyEntry& entry = plan.entries[index];
    if (!entry.refusals.empty() && refused(entry)) return Outcome::kBad;
    if (entry.values.size() == 1 && !entry.below) return read_slot(*entry.values.front(), row);
    if (entry.is_unknown()) return read_unknown(plan, entry.key);
    const std::uint32_t* mark = cursor_.mark();
    for (ValuePlan* value : entry.values) {
        cursor_.reset(mark);
        const Outcome outcome = read_slot(*value, row);
        if (outcome != Outcome::kOk) return outcome;
    }
    if (!entry.below) return Outcome::kOk;
    cursor_.reset(mark);
    return read_below(entry, row);
}

/// Columns take members of this value: it should be an object, or null.
JsonRecordReader::Outcome JsonRecordReader::read_below(KeyEntry& entry, std::int64_t row) {
    if (cursor_.peek() == '{') return read_members(*entry.below, row);
    const auto text = cursor_.skip_value();
    if (!text) return not_json(cursor_.problem());
    if (*text == "null") return Outcome::kOk;
    if (spec_.bad_value == BadValue::kNull) {
        ++pending_nulls_;
        return Outcome::kOk;
    }
    return bad(reason::kBadValue,
               fmt::format("{}: {} is not an object", entry.key, shortened(*text)),
               spec_.bad_value == BadValue::kFail);
}

JsonRecordReader::Outcome JsonRecordReader::read_unknown(const ObjectPlan& plan,
                                                         const std::string& key) {
    const std::uint32_t* mark = cursor_.mark();
    if (!cursor_.skip_value()) return not_json(cursor_.problem());
    if (plan.unknown == UnknownFields::kIgnore) return Outcome::kOk;
    std::vector<std::string> path = plan.path;
    std::string name;
    if (!unescape(key, name)) name = key;
    path.push_back(std::move(name));
    if (plan.unknown == UnknownFields::kAdd) {
        pending_.push_back({SchemaSurprise::Kind::kNewField, std::move(path), mark});
        return Outcome::kOk;
    }
    return bad(reason::kUnknownField, fmt::format("no column for {}", fmt::join(path, ".")),
               plan.unknown == UnknownFields::kFail);
}

JsonRecordReader::Outcome JsonRecordReader::read_slot(ValuePlan& plan, std::int64_t row) {
    if (plan.builder->length() != row) {
        return bad(reason::kDuplicateKey, fmt::format("{} stands twice", plan.name));
    }
    const std::uint32_t* mark = cursor_.mark();
    const Outcome outcome = read_value(plan);
    if (outcome == Outcome::kOk) [[likely]] {
        if (plan.required && plan.builder->length() == row + 1 && cursor_.text()[*mark] == 'n') {
            return bad(reason::kMissingField, fmt::format("{} is null", plan.name));
        }
        return Outcome::kOk;
    }
    if (outcome == Outcome::kMismatch) return settle_mismatch(plan, mark, row);
    return outcome;
}

/// The value is JSON of another type, or not JSON at all.
JsonRecordReader::Outcome JsonRecordReader::settle_mismatch(ValuePlan& plan,
                                                            const std::uint32_t* mark,
                                                            std::int64_t row) {
    cursor_.reset(mark);
    const auto text = cursor_.skip_value();
    if (!text) return not_json(cursor_.problem());
    const ValuePlan& column = *plan_->values[plan.column];
    if (inferred_ && &column != &plan) return Outcome::kMismatch;
    const bool surprise = inferred_ && widens(plan, mark);
    if (!surprise && spec_.bad_value != BadValue::kNull) {
        return bad(reason::kBadValue,
                   fmt::format("{}: {} is not {}", plan.name, shortened(*text),
                               plan.builder->type().to_string()),
                   spec_.bad_value == BadValue::kFail);
    }
    plan.builder->truncate(row);
    plan.builder->append_null();
    if (surprise) {
        pending_.push_back({SchemaSurprise::Kind::kWiderType, {plan.name}, mark});
    } else {
        ++pending_nulls_;
    }
    return Outcome::kOk;
}

/// Whether another type would hold this value too. If not, it is bad whatever the type (a lone
/// surrogate, say), and reading again would not help.
bool JsonRecordReader::widens(const ValuePlan& column, const std::uint32_t* mark) const {
    JsonCursor at(cursor_.text(), mark);
    Shape shape;
    shape.observe(at);
    shape.include(column.builder->type(), column.is_json);
    const InferredType wider = shape.type();
    return wider.type != column.builder->type() || wider.is_json != column.is_json;
}

JsonRecordReader::Outcome JsonRecordReader::read_value(ValuePlan& plan) {
    if (plan.is_json) return read_json(plan);
    switch (cursor_.peek()) {
        case '"':
            return read_text(plan);
        case '{':
            if (plan.type == TypeId::kStruct) return read_struct(plan);
            if (plan.type == TypeId::kMap) return read_map(plan);
            return Outcome::kMismatch;
        case '[':
            return plan.type == TypeId::kArray ? read_array(plan) : Outcome::kMismatch;
        default:
            return read_scalar(plan);
    }
}

JsonRecordReader::Outcome JsonRecordReader::read_json(ValuePlan& plan) {
    const auto text = cursor_.skip_value();
    if (!text) return not_json(cursor_.problem());
    if (*text == "null") {
        plan.builder->append_null();
    } else {
        plan.builder->append_text(*text);
    }
    return Outcome::kOk;
}

JsonRecordReader::Outcome JsonRecordReader::read_text(ValuePlan& plan) {
    std::string_view text = cursor_.take_string();
    if (has_backslash(text)) {
        if (!unescape(text, scratch_)) return Outcome::kMismatch;
        text = scratch_;
    }
    switch (plan.type) {
        case TypeId::kString:
            plan.builder->append_text(text);
            return Outcome::kOk;
        case TypeId::kDate:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            break;
        default:
            if (!plan.cast) return Outcome::kMismatch;
    }
    return append_converted(plan, text, spec_.time_zone) ? Outcome::kOk : Outcome::kMismatch;
}

JsonRecordReader::Outcome JsonRecordReader::read_scalar(ValuePlan& plan) {
    const std::string_view text = cursor_.take_scalar();
    if (text == "null") {
        plan.builder->append_null();
        return Outcome::kOk;
    }
    switch (plan.type) {
        case TypeId::kString:
            // Numbers and booleans keep their text: nothing is lost.
            if (!is_json_scalar(text)) return Outcome::kMismatch;
            break;
        case TypeId::kBoolean:
            if (text != "true" && text != "false") return Outcome::kMismatch;
            break;
        case TypeId::kDate:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
            return Outcome::kMismatch;
        default:
            break;
    }
    return append_converted(plan, text, spec_.time_zone) ? Outcome::kOk : Outcome::kMismatch;
}

JsonRecordReader::Outcome JsonRecordReader::read_struct(ValuePlan& plan) {
    const std::int64_t row = plan.builder->length();
    const Outcome outcome = read_members(*plan.object, row);
    if (outcome != Outcome::kOk) return outcome;
    const Outcome filled = fill_missing(*plan.object, row);
    if (filled != Outcome::kOk) return filled;
    plan.builder->append_struct();
    return Outcome::kOk;
}

JsonRecordReader::Outcome JsonRecordReader::read_array(ValuePlan& plan) {
    cursor_.advance();
    if (!cursor_.take(']')) {
        do {
            if (cursor_.position() >= end_) return not_json("the record ends too early");
            const Outcome outcome = read_slot(*plan.element, plan.element->builder->length());
            if (outcome != Outcome::kOk) return outcome;
        } while (cursor_.take(','));
        if (!cursor_.take(']')) return not_json("expected a comma or the end of the array");
    }
    plan.builder->append_list();
    return Outcome::kOk;
}

JsonRecordReader::Outcome JsonRecordReader::read_map(ValuePlan& plan) {
    std::vector<std::string> keys;
    ColumnBuilder& pairs = plan.builder->child(0);
    cursor_.advance();
    if (!cursor_.take('}')) {
        do {
            if (cursor_.position() >= end_) return not_json("the record ends too early");
            if (cursor_.peek() != '"') return not_json("expected a key");
            std::string key;
            if (!unescape(cursor_.take_string(), key)) return not_json("unknown escape in a key");
            if (!cursor_.take(':')) return not_json("expected a colon");
            if (!append_converted(*plan.key, key, spec_.time_zone)) return Outcome::kMismatch;
            const Outcome outcome = read_slot(*plan.element, plan.element->builder->length());
            if (outcome != Outcome::kOk) return outcome;
            pairs.append_struct();
            keys.push_back(std::move(key));
        } while (cursor_.take(','));
        if (!cursor_.take('}')) return not_json("expected a comma or the end of the object");
    }
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) {
        return bad(reason::kDuplicateKey, fmt::format("{}: {} stands twice", plan.name, *twice));
    }
    plan.builder->append_list();
    return Outcome::kOk;
}

JsonRecordReader::Outcome JsonRecordReader::fill_missing(ObjectPlan& plan, std::int64_t row) {
    for (const std::unique_ptr<ValuePlan>& value : plan.values) {
        if (value->builder->length() != row) continue;
        if (value->required) {
            return bad(reason::kMissingField, fmt::format("{} is missing", value->name));
        }
        value->builder->append_null();
    }
    return Outcome::kOk;
}

namespace {

/// Whether the value ahead has the field; false when it is no valid JSON up to there.
bool has_field(JsonCursor cursor, std::uint32_t end, const std::vector<std::string>& path,
               std::size_t from = 0) {
    if (from == path.size()) return true;
    if (!cursor.take('{')) return false;
    if (cursor.peek() == '}') return false;
    std::string key;
    do {
        if (cursor.position() >= end || cursor.peek() != '"') return false;
        const bool readable = unescape(cursor.take_string(), key);
        if (!cursor.take(':')) return false;
        if (readable && key == path[from] && has_field(cursor, end, path, from + 1)) return true;
        if (!cursor.skip_value()) return false;
    } while (cursor.take(','));
    return false;
}

}  // namespace

bool JsonRecordReader::refused(const KeyEntry& entry) {
    for (const KeyEntry::Refusal& rule : entry.refusals) {
        if (!has_field(cursor_, end_, rule.rest)) continue;
        problem_ = {rule.reason, fmt::format("it has the field {}", entry.key), false};
        return true;
    }
    return false;
}

/// A record that a rule refuses is refused for that reason, whatever else is wrong with it.
void JsonRecordReader::apply_refuse_rules(JsonCursor cursor) {
    for (const RefuseRule& rule : spec_.refuse_when) {
        if (!has_field(cursor, end_, rule.has_field)) continue;
        problem_ = {rule.reason, fmt::format("it has the field {}", fmt::join(rule.has_field, ".")),
                    false};
        return;
    }
}

JsonRecordReader::Outcome JsonRecordReader::bad(const char* reason, std::string detail,
                                                bool fatal) {
    problem_ = {reason, std::move(detail), fatal};
    return Outcome::kBad;
}

JsonRecordReader::Outcome JsonRecordReader::not_json(const char* what) {
    return bad(reason::kNotJson, what);
}

}  // namespace ingot::format
