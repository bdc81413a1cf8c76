#pragma once
// A client that says exactly what a test wants, right or wrong.
#include <arpa/inet.h>
#include <chrono>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace ingot::server {

class RawClient {
public:
    explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ =
            ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;
    ~RawClient() { ::close(socket_); }

    bool connected() const { return connected_; }
    /// False: the other side has closed.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void end_sending() const { ::shutdown(socket_, SHUT_WR); }
    /// Few bytes on their way: a reader that is slow.
    void shrink_receive_buffer() const {
        const int bytes = 4096;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }

    /// Everything until the other side closes, or the time is over.
    std::string read_all(std::chrono::milliseconds patience = std::chrono::seconds(5)) {
        while (!closed_ && read_some(patience)) {
        }
        return std::exchange(read_, {});
    }
    /// Until `text` has come; everything up to its end.
    std::string read_until(std::string_view text,
                           std::chrono::milliseconds patience = std::chrono::seconds(5)) {
        while (read_.find(text) == std::string::npos && !closed_ && read_some(patience)) {
        }
        const auto found = read_.find(text);
        const std::size_t end = found == std::string::npos ? read_.size() : found + text.size();
        std::string result = read_.substr(0, end);
        read_.erase(0, end);
        return result;
    }
    /// A whole answer: headers and the body that Content-Length announces.
    std::string read_answer() {
        std::string answer = read_until("\r\n\r\n");
        const auto at = answer.find("Content-Length: ");
        if (at == std::string::npos) return answer;
        const std::size_t size = std::stoul(answer.substr(at + 16));
        while (read_.size() < size && !closed_ && read_some(std::chrono::seconds(5))) {
        }
        answer += read_.substr(0, size);
        read_.erase(0, std::min(size, read_.size()));
        return answer;
    }
    bool closed() const { return closed_; }

private:
    bool read_some(std::chrono::milliseconds patience) {
        pollfd ready{socket_, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return false;
        char bytes[65536];
        const ssize_t size = ::recv(socket_, bytes, sizeof(bytes), 0);
        if (size <= 0) {
            closed_ = true;
            return false;
        }
        read_.append(bytes, static_cast<std::size_t>(size));
        return true;
    }

    int socket_;
    bool connected_ = false;
    bool closed_ = false;
    std::string read_;
};

}  // namespace ingot::server
