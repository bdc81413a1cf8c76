#pragma once
// A mail server on 127.0.0.1 for tests, with or without TLS.
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/smtp_client.hpp"

namespace ingot::net {

struct TestMail {
    std::string from;
    std::vector<std::string> to;
    std::string source;
    std::string login;  ///< What followed `AUTH PLAIN`.
    bool encrypted = false;
};

class SmtpTestServer {
public:
    /// `reply` may answer a command otherwise than usual: `451 later`. Empty: as usual.
    using Reply = std::function<std::string(const std::string& command)>;
    explicit SmtpTestServer(MailServer::Security security, Reply reply = {});
    ~SmtpTestServer();

    /// How to reach it, its certificate among those to trust.
    MailServer address() const;
    std::vector<TestMail> mails() const;

private:
    class Connection;
    struct Tls;
    void serve(const std::stop_token& stop);
    void converse(int fd, const std::stop_token& stop);

    MailServer::Security security_;
    Reply reply_;
    int listener_ = -1;
    int port_ = 0;
    std::unique_ptr<Tls> tls_;
    mutable std::mutex mutex_;
    std::vector<TestMail> mails_;
    std::jthread thread_;
};

}  // namespace ingot::net
