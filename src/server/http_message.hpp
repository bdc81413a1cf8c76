#pragma once
// Requests and what comes back, without the library that carries them.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace ingot::server {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view method_name(Method method);
/// GET, HEAD and OPTIONS: they change nothing.
bool is_safe(Method method);

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    Method method = Method::kGet;
    std::string target;    ///< As it came: path and query, percent-encoded.
    Headers headers = {};  ///< Names in lower case.
    std::string body = {};
    std::string address = {};  ///< Of the client, without port.
    bool tls = false;
    /// Who connected over the server's own socket in the file system.
    std::optional<std::string> os_user = {};

    /// The first with this name (lower case), or empty.
    std::string_view header(std::string_view name) const;
    bool has_header(std::string_view name) const;
    /// Everything before the question mark, still percent-encoded.
    std::string_view path() const;
    std::string_view query() const;
    /// The value of a cookie, or empty.
    std::string_view cookie(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body = {};
    Headers headers = {};
};
/// `Not Found`
std::string_view reason_phrase(int status);

/// An answer that comes later; nobody's thread waits for it. `look` is called on a handler thread:
/// at first, whenever `topic` is woken, and once with `last` when the time is over or the server
/// stops. It has to answer then.
struct Wait {
    std::string topic;
    Duration at_most;
    std::function<std::optional<Response>(bool last)> look;
};

/// What a stream has to say at the moment.
struct Piece {
    std::string bytes = {};
    bool more = false;  ///< There is more at once.
    bool end = false;
};

/// An answer without an end of its own. `pull` is called again and again: at once while there is
/// more, then when `topic` is woken or `pause` is over.
struct Stream {
    std::string content_type = "text/event-stream";
    Headers headers = {};
    std::string topic;
    Duration pause = std::chrono::seconds(15);
    bool quick = false;  ///< `pull` touches memory only: it is called without changing the thread.
    std::function<Piece()> pull;
    /// Sent when nothing else was for 15 seconds.
    std::string heartbeat = ": still here\n\n";
};

using Reply = std::variant<Response, Wait, Stream>;

/// `%2F` and the like; nothing on a broken escape, a zero byte or bytes that are not UTF-8.
std::optional<std::string> percent_decode(std::string_view text);
bool is_utf8(std::string_view text);
/// Whether two texts are the same, in a time that does not depend on where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ingot::server
