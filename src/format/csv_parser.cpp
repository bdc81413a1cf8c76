#include <algorithm>
#include <fmt/ranges.h>
#include <strings.h>

#include "format/block_parser_internal.hpp"
#include "format/convert_internal.hpp"
#include "format/csv_fields_internal.hpp"
#include "format/csv_shape_internal.hpp"
#include "format/json_index_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

/// Framed CSV records to rows. The header decides which field goes where, file by file.
class CsvBlockParser final : public BlockParser {
public:
    CsvBlockParser(ScanState& scan, RowWriter& writer)
        : scan_(scan),
          writer_(writer),
          csv_(std::get<CsvFormat>(scan.spec.kind)),
          plan_(make_plan(scan.spec, writer.rows())),
          splitter_(csv_) {}

    void begin(const Block& block, SharedTotals& totals) override {
        block_ = &block;
        next_ = 0;
        nulled_ = 0;
        writer_.begin_block(block, totals);
        if (!mapped_ || block.header != header_) map_fields(block);
    }

    Result<bool> parse() override {
        if (block_->cut_off && next_++ == 0) {
            INGOT_TRY(writer_.reject({reason::kCutOff, "the file ends inside this record"},
                                     block_->first_line, 0, block_->size()));
        }
        while (!block_->cut_off && next_ < block_->records.size()) {
            if (writer_.full()) return false;
            INGOT_TRY(read_record(block_->records[next_++]));
        }
        writer_.end_block(nulled_, surprises_);
        return true;
    }

private:
    /// Where one field of the file goes.
    struct Target {
        std::vector<ValuePlan*> values;
        std::string name;
    };

    void map_fields(const Block& block) {
        mapped_ = true;
        header_ = block.header;
        file_problem_.reset();
        targets_.clear();
        if (!header_) {
            // Positions are names: 1, 2, ... A record decides how many there are.
            return;
        }
        for (const std::string& name : *header_) targets_.push_back({values_of(name), name});
        check_header();
    }

    std::vector<ValuePlan*> values_of(const std::string& name) const {
        const auto same = [&](const std::string& other) {
            return ::strcasecmp(other.c_str(), name.c_str()) == 0;
        };
        std::vector<ValuePlan*> values;
        for (std::size_t index = 0; index < scan_.spec.columns.size(); ++index) {
            const ColumnSpec& column = scan_.spec.columns[index];
            const std::string unnamed = csv_.header ? column.name : fmt::format("{}", index + 1);
            if (same(column.source.empty() ? unnamed : column.source.front()))
                values.push_back(plan_->values[index].get());
        }
        return values;
    }

    /// What is wrong with the header is wrong with each of its records.
    void check_header() {
        const bool names_a_column = std::any_of(targets_.begin(), targets_.end(),
                                                [](const Target& t) { return !t.values.empty(); });
        if (!names_a_column && !plan_->values.empty()) {
            file_problem_ = {
                reason::kBadCsv,
                fmt::format("the first line names no column of the table: {}; a file without "
                            "header needs `header: false`",
                            shortened(fmt::format("{}", fmt::join(*header_, ", "))))};
        }
        for (auto target = targets_.begin(); target != targets_.end(); ++target) {
            for (const RefuseRule& rule : scan_.spec.refuse_when) {
                if (rule.has_field.size() == 1 && rule.has_field.front() == target->name) {
                    file_problem_ = {rule.reason,
                                     fmt::format("the header has the field {}", target->name)};
                    return;
                }
            }
            const auto twice = std::find_if(targets_.begin(), target, [&](const Target& other) {
                return !target->values.empty() && target->values == other.values;
            });
            if (twice != target) {
                file_problem_ = {reason::kDuplicateKey,
                                 fmt::format("{} stands twice in the header", target->name)};
            } else if (target->values.empty() &&
                       (scan_.spec.unknown_fields == UnknownFields::kReject ||
                        scan_.spec.unknown_fields == UnknownFields::kFail)) {
                file_problem_ = {reason::kUnknownField,
                                 fmt::format("no column for {}", target->name),
                                 scan_.spec.unknown_fields == UnknownFields::kFail};
            }
        }
    }

    Status read_record(const RecordRange& range) {
        const std::string_view text(block_->data() + range.begin, range.end - range.begin);
        row_ = writer_.rows().rows();
        nulls_ = 0;
        std::optional<RecordProblem> problem = file_problem_;
        if (!problem) problem = read_fields(text);
        if (problem) {
            for (const auto& value : plan_->values) value->builder->truncate(row_);
            return writer_.reject(*problem, range.number, range.begin, range.end);
        }
        nulled_ += nulls_;
        for (const Pending& each : pending_) {
            surprises_.add(each.kind, {each.name}, csv_shape(each.field), each.field.text,
                           writer_.place(range.number));
        }
        writer_.accept(range.number, range.begin, range.end);
        return {};
    }

    std::optional<RecordProblem> read_fields(std::string_view text) {
        pending_.clear();
        if (!is_utf8(text)) {
            return RecordProblem{reason::kNotUtf8, "the record holds bytes that are not UTF-8"};
        }
        if (const char* problem = splitter_.split(text)) {
            return RecordProblem{reason::kBadCsv, problem};
        }
        const std::vector<CsvField>& fields = splitter_.fields();
        if (!header_) {
            for (std::size_t index = targets_.size(); index < fields.size(); ++index) {
                std::string name = fmt::format("{}", index + 1);
                targets_.push_back({values_of(name), std::move(name)});
            }
        } else if (fields.size() != targets_.size()) {
            return RecordProblem{
                reason::kFieldCount,
                fmt::format("{} fields where the header has {}", fields.size(), targets_.size())};
        }
        for (std::size_t index = 0; index < fields.size(); ++index) {
            if (auto problem = read_field(targets_[index], fields[index])) return problem;
        }
        return fill_missing();
    }

    std::optional<RecordProblem> read_field(const Target& target, const CsvField& field) {
        for (ValuePlan* value : target.values) {
            if (auto problem = read_value(*value, field)) return problem;
        }
        if (!target.values.empty() || is_null(field)) return std::nullopt;
        return unknown_field(target, field);
    }

    std::optional<RecordProblem> unknown_field(const Target& target, const CsvField& field) {
        switch (scan_.spec.unknown_fields) {
            case UnknownFields::kIgnore:
                return std::nullopt;
            case UnknownFields::kAdd:
                pending_.push_back({SchemaSurprise::Kind::kNewField, target.name, field});
                return std::nullopt;
            default:
                return RecordProblem{reason::kUnknownField,
                                     fmt::format("no column for field {}", target.name),
                                     scan_.spec.unknown_fields == UnknownFields::kFail};
        }
    }

    std::optional<RecordProblem> read_value(ValuePlan& plan, const CsvField& field) {
        const bool empty_number = field.text.empty() && plan.type != TypeId::kString;
        if (is_null(field) || empty_number) {
            if (plan.required) {
                return RecordProblem{reason::kMissingField, fmt::format("{} is empty", plan.name)};
            }
            plan.builder->append_null();
            return std::nullopt;
        }
        const bool fits = plan.is_json ? is_json(field.text) : true;
        if (fits && append_converted(plan, field.text, scan_.spec.time_zone)) return std::nullopt;
        if (scan_.inferred) {
            pending_.push_back({SchemaSurprise::Kind::kWiderType, plan.name, field});
        } else if (scan_.spec.bad_value == BadValue::kNull) {
            ++nulls_;
        } else {
            return RecordProblem{
                reason::kBadValue,
                fmt::format("{}: {} is not {}", plan.name, shortened(field.text),
                            plan.is_json ? "JSON" : plan.builder->type().to_string()),
                scan_.spec.bad_value == BadValue::kFail};
        }
        plan.builder->append_null();
        return std::nullopt;
    }

    bool is_null(const CsvField& field) const {
        return !field.quoted && (field.text.empty() || field.text == csv_.null_text);
    }

    /// The index needs a zero byte behind the text.
    bool is_json(std::string_view text) {
        scratch_ = text;
        if (index_.build(scratch_.data(), scratch_.size()) != IndexProblem::kNone) return false;
        JsonCursor cursor(scratch_.data(), index_.positions());
        return index_.count() > 0 && cursor.skip_value() && cursor.position() == scratch_.size();
    }

    std::optional<RecordProblem> fill_missing() {
        for (const auto& value : plan_->values) {
            if (value->builder->length() != row_) continue;
            if (value->required) {
                return RecordProblem{reason::kMissingField,
                                     fmt::format("{} is missing", value->name)};
            }
            value->builder->append_null();
        }
        return std::nullopt;
    }

    struct Pending {
        SchemaSurprise::Kind kind;
        std::string name;
        CsvField field;
    };

    ScanState& scan_;
    RowWriter& writer_;
    CsvFormat csv_;
    std::unique_ptr<ObjectPlan> plan_;
    CsvSplitter splitter_;
    JsonIndex index_;
    std::string scratch_;
    const Block* block_ = nullptr;
    std::size_t next_ = 0;
    bool mapped_ = false;
    std::shared_ptr<const std::vector<std::string>> header_;
    std::vector<Target> targets_;
    std::optional<RecordProblem> file_problem_;
    std::int64_t row_ = 0;
    std::int64_t nulls_ = 0;
    std::int64_t nulled_ = 0;
    std::vector<Pending> pending_;
    SurpriseCollector surprises_;
};

}  // namespace

std::unique_ptr<BlockParser> make_csv_parser(ScanState& scan, RowWriter& writer) {
    return std::make_unique<CsvBlockParser>(scan, writer);
}

}  // namespace ingot::format
