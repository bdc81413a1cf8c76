#include "postgres/sql_text.hpp"

#include <algorithm>
#include <cctype>

namespace ingot::postgres {
namespace {

bool starts_name(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
           (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool in_name(char c) {
    return starts_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// Goes through a text once.
class Splitter {
public:
    Splitter(std::string_view text,
             const std::function<Result<std::string>(const std::string&)>& type_of)
        : text_(text), type_of_(type_of) {}

    Result<std::vector<Statement>> run() {
        while (at_ < text_.size()) {
            INGOT_TRY(step());
        }
        finish();
        return std::move(statements_);
    }

private:
    Status step() {
        const char c = text_[at_];
        const std::string_view rest = text_.substr(at_);
        if (c == ';') {
            ++at_;
            finish();
            return {};
        }
        if (rest.starts_with("--")) return take(std::min(rest.find('\n'), rest.size()));
        if (rest.starts_with("/*")) return comment(rest);
        if (c == '\'') return quoted(rest, '\'', after_escape_mark());
        if (c == '"') return quoted(rest, '"', false);
        if (c == '$') return dollar(rest);
        if (in_name(c)) {
            std::size_t end = 0;
            while (end < rest.size() && (in_name(rest[end]) || rest[end] == '$')) ++end;
            begin();
            return take(end);
        }
        if (std::isspace(static_cast<unsigned char>(c)) == 0) begin();
        return take(1);
    }

    /// Comments nest.
    Status comment(std::string_view rest) {
        int depth = 0;
        for (std::size_t i = 0; i + 1 < rest.size();) {
            const std::string_view two = rest.substr(i, 2);
            if (two != "/*" && two != "*/") {
                ++i;
                continue;
            }
            depth += two == "/*" ? 1 : -1;
            i += 2;
            if (depth == 0) return take(i);
        }
        return not_closed("comment");
    }

    Status quoted(std::string_view rest, char quote, bool escapes) {
        begin();
        for (std::size_t i = 1; i < rest.size(); ++i) {
            if (escapes && rest[i] == '\\') {
                ++i;
            } else if (rest[i] == quote) {
                if (i + 1 < rest.size() && rest[i + 1] == quote) {
                    ++i;
                } else {
                    return take(i + 1);
                }
            }
        }
        return not_closed(quote == '"' ? "quoted name" : "string");
    }

    /// `$$...$$`, `$tag$...$tag$`, `$window.start`
    Status dollar(std::string_view rest) {
        begin();
        std::size_t end = 1;
        while (end < rest.size() && in_name(rest[end])) ++end;
        if (end < rest.size() && rest[end] == '$') {
            const std::string_view tag = rest.substr(0, end + 1);
            const std::size_t close = rest.find(tag, tag.size());
            if (close == std::string_view::npos) return not_closed("dollar quote");
            return take(close + tag.size());
        }
        if (end < rest.size() && rest[end] == '.') {
            ++end;
            while (end < rest.size() && in_name(rest[end])) ++end;
        }
        const std::string name(rest.substr(1, end - 1));
        if (name.empty() || !starts_name(name.front())) {
            return make_error(ErrorCode::kInvalidArgument,
                              "line {}: ${} is no parameter: write $window.start, $params.x",
                              line(), name);
        }
        return parameter(name, end);
    }

    Status parameter(const std::string& name, std::size_t bytes) {
        auto type = type_of_(name);
        if (!type) return std::move(type).error().with(fmt::format("in line {}", line()));
        const auto known = std::find(current_.parameters.begin(), current_.parameters.end(), name);
        const auto number = known - current_.parameters.begin() + 1;
        if (known == current_.parameters.end()) current_.parameters.push_back(name);
        current_.sql += fmt::format("(${}::{})", number, *type);
        at_ += bytes;
        return {};
    }

    /// `E'it\'s'`
    bool after_escape_mark() const {
        if (at_ == 0 || (text_[at_ - 1] != 'E' && text_[at_ - 1] != 'e')) return false;
        return at_ == 1 || !in_name(text_[at_ - 2]);
    }

    Status take(std::size_t bytes) {
        if (started_) current_.sql += text_.substr(at_, bytes);
        at_ += bytes;
        return {};
    }

    /// What stands before the first word of a statement is no part of it.
    void begin() {
        if (started_) return;
        started_ = true;
        current_.line = line();
    }

    void finish() {
        if (started_) statements_.push_back(std::move(current_));
        current_ = {};
        started_ = false;
    }

    Status not_closed(std::string_view what) const {
        return make_error(ErrorCode::kInvalidArgument, "line {}: this {} is not closed", line(),
                          what);
    }

    int line() const {
        const std::string_view before = text_.substr(0, at_);
        return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    }

    std::string_view text_;
    const std::function<Result<std::string>(const std::string&)>& type_of_;
    std::size_t at_ = 0;
    bool started_ = false;
    Statement current_;
    std::vector<Statement> statements_;
};

std::string quote(std::string_view text, char mark) {
    std::string quoted(1, mark);
    for (const char c : text) {
        if (c == mark) quoted += mark;
        quoted += c;
    }
    return quoted + mark;
}

}  // namespace

std::string quote_name(std::string_view name) {
    return quote(name, '"');
}

std::string quote_text(std::string_view text) {
    // The E form reads a backslash the same way whatever standard_conforming_strings says.
    if (text.find('\\') == std::string_view::npos) return quote(text, '\'');
    std::string escaped;
    for (const char c : text) {
        if (c == '\\') escaped += '\\';
        escaped += c;
    }
    return "E" + quote(escaped, '\'');
}

std::string name_list(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + quote_name(name);
    return list;
}

Result<std::vector<Statement>> split_statements(
    std::string_view text, const std::function<Result<std::string>(const std::string&)>& type_of) {
    return Splitter(text, type_of).run();
}

}  // namespace ingot::postgres
