#include "cli/password_input.hpp"

#include <cstdio>
#include <termios.h>
#include <unistd.h>

#include "base/log.hpp"

namespace ingot::cli {
namespace {

/// While it lives, the terminal shows nothing that is typed.
class Unseen {
public:
    Unseen() {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
    }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;
    ~Unseen() {
        if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    bool holds() const { return changed_; }

private:
    termios before_{};
    bool changed_ = false;
};

Result<std::string> read_line() {
    constexpr std::size_t kBytesMax = 4096;
    std::string line;
    for (;;) {
        char byte = 0;
        const ssize_t size = ::read(STDIN_FILENO, &byte, 1);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) {
            return make_error(ErrorCode::kIo, "the password cannot be read from stdin: {}",
                              std::generic_category().message(errno));
        }
        if (size == 0 || byte == '\n') break;
        line.push_back(byte);
        if (line.size() > kBytesMax)
            return make_error(ErrorCode::kInvalidArgument, "the password on stdin has no end");
    }
    if (line.ends_with('\r')) line.pop_back();
    register_secret(line);
    return line;
}

Result<std::string> ask(const char* question) {
    const Unseen unseen;
    if (!unseen.holds()) {
        return make_error(ErrorCode::kIo,
                          "this terminal would show the password: give it on stdin instead");
    }
    std::fputs(question, stderr);
    Result<std::string> line = read_line();
    std::fputs("\n", stderr);
    return line;
}

}  // namespace

Result<std::string> read_new_password() {
    if (::isatty(STDIN_FILENO) == 0) return read_line();
    INGOT_TRY_ASSIGN(std::string password, ask("password: "));
    INGOT_TRY_ASSIGN(const std::string again, ask("once more: "));
    if (password != again)
        return make_error(ErrorCode::kInvalidArgument, "the two passwords are not the same");
    return password;
}

}  // namespace ingot::cli
