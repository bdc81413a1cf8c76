// The keeper: stays with one command until it has ended, whatever becomes of the process that asked
// for it. Its order is its standard input. SIGTERM has it end the command and all that it started.
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <iterator>
#include <pthread.h>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>

#include "keeper/masked_log.hpp"
#include "keeper/record.hpp"
#include "keeper/values.hpp"

#include "base/crash_point.hpp"
#include "base/secret_mask.hpp"

namespace ingot::keeper {
namespace {

Result<std::string> read_input() {
    std::string bytes;
    std::string piece(1 << 16, '\0');
    ssize_t got = 0;
    while ((got = ::read(STDIN_FILENO, piece.data(), piece.size())) > 0) {
        bytes.append(piece, 0, static_cast<std::size_t>(got));
    }
    if (got < 0) return make_error(ErrorCode::kIo, "the order cannot be read");
    return bytes;
}

/// SIGTERM asks to stop. The signal stays blocked in all threads but is not inherited by commands.
class StopOnTerm {
public:
    StopOnTerm() {
        ::sigemptyset(&term_);
        ::sigaddset(&term_, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &term_, nullptr);
        std::thread([this] {
            int signal = 0;
            while (::sigwait(&term_, &signal) == 0) source_.request_stop();
        }).detach();  // As long as the process.
    }
    std::stop_token token() { return source_.get_token(); }

private:
    sigset_t term_{};
    std::stop_source source_;
};

Result<std::string> values_of(const Order& order) {
    INGOT_TRY_ASSIGN(const std::string values, read_values(order.values));
    return values.empty() ? Result<std::string>(values) : checked_values(values, "the command");
}

Result<End> carry_out(const Order& order, const std::stop_token& stop) {
    MaskedLog log(STDERR_FILENO);
    ProcessOptions process;
    process.arguments = order.arguments;
    if (order.program) process.program = fmt::format("/proc/self/fd/{}", *order.program);
    process.environment = order.environment;
    process.folder = order.folder;
    process.grace = order.grace;
    process.output = StreamTo{std::ref(log)};
    process.error_output = StreamTo{std::ref(log)};
    End end;
    INGOT_TRY_ASSIGN(end.exit, run_process(process, stop));
    INGOT_TRY(log.finish());
    INGOT_TRY(log.say(end.exit.to_string()));
    end.last = log.last();
    if (!end.exit.success()) return end;
    INGOT_TRY_ASSIGN(end.values, values_of(order));
    return end;
}

/// Sockets and files of the process that asked must not live on in here, nor the program in what
/// it is run as.
void close_what_is_not_ours(const Order& order) {
    ::closefrom(order.program ? kProgramDescriptor + 1 : STDERR_FILENO + 1);
    if (order.program) ::fcntl(*order.program, F_SETFD, FD_CLOEXEC);
}

/// Nobody else has the attempt from here on, and the command runs at most once.
Status keep() {
    INGOT_TRY_ASSIGN(const std::string bytes, read_input());
    INGOT_TRY_ASSIGN(const Order order, parse_order(bytes));
    close_what_is_not_ours(order);
    for (const std::string& secret : order.secrets) register_secret(secret);
    auto* const stop = new StopOnTerm();  // As long as the process: its thread uses it.
    Record record;
    INGOT_TRY_ASSIGN(record.keeper, ProcessIdentity::of_this_process());
    INGOT_TRY_ASSIGN(const bool ours, claim_record(order.record, record));
    if (!ours) return {};
    crash_point("keeper.claimed");
    ::unlink(order.values.c_str());
    record.end = carry_out(order, stop->token());
    ::unlink(order.values.c_str());
    crash_point("keeper.ended");
    return replace_record(order.record, record);
}

/// Its exit code. What goes wrong is said in the log of the command.
int run() {
    ::prctl(PR_SET_NAME, "ingot-keeper");
    try {
        const Status kept = keep();
        if (kept) return 0;
        std::fprintf(stderr, "error: %s\n", mask_secrets(kept.error().to_string()).c_str());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "error: unexpected: %s\n", mask_secrets(e.what()).c_str());
    }
    return 1;
}

}  // namespace
}  // namespace ingot::keeper

int main() {
    return ingot::keeper::run();
}
