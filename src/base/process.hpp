#pragma once
// Child processes: started without a shell, in a process group of their own that ends with them.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot {

/// Where a stream of the child leads to.
struct StreamInherit {};
struct StreamNull {};
struct StreamFile {
    std::string path;  ///< Read as input; as output made or replaced.
    bool append = false;
};
/// Gives these bytes as input.
struct StreamBytes {
    std::string bytes;
};
/// Gives input as it is made. `produce` runs on a thread of its own and is asked for one piece
/// after the other (valid until the next call; empty: the end), as fast as the child takes them.
/// When the child has ended or closed its input, `stop` is requested and what `produce` returns no
/// longer counts. An error before that ends the child and becomes the error of the call.
struct StreamFrom {
    std::function<Result<std::string_view>(std::stop_token stop)> produce;
};
/// Hands output over as it comes, from the thread that called run_process. An error ends the child
/// and becomes the error of the call.
struct StreamTo {
    std::function<Status(std::string_view)> receive;
};

using InputStream = std::variant<StreamNull, StreamInherit, StreamFile, StreamBytes, StreamFrom>;
using OutputStream = std::variant<StreamInherit, StreamNull, StreamFile, StreamTo>;

struct ProcessOptions {
    /// The program, looked up in PATH unless it has a `/`, and its arguments. Not empty.
    std::vector<std::string> arguments;
    std::string program = {};  ///< Path of what is run in place of what the arguments name.
    /// Changes to the environment that is inherited; nothing removes a variable.
    std::map<std::string, std::optional<std::string>> environment = {};
    bool inherit_environment = true;
    std::string folder = {};  ///< Empty: this process' own.
    InputStream input = StreamNull{};
    OutputStream output = StreamInherit{};
    OutputStream error_output = StreamInherit{};
    Duration timeout = Duration(0);  ///< Zero: none.
    /// Between SIGTERM and SIGKILL.
    Duration grace = std::chrono::seconds(5);
};

struct ExitStatus {
    enum class Kind : std::uint8_t { kExited, kSignalled, kTimedOut, kCancelled };
    Kind kind = Kind::kExited;
    int code = 0;  ///< Exit code; or the signal, also of a child that had to be ended.

    bool success() const { return kind == Kind::kExited && code == 0; }
    /// `exit code 3`, `killed by signal 9 (Killed)`, `ended after its time limit`, `cancelled`.
    std::string to_string() const;
};

/// Runs a command to its end. What it left running in its process group is killed then. A timeout
/// or the stop token ends the whole group: SIGTERM, and SIGKILL after the grace. How it ended is a
/// value; errors: kNotFound (no such program or folder), kInvalidArgument, kIo (it cannot be
/// started, a stream's file cannot be opened), and that of a receiver.
Result<ExitStatus> run_process(const ProcessOptions& options, std::stop_token stop = {});

/// The last `bytes_max` bytes of a stream, for messages; use as `StreamTo{std::ref(tail)}`.
class StreamTail {
public:
    explicit StreamTail(std::size_t bytes_max = 4096) : bytes_max_(bytes_max) {}
    Status operator()(std::string_view bytes);
    const std::string& text() const { return text_; }

private:
    std::size_t bytes_max_;
    std::string text_;
};

}  // namespace ingot
