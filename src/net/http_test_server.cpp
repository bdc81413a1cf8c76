#include "net/http_test_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <fmt/core.h>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.hpp"

namespace ingot::net {

namespace {

constexpr int kPollMilliseconds = 10;

bool readable(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, kPollMilliseconds) > 0;
}

/// More bytes into `buffer`; false at the end.
bool receive(int fd, std::string& buffer, const std::stop_token& stop) {
    while (!readable(fd)) {
        if (stop.stop_requested()) return false;
    }
    std::array<char, 4096> bytes;
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    buffer.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
}

TestRequest parse(std::string_view head) {
    TestRequest request;
    const std::size_t first = head.find(' ') + 1;
    request.method = head.substr(0, head.find(' '));
    request.target = head.substr(first, head.find(' ', first) - first);
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
        const std::size_t begin = at + 2;
        at = head.find("\r\n", begin);
        const std::string_view line = head.substr(begin, at - begin);
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) continue;
        std::string name(line.substr(0, colon));
        std::transform(name.begin(), name.end(), name.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        request.headers[name] = line.substr(colon + 2);
    }
    return request;
}

}  // namespace

void TestConnection::send(std::string_view bytes) {
    while (!bytes.empty() && !closed_) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            closed_ = true;
            return;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void TestConnection::respond(int status, std::string_view headers, std::string_view body) {
    send(fmt::format("HTTP/1.1 {} Some Reason\r\n{}Content-Length: {}\r\n\r\n", status, headers,
                     body.size()));
    send(body);
}

void TestConnection::stall() {
    std::string ignored;
    while (receive(fd_, ignored, stop_)) {
    }
    closed_ = true;
}

HttpTestServer::HttpTestServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    INGOT_CHECK(::bind(listener_, generic, size) == 0 && ::listen(listener_, 64) == 0 &&
                    ::getsockname(listener_, generic, &size) == 0,
                "no port on 127.0.0.1");
    port_ = ::ntohs(address.sin_port);
    acceptor_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

HttpTestServer::~HttpTestServer() {
    acceptor_.request_stop();
    acceptor_.join();
    connections_.clear();
    ::close(listener_);
}

std::string HttpTestServer::url(std::string_view target) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, target);
}

std::vector<TestRequest> HttpTestServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::size_t HttpTestServer::connections() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
}

void HttpTestServer::accept_all(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (!readable(listener_)) continue;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        const std::lock_guard lock(mutex_);
        connections_.emplace_back([this, fd](const std::stop_token& own) { serve(fd, own); });
    }
}

void HttpTestServer::serve(int fd, const std::stop_token& stop) {
    TestConnection connection(fd, stop);
    std::string buffer;
    while (!connection.is_closed()) {
        const std::size_t end = buffer.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (!receive(fd, buffer, stop)) break;
            continue;
        }
        TestRequest request = parse(std::string_view(buffer).substr(0, end));
        buffer.erase(0, end + 4);
        const std::string length = request.header("content-length");
        const std::size_t body_size = length.empty() ? 0 : std::stoull(length);
        while (buffer.size() < body_size && receive(fd, buffer, stop)) {
        }
        request.body = buffer.substr(0, body_size);
        buffer.erase(0, body_size);
        {
            const std::lock_guard lock(mutex_);
            request.number = requests_.size();
            requests_.push_back(request);
        }
        handler_(request, connection);
    }
    ::close(fd);
}

}  // namespace ingot::net
