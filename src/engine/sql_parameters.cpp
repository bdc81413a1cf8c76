#include <algorithm>

#include "engine/sql_parameters_internal.hpp"

namespace ingot::engine {
namespace {

bool starts_name(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           character == '_' || static_cast<unsigned char>(character) >= 0x80;
}

bool continues_name(char character) {
    return starts_name(character) || (character >= '0' && character <= '9');
}

class Rewriter {
public:
    explicit Rewriter(std::string_view sql) : sql_(sql) {}

    RewrittenSql run() {
        while (at_ < sql_.size()) {
            step();
        }
        return std::move(result_);
    }

private:
    void step() {
        const auto rest = sql_.substr(at_);
        if (rest.starts_with("--")) {
            copy_to(sql_.find('\n', at_));
        } else if (rest.starts_with("/*")) {
            copy_comment();
        } else if (rest.front() == '\'') {
            copy_quoted('\'', escapes_backslash());
        } else if (rest.front() == '"') {
            copy_quoted('"', false);
        } else if (rest.front() == '$') {
            dollar();
        } else if (continues_name(rest.front())) {
            // A dollar sign within a name belongs to the name.
            auto end = at_;
            while (end < sql_.size() && (continues_name(sql_[end]) || sql_[end] == '$')) {
                ++end;
            }
            copy_to(end);
        } else {
            copy_to(at_ + 1);
        }
    }

    void copy_to(std::size_t end) {
        end = std::min(end, sql_.size());
        result_.text.append(sql_.substr(at_, end - at_));
        at_ = end;
    }

    /// Comments nest, as in the engine's lexer.
    void copy_comment() {
        auto end = at_ + 2;
        for (int depth = 1; depth > 0 && end < sql_.size();) {
            if (sql_.substr(end).starts_with("/*")) {
                ++depth;
                end += 2;
            } else if (sql_.substr(end).starts_with("*/")) {
                --depth;
                end += 2;
            } else {
                ++end;
            }
        }
        copy_to(end);
    }

    /// E'...' takes backslashes; the name `e` has just been copied.
    bool escapes_backslash() const {
        if (at_ == 0 || (sql_[at_ - 1] != 'e' && sql_[at_ - 1] != 'E')) {
            return false;
        }
        return at_ == 1 || !continues_name(sql_[at_ - 2]);
    }

    void copy_quoted(char quote, bool with_backslash) {
        auto end = at_ + 1;
        while (end < sql_.size() && sql_[end] != quote) {
            end += with_backslash && sql_[end] == '\\' ? 2 : 1;
        }
        // A doubled quote begins the next quoted piece, which comes to the same.
        copy_to(end + 1);
    }

    void dollar() {
        auto end = at_ + 1;
        if (end < sql_.size() && starts_name(sql_[end])) {
            while (end < sql_.size() && continues_name(sql_[end])) {
                ++end;
            }
        }
        if (end < sql_.size() && sql_[end] == '$') {
            copy_dollar_quoted(sql_.substr(at_, end + 1 - at_));
            return;
        }
        if (end == at_ + 1) {
            copy_to(end);
            return;
        }
        copy_parameter(end);
    }

    void copy_dollar_quoted(std::string_view tag) {
        const auto close = sql_.find(tag, at_ + tag.size());
        copy_to(close == std::string_view::npos ? sql_.size() : close + tag.size());
    }

    void copy_parameter(std::size_t end) {
        const auto begin = at_ + 1;
        copy_to(end);
        while (end + 1 < sql_.size() && sql_[end] == '.' && starts_name(sql_[end + 1])) {
            result_.text += "__";
            result_.grown_at.push_back(result_.text.size());
            at_ = ++end;
            while (end < sql_.size() && continues_name(sql_[end])) {
                ++end;
            }
            copy_to(end);
        }
        auto name = std::string(sql_.substr(begin, end - begin));
        auto& known = result_.parameters;
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            known.push_back(std::move(name));
        }
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    RewrittenSql result_;
};

}  // namespace

std::size_t RewrittenSql::original_offset(std::size_t offset) const {
    const auto before = std::upper_bound(grown_at.begin(), grown_at.end(), offset);
    return offset - static_cast<std::size_t>(before - grown_at.begin());
}

RewrittenSql rewrite_parameters(std::string_view sql) {
    return Rewriter(sql).run();
}

sql::Position position_at(std::string_view sql, std::size_t offset) {
    const auto before = sql.substr(0, std::min(offset, sql.size()));
    sql::Position position;
    position.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    const auto line_start = before.rfind('\n');
    position.column =
        1 + static_cast<int>(line_start == std::string_view::npos ? before.size()
                                                                  : before.size() - line_start - 1);
    return position;
}

sql::Position original_position(std::string_view rewritten,
                                const std::vector<std::string>& parameters, std::size_t offset) {
    auto position = position_at(rewritten, offset);
    const auto line_start = rewritten.rfind('\n', offset == 0 ? 0 : offset - 1);
    const auto begin = line_start == std::string_view::npos ? 0 : line_start;
    const auto line = rewritten.substr(begin, std::min(offset, rewritten.size()) - begin);
    for (std::size_t at = line.find('$'); at != std::string_view::npos;
         at = line.find('$', at + 1)) {
        auto end = at + 1;
        while (end < line.size() && continues_name(line[end])) {
            ++end;
        }
        const auto name = line.substr(at + 1, end - at - 1);
        for (const auto& parameter : parameters) {
            const auto rewritten_name = rewrite_parameters("$" + parameter).text.substr(1);
            if (rewritten_name == name) {
                position.column -= static_cast<int>(rewritten_name.size() - parameter.size());
                break;
            }
        }
    }
    return position;
}

}  // namespace ingot::engine
