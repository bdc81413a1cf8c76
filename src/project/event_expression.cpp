// `bronze.a & (bronze.b | cron("0 6 * * *"))`
#include <algorithm>

#include "project/schedule.hpp"

namespace ingot::project {
namespace {

constexpr int kDepthMax = 32;

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) { out_.expression = std::string(text); }

    Result<EventSchedule> parse() {
        INGOT_TRY(either());
        blanks();
        if (at_ < text_.size()) return wrong();
        return std::move(out_);
    }

private:
    using Step = EventSchedule::Step;

    Status either() {
        INGOT_TRY(both());
        while (take('|')) {
            INGOT_TRY(both());
            out_.steps.push_back({Step::Kind::kEither, 0});
        }
        return {};
    }

    Status both() {
        INGOT_TRY(one());
        while (take('&')) {
            INGOT_TRY(one());
            out_.steps.push_back({Step::Kind::kBoth, 0});
        }
        return {};
    }

    Status one() {
        if (take('(')) {
            if (++depth_ > kDepthMax) return wrong();
            INGOT_TRY(either());
            --depth_;
            if (!take(')')) return wrong();
            return {};
        }
        const std::string_view word = next_word();
        if (word.empty()) return wrong();
        if (word == "cron" && take('(')) return cron();
        INGOT_TRY_ASSIGN(TableName table, TableName::parse(word));
        out_.steps.push_back({Step::Kind::kTable, place_of(out_.tables, std::move(table))});
        return {};
    }

    Status cron() {
        blanks();
        if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return wrong();
        const std::size_t begin = at_ + 1;
        const std::size_t end = text_.find(text_[at_], begin);
        if (end == std::string_view::npos) return wrong();
        INGOT_TRY_ASSIGN(Cron line, parse_cron(text_.substr(begin, end - begin)));
        at_ = end + 1;
        if (!take(')')) return wrong();
        out_.steps.push_back({Step::Kind::kCron, place_of(out_.crons, std::move(line))});
        return {};
    }

    template <class T>
    static std::size_t place_of(std::vector<T>& list, T value) {
        const auto found = std::find(list.begin(), list.end(), value);
        const auto place = static_cast<std::size_t>(found - list.begin());
        if (found == list.end()) list.push_back(std::move(value));
        return place;
    }

    std::string_view next_word() {
        blanks();
        const std::size_t begin = at_;
        at_ = std::min(text_.find_first_of(" &|()\"'", at_), text_.size());
        return text_.substr(begin, at_ - begin);
    }
    void blanks() { at_ = std::min(text_.find_first_not_of(' ', at_), text_.size()); }
    bool take(char c) {
        blanks();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    Error wrong() const {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is not understood at byte {}: write tables and cron(\"...\") with "
                          "& and |",
                          text_, at_ + 1);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int depth_ = 0;
    EventSchedule out_;
};

}  // namespace

Result<EventSchedule> parse_event_expression(std::string_view text) {
    return Parser(text).parse();
}

}  // namespace ingot::project
