#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ingot::net {

struct RetryPolicy {
    int attempts_max = 5;
    Duration delay_first = std::chrono::milliseconds(500);
    Duration delay_max = std::chrono::seconds(30);
    /// A server that asks for more patience than this is not waited for.
    Duration retry_after_max = std::chrono::minutes(10);
    /// All attempts and waits together; zero: no limit.
    Duration total_timeout = Duration(0);
};

struct HttpLimits {
    Duration connect_timeout = std::chrono::seconds(15);
    /// One attempt from start to end; zero: no limit.
    Duration attempt_timeout = Duration(0);
    /// An attempt that gets fewer bytes per second for that long is given up. Whole seconds.
    std::uint64_t low_speed_bytes_per_second = 128;
    Duration low_speed_time = std::chrono::seconds(30);
    int redirects_max = 10;
    std::uint64_t bytes_max = UINT64_MAX;
};

struct HttpRequest {
    std::string url;  ///< http or https
    /// `send` only: the others are a GET without a body.
    std::string method = "GET";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// Added to the URL's query, and shown nowhere.
    std::vector<std::pair<std::string, std::string>> secret_query = {};
    /// A socket in the file system: the server is there, whatever host the URL names.
    std::string unix_socket = {};
    RetryPolicy retry = {};
    HttpLimits limits = {};
};

/// What identifies a version of a resource; empty where the server gave none.
struct Validators {
    std::string etag;
    std::string last_modified;
    friend bool operator==(const Validators&, const Validators&) = default;
};

/// Names in lower case. Of a header that comes twice, both values joined by `, `.
using HttpHeaders = std::map<std::string, std::string, std::less<>>;

struct DownloadRequest {
    HttpRequest request;
    std::string file;
    /// The version that the caller has: unchanged is then the outcome NotModified.
    Validators known = {};
    std::string sha256_expected = {};  ///< Hexadecimal digits; empty: any.
    /// What a failed download got stays in `file` + ".part", and the next one, also of another
    /// process, goes on from there if the resource is still the same.
    bool keep_part = false;
};

struct Downloaded {
    std::uint64_t bytes = 0;
    std::string sha256;
    Validators validators;
    std::string content_type;
    int attempts = 1;
};
struct NotModified {};
/// 404 or 410.
struct NotFound {
    int status = 404;
};
using DownloadOutcome = std::variant<Downloaded, NotModified, NotFound>;

struct HttpResponse {
    int status = 0;
    HttpHeaders headers;
    std::string body;
};

/// Whether the request of a failed exchange cannot have reached the server: no connection came
/// about. Then anything may be sent again.
bool was_not_sent(const Error& error);

/// Thread-safe; connections are kept for the next call. Errors: kTimeout, kCancelled, kCorruptData
/// (checksum), kInvalidArgument (URL), kIo (everything else, after the retries).
class HttpClient {
public:
    using Random = std::function<std::uint64_t()>;

    explicit HttpClient(Clock& clock = system_clock());
    /// `random` must be thread-safe.
    HttpClient(Clock& clock, Random random);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// Streams the resource into `file`, replacing it; while it runs the bytes are in
    /// `file` + ".part" and `file` + ".part.version". Any other outcome, and every error, leaves
    /// `file` as it was. Not durable: it may be downloaded again. Two downloads must not have one
    /// target.
    Result<DownloadOutcome> download(const DownloadRequest& request, std::stop_token stop = {});

    /// A small body in memory. Every status but a redirect is a value, except that one which asks
    /// for patience (429, 5xx) is an error once the retries are spent.
    Result<HttpResponse> get(const HttpRequest& request, std::stop_token stop = {});

    /// One attempt with the request's method and body, and no redirect: whether it may be made
    /// again is for the caller to know. Every status is a value. An error may have come after the
    /// server had done what it was asked for.
    Result<HttpResponse> send(const HttpRequest& request, std::stop_token stop = {});

private:
    class SessionPool;
    Clock& clock_;
    Random random_;
    std::unique_ptr<SessionPool> sessions_;
};

}  // namespace ingot::net
