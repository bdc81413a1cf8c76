#include <algorithm>
#include <cstring>

#include "format/block_parser_internal.hpp"
#include "format/json_index_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

/// JSON records. The block is indexed at once. A block with a broken string or foreign bytes
/// somewhere is indexed record by record (NDJSON: line by line) instead, so that the damage stays
/// where it is.
class JsonBlockParser final : public BlockParser {
public:
    JsonBlockParser(ScanState& scan, RowWriter& writer)
        : writer_(writer), reader_(scan.spec, scan.inferred, writer.rows()) {}

    void begin(const Block& block, SharedTotals& totals) override {
        block_ = &block;
        begin_ = 0;
        end_ = 0;
        number_ = block.first_line - 1;
        next_range_ = 0;
        in_range_ = false;
        nulled_before_ = reader_.nulled_values();
        writer_.begin_block(block, totals);
        whole_ = !block.cut_off && index_.build(block.data(), block.size()) == IndexProblem::kNone;
        if (whole_) cursor_ = JsonCursor(block.data(), index_.positions());
    }

    Result<bool> parse() override {
        while (!writer_.full()) {
            if (!in_range_) {
                if (!next_range()) {
                    writer_.end_block(reader_.nulled_values() - nulled_before_,
                                      reader_.surprises());
                    return true;
                }
                INGOT_TRY_ASSIGN(in_range_, begin_range());
            }
            if (in_range_) INGOT_TRY(parse_records());
        }
        return false;
    }

private:
    /// Moves on to the next line or framed record; false at the end of the block.
    bool next_range() {
        if (block_->by_line || block_->cut_off) {
            begin_ = end_;
            if (begin_ == block_->size()) return false;
            end_ = block_->cut_off ? block_->size() : end_of_line();
            ++number_;
        } else {
            if (next_range_ == block_->records.size()) return false;
            const RecordRange& range = block_->records[next_range_++];
            begin_ = range.begin;
            end_ = range.end;
            number_ = range.number;
        }
        return true;
    }

    /// After the line's newline, or the end of the block.
    std::size_t end_of_line() const {
        const char* begin = block_->data() + begin_;
        const void* found = std::memchr(begin, '\n', block_->size() - begin_);
        return found == nullptr
                   ? block_->size()
                   : static_cast<std::size_t>(static_cast<const char*>(found) - block_->data()) + 1;
    }

    /// Puts the cursor on the first token. False: a blank line, or a range that was rejected.
    Result<bool> begin_range() {
        if (block_->cut_off) {
            INGOT_TRY(reject_rest(begin_, {reason::kCutOff, "the file ends inside this record"}));
            return false;
        }
        if (!whole_) {
            // A copy, because the cursor needs a zero byte behind its text.
            text_.assign(block_->data() + begin_, end_ - begin_);
            const IndexProblem problem = index_.build(text_.data(), text_.size());
            if (problem != IndexProblem::kNone) {
                INGOT_TRY(reject_rest(begin_, text_problem(problem)));
                return false;
            }
            cursor_ = JsonCursor(text_.data(), index_.positions());
        }
        while (position() < begin_) cursor_.advance();
        return position() < end_;
    }

    RecordProblem text_problem(IndexProblem problem) const {
        const std::string_view text(block_->data() + begin_, end_ - begin_);
        if (problem == IndexProblem::kUtf8 || !is_utf8(text)) {
            return {reason::kNotUtf8, "the record holds bytes that are not UTF-8"};
        }
        return {reason::kNotJson, "a string does not end, or holds a control character"};
    }

    /// Usually one record; objects may follow each other on a line. Stops with `in_range_` still
    /// true when the writer is full.
    Status parse_records() {
        const auto cursor_end = static_cast<std::uint32_t>(end_ - base());
        while (position() < end_) {
            if (writer_.full()) return {};
            const std::size_t begin = position();
            JsonCursor after = cursor_;
            if (!reader_.read(cursor_, cursor_end, writer_.place(number_))) {
                if (!passes_object(after, cursor_end)) {
                    INGOT_TRY(reject_rest(begin, reader_.problem()));
                    break;
                }
                cursor_ = after;
                INGOT_TRY(reject(begin, position(), reader_.problem()));
                continue;
            }
            const std::size_t next = position();
            if (next < end_ && cursor_.peek() != '{') {
                reader_.undo();
                INGOT_TRY(
                    reject_rest(begin, {reason::kNotJson, "text after the end of the object"}));
                break;
            }
            writer_.accept(number_, begin, std::min(next, end_));
        }
        in_range_ = false;
        return {};
    }

    /// Passes a record that is JSON, though not one to read; what follows is another record, or
    /// the line's end.
    static bool passes_object(JsonCursor& cursor, std::uint32_t end) {
        return cursor.peek() == '{' && cursor.skip_value() && cursor.mark()[-1] < end &&
               (cursor.position() >= end || cursor.peek() == '{');
    }

    /// Nothing after a broken record's beginning can be told apart any more.
    Status reject_rest(std::size_t begin, const RecordProblem& problem) {
        if (whole_) {
            while (position() < end_) cursor_.advance();
            while (cursor_.mark() > index_.positions() && previous_position() >= end_) {
                cursor_.reset(cursor_.mark() - 1);
            }
        }
        in_range_ = false;
        return reject(begin, end_, problem);
    }

    Status reject(std::size_t begin, std::size_t end, const RecordProblem& problem) {
        end = std::min(end, end_);
        while (end > begin && JsonCursor::is_blank(block_->data()[end - 1])) --end;
        return writer_.reject(problem, number_, begin, end);
    }

    /// Of what the index was built for, in the block.
    std::size_t base() const { return whole_ ? 0 : begin_; }
    std::size_t position() const { return base() + cursor_.position(); }
    std::size_t previous_position() const { return base() + cursor_.mark()[-1]; }

    RowWriter& writer_;
    JsonRecordReader reader_;
    JsonIndex index_;
    std::string text_;  // The record, when it is indexed alone.
    JsonCursor cursor_;
    const Block* block_ = nullptr;
    bool whole_ = true;  // The index covers the block, not only the line.
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::int64_t number_ = 0;
    std::size_t next_range_ = 0;
    bool in_range_ = false;
    std::int64_t nulled_before_ = 0;
};

}  // namespace

std::unique_ptr<BlockParser> make_json_parser(ScanState& scan, RowWriter& writer) {
    return std::make_unique<JsonBlockParser>(scan, writer);
}

}  // namespace ingot::format
