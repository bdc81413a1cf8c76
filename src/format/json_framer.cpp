#include <algorithm>
#include <fmt/ranges.h>

#include "format/json_cursor_internal.hpp"
#include "format/stream_framer_internal.hpp"

namespace ingot::format {
namespace {

/// Finds the end of one JSON value of any kind, byte by byte, across blocks. It only counts
/// brackets and follows strings: whether the value is valid is the parser's business.
class ValueScanner {
public:
    void begin() { *this = {}; }

    /// Goes on at `at`; true when the value has ended: `at` is after its last byte.
    bool scan(const char* data, std::size_t& at, std::size_t end) {
        while (at < end) {
            const char c = data[at];
            if (in_string_) {
                ++at;
                if (escaped_) {
                    escaped_ = false;
                } else if (c == '\\') {
                    escaped_ = true;
                } else if (c == '"') {
                    in_string_ = false;
                    if (depth_ == 0) return true;
                }
                continue;
            }
            const bool closes = c == '}' || c == ']';
            if (depth_ == 0 && started_ && (closes || c == ',' || JsonCursor::is_blank(c))) {
                return true;  // A scalar ended before this byte.
            }
            ++at;
            started_ = true;
            if (c == '"') {
                in_string_ = true;
            } else if (c == '{' || c == '[') {
                ++depth_;
            } else if (closes && --depth_ == 0) {
                return true;
            }
        }
        return false;
    }
    /// Whether the input may end here: behind a scalar.
    bool may_end() const { return started_ && depth_ == 0 && !in_string_; }

private:
    std::int64_t depth_ = 0;
    bool started_ = false;
    bool in_string_ = false;
    bool escaped_ = false;
};

/// Walks the document around the records: down the record path, through the array, and over
/// everything else.
class JsonFramer final : public StreamFramer {
public:
    JsonFramer(std::unique_ptr<ByteStream> stream, std::string name, const JsonFormat& format)
        : StreamFramer(std::move(stream), std::move(name)), path_(format.record_path) {}

protected:
    Result<std::size_t> cut(Block& block, std::size_t filled, bool at_end) override {
        block.by_line = false;
        while (at_ < filled || state_ == State::kValue) {
            if (state_ == State::kValue) {
                if (!scanner_.scan(block.data(), at_, filled)) break;
                end_value(block);
            } else if (JsonCursor::is_blank(block.data()[at_])) {
                ++at_;
            } else {
                INGOT_TRY(token(block.data()[at_]));
            }
        }
        if (at_end) {
            INGOT_TRY(end_of_input(block));
            return filled;
        }
        const bool keep = state_ == State::kValue && role_ != Role::kSkipped;
        const std::size_t whole = keep ? value_begin_ : at_;
        at_ -= whole;
        value_begin_ -= std::min(value_begin_, whole);
        return whole;
    }
    bool inside_record() const override {
        return state_ == State::kValue && role_ == Role::kRecord;
    }
    std::int64_t next_number() const override { return number_ + 1; }

private:
    enum class State : std::uint8_t {
        kDocument,      ///< Between documents.
        kElement,       ///< Before an element of the array of records (or its end, at first).
        kAfterElement,  ///< After one.
        kKey,           ///< Before a key on the way to the records (or the object's end).
        kColon,
        kMember,  ///< Before a member's value.
        kAfterMember,
        kValue,  ///< Inside a value: see role_.
    };
    enum class Role : std::uint8_t { kRecord, kSkipped, kKeyText };

    /// One byte that is not blank, outside of values.
    Status token(char c) {
        switch (state_) {
            case State::kDocument:
                return document(c);
            case State::kElement:
                if (c == ']' && !after_comma_) return end_array();
                begin_value(Role::kRecord, State::kAfterElement);
                return {};
            case State::kAfterElement:
                if (c == ']') return end_array();
                return expect(c, ',', State::kElement, "a comma or the end of the array");
            case State::kKey:
                if (c == '}' && !after_comma_) return end_object();
                if (c != '"') return broken("a key");
                begin_value(Role::kKeyText, State::kColon);
                return {};
            case State::kColon:
                return expect(c, ':', State::kMember, "a colon");
            case State::kMember:
                return member(c);
            default:
                if (c == '}') return end_object();
                return expect(c, ',', State::kKey, "a comma or the end of the object");
        }
    }

    Status document(char c) {
        if (c == '[' && path_.empty()) {
            enter(State::kElement);
        } else if (c == '{' && path_.empty()) {
            begin_value(Role::kRecord, State::kDocument);
        } else if (c == '{') {
            level_ = 0;
            found_ = false;
            enter(State::kKey);
        } else {
            return broken(path_.empty() ? "an object or an array" : "an object");
        }
        return {};
    }

    Status member(char c) {
        if (!key_matches_) {
            begin_value(Role::kSkipped, State::kAfterMember);
        } else if (level_ + 1 < path_.size()) {
            if (c != '{') return broken("an object on the way to the records");
            ++level_;
            enter(State::kKey);
        } else if (found_) {
            return broken("one list of records, not two");
        } else if (c == '[') {
            found_ = true;
            enter(State::kElement);
        } else if (c == '{') {
            found_ = true;
            begin_value(Role::kRecord, State::kAfterMember);
        } else {
            return broken("an array of records or one record");
        }
        return {};
    }

    Status end_array() {
        enter(path_.empty() ? State::kDocument : State::kAfterMember);
        return {};
    }

    Status end_object() {
        if (level_ > 0) {
            --level_;
            enter(State::kAfterMember);
            return {};
        }
        if (!found_) {
            return make_error(ErrorCode::kCorruptData,
                              "{}: there is no {} in the document that ends at byte {}", name(),
                              fmt::join(path_, "."), position());
        }
        enter(State::kDocument);
        return {};
    }

    Status expect(char c, char wanted, State next, const char* what) {
        if (c != wanted) return broken(what);
        enter(next);
        return {};
    }

    Error broken(const char* expected) const {
        return make_error(ErrorCode::kCorruptData, "{}: expected {} at byte {}", name(), expected,
                          position());
    }

    Status end_of_input(Block& block) {
        if (state_ == State::kValue && role_ == Role::kRecord && after_ == State::kDocument &&
            scanner_.may_end()) {
            end_value(block);
        }
        if (state_ == State::kDocument) return {};
        return make_error(ErrorCode::kCorruptData, "{}: the document is cut off at byte {}", name(),
                          position());
    }

    void enter(State state) {
        after_comma_ = state_ == State::kAfterElement || state_ == State::kAfterMember;
        state_ = state;
        ++at_;
    }
    void begin_value(Role role, State after) {
        state_ = State::kValue;
        role_ = role;
        after_ = after;
        value_begin_ = at_;
        scanner_.begin();
    }
    void end_value(Block& block) {
        if (role_ == Role::kRecord) {
            block.records.push_back({value_begin_, at_, ++number_});
        } else if (role_ == Role::kKeyText) {
            std::string key;
            const std::string_view text(block.data() + value_begin_ + 1, at_ - value_begin_ - 2);
            key_matches_ = unescape(text, key) && key == path_[level_];
        }
        state_ = after_;
    }
    std::int64_t position() const { return offset() + static_cast<std::int64_t>(at_); }

    std::vector<std::string> path_;
    State state_ = State::kDocument;
    State after_ = State::kDocument;
    Role role_ = Role::kSkipped;
    ValueScanner scanner_;
    std::size_t at_ = 0;
    std::size_t value_begin_ = 0;
    std::size_t level_ = 0;
    bool after_comma_ = false;  // In kElement and kKey.
    bool key_matches_ = false;
    bool found_ = false;
    std::int64_t number_ = 0;
};

}  // namespace

std::unique_ptr<Framer> make_json_framer(std::unique_ptr<ByteStream> stream, std::string name,
                                         const JsonFormat& format) {
    return std::make_unique<JsonFramer>(std::move(stream), std::move(name), format);
}

}  // namespace ingot::format
