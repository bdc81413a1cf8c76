#pragma once
// An HTTP server on 127.0.0.1 for tests, which writes exactly the bytes that a test wants.
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace ingot::net {

struct TestRequest {
    std::string method;
    std::string target;                          ///< Path and query.
    std::map<std::string, std::string> headers;  ///< Names in lower case.
    std::string body;                            ///< Of a Content-Length.
    std::size_t number = 0;                      ///< Of the server's requests, from 0.

    std::string header(const std::string& name) const {
        const auto at = headers.find(name);
        return at == headers.end() ? "" : at->second;
    }
};

class TestConnection {
public:
    TestConnection(int fd, std::stop_token stop) : fd_(fd), stop_(std::move(stop)) {}
    void send(std::string_view bytes);
    /// A whole response with its Content-Length. `headers` end in CR LF each.
    void respond(int status, std::string_view headers, std::string_view body);
    /// Waits until the client goes away or the server ends.
    void stall();
    void close() { closed_ = true; }
    bool is_closed() const { return closed_; }

private:
    int fd_;
    std::stop_token stop_;
    bool closed_ = false;
};

class HttpTestServer {
public:
    using Handler = std::function<void(const TestRequest&, TestConnection&)>;

    /// `handler` is called once per request, from a thread per connection.
    explicit HttpTestServer(Handler handler);
    ~HttpTestServer();

    std::string url(std::string_view target = "/") const;
    std::vector<TestRequest> requests() const;
    std::size_t connections() const;

private:
    void accept_all(const std::stop_token& stop);
    void serve(int fd, const std::stop_token& stop);

    Handler handler_;
    int listener_ = -1;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<TestRequest> requests_;
    std::vector<std::jthread> connections_;
    std::jthread acceptor_;
};

}  // namespace ingot::net
