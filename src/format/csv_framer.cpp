#include <algorithm>

#include "format/csv_fields_internal.hpp"
#include "format/stream_framer_internal.hpp"
#include "format/text_internal.hpp"

namespace ingot::format {
namespace {

/// Finds records by following quotes, and reads the header.
class CsvFramer final : public StreamFramer {
public:
    CsvFramer(std::unique_ptr<ByteStream> stream, std::string name, const CsvFormat& format)
        : StreamFramer(std::move(stream), std::move(name)), format_(format) {}

protected:
    Result<std::size_t> cut(Block& block, std::size_t filled, bool at_end) override {
        block.by_line = false;
        if (has_byte_order_mark() && offset() == 0 && at_ == 0) {
            at_ = std::min(filled, kByteOrderMark.size());
            begin_ = at_;
        }
        while (scan(block.data(), filled)) INGOT_TRY(end_record(block, at_));
        if (at_end && begin_ < filled) {
            INGOT_TRY(end_record(block, filled));
            begin_ = filled;
        }
        block.header = header_;
        const std::size_t whole = begin_;
        at_ -= std::min(at_, whole);
        begin_ = 0;
        if (whole > 0) line_in_block_ = 0;
        return whole;
    }
    bool inside_record() const override { return !format_.header || header_ != nullptr; }
    std::int64_t next_number() const override { return line(); }

private:
    enum class State : std::uint8_t { kFieldStart, kPlain, kQuoted, kAfterQuote, kEscaped };

    /// Goes on to the next line break outside quotes: true, and at_ is after it.
    bool scan(const char* data, std::size_t end) {
        for (; at_ < end; ++at_) {
            const char c = data[at_];
            if (c == '\n') ++lines_;
            switch (state_) {
                case State::kEscaped:
                    state_ = State::kQuoted;
                    continue;
                case State::kQuoted:
                    if (c == format_.escape && format_.escape != format_.quote) {
                        state_ = State::kEscaped;
                    } else if (c == format_.quote) {
                        state_ = State::kAfterQuote;
                    }
                    continue;
                case State::kAfterQuote:
                    if (c == format_.quote && format_.escape == format_.quote) {
                        state_ = State::kQuoted;
                        continue;
                    }
                    break;
                case State::kFieldStart:
                    if (c == format_.quote) {
                        state_ = State::kQuoted;
                        continue;
                    }
                    break;
                case State::kPlain:
                    break;
            }
            state_ = c == format_.delimiter || c == '\n' ? State::kFieldStart : State::kPlain;
            if (c == '\n') {
                ++at_;
                return true;
            }
        }
        return false;
    }

    /// The record [begin_, end) of the block, with its line break.
    Status end_record(Block& block, std::size_t end) {
        const std::size_t begin = begin_;
        const std::int64_t number = line() + line_in_block_;
        line_in_block_ += lines_;
        lines_ = 0;
        begin_ = end;
        std::string_view text(block.data() + begin, end - begin);
        if (text.ends_with('\n')) text.remove_suffix(1);
        if (text.ends_with('\r')) text.remove_suffix(1);
        if (format_.header && !header_) return read_header(text);
        if (!text.empty()) block.records.push_back({begin, begin + text.size(), number});
        return {};
    }

    Status read_header(std::string_view text) {
        if (trimmed(text).empty()) return {};
        CsvSplitter splitter(format_);
        const char* problem = splitter.split(text);
        if (problem == nullptr && !is_utf8(text)) problem = "bytes that are not UTF-8";
        const auto ends_line = [](const CsvField& field) {
            return !field.quoted && field.text.find('\r') != std::string_view::npos;
        };
        if (problem == nullptr && std::ranges::any_of(splitter.fields(), ends_line)) {
            problem = "lines end with a carriage return alone; write them with line feeds";
        }
        if (problem != nullptr) {
            return make_error(ErrorCode::kCorruptData, "{}: the header at byte {}: {}", name(),
                              offset(), problem);
        }
        auto names = std::make_shared<std::vector<std::string>>();
        for (const CsvField& field : splitter.fields()) {
            names->emplace_back(format_.trim_header ? trimmed(field.text) : field.text);
            if (names->back().empty()) names->back() = fmt::format("column{}", names->size());
        }
        header_ = std::move(names);
        return {};
    }

    CsvFormat format_;
    State state_ = State::kFieldStart;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
    std::int64_t lines_ = 0;          // Line breaks since begin_.
    std::int64_t line_in_block_ = 0;  // Lines between the block's beginning and begin_.
    std::shared_ptr<const std::vector<std::string>> header_;
};

}  // namespace

std::unique_ptr<Framer> make_csv_framer(std::unique_ptr<ByteStream> stream, std::string name,
                                        const CsvFormat& format) {
    return std::make_unique<CsvFramer>(std::move(stream), std::move(name), format);
}

}  // namespace ingot::format
