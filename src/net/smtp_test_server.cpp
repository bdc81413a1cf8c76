#include "net/smtp_test_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.hpp"

namespace ingot::net {

/// A key, and a certificate for 127.0.0.1 that it signed itself, in a file.
struct SmtpTestServer::Tls {
    SSL_CTX* context = ::SSL_CTX_new(::TLS_server_method());
    std::string file;

    Tls() {
        EVP_PKEY* const key = ::EVP_EC_gen("P-256");
        X509* const certificate = ::X509_new();
        ::X509_set_version(certificate, 2);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -3600);
        ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
        ::X509_set_pubkey(certificate, key);
        X509_NAME* const name = ::X509_get_subject_name(certificate);
        const auto* const text = reinterpret_cast<const unsigned char*>("127.0.0.1");
        ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
        ::X509_set_issuer_name(certificate, name);
        X509_EXTENSION* const alternative =
            ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
        ::X509_add_ext(certificate, alternative, -1);
        INGOT_CHECK(::X509_sign(certificate, key, ::EVP_sha256()) > 0, "no certificate");
        ::SSL_CTX_use_certificate(context, certificate);
        ::SSL_CTX_use_PrivateKey(context, key);
        std::array<char, 64> path{"/tmp/ingot_smtp_XXXXXX"};
        const int fd = ::mkstemp(path.data());
        INGOT_CHECK(fd >= 0, "no temporary file");
        std::FILE* const out = ::fdopen(fd, "w");
        ::PEM_write_X509(out, certificate);
        std::fclose(out);
        file = path.data();
        ::X509_EXTENSION_free(alternative);
        ::X509_free(certificate);
        ::EVP_PKEY_free(key);
    }
    ~Tls() {
        ::unlink(file.c_str());
        ::SSL_CTX_free(context);
    }
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;
};

/// Lines over a socket, from some moment on through TLS.
class SmtpTestServer::Connection {
public:
    Connection(int fd, const std::stop_token& stop) : fd_(fd), stop_(stop) {}
    ~Connection() {
        ::SSL_free(ssl_);
        ::close(fd_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    bool start_tls(SSL_CTX* context) {
        ssl_ = ::SSL_new(context);
        ::SSL_set_fd(ssl_, fd_);
        return ::SSL_accept(ssl_) == 1;
    }
    bool encrypted() const { return ssl_ != nullptr; }
    void say(const std::string& line) {
        const std::string bytes = line + "\r\n";
        if (ssl_ != nullptr) {
            (void)::SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
        } else {
            (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        }
    }
    /// False: the other side is gone.
    bool read(std::string& line) {
        for (;;) {
            if (const std::size_t end = buffer_.find("\r\n"); end != std::string::npos) {
                line = buffer_.substr(0, end);
                buffer_.erase(0, end + 2);
                return true;
            }
            if (!read_more()) return false;
        }
    }

private:
    bool read_more() {
        while (ssl_ == nullptr || ::SSL_pending(ssl_) == 0) {
            pollfd entry{fd_, POLLIN, 0};
            if (::poll(&entry, 1, 10) > 0) break;
            if (stop_.stop_requested()) return false;
        }
        std::array<char, 4096> bytes;
        const auto size = static_cast<int>(bytes.size());
        const auto got = ssl_ != nullptr ? ::SSL_read(ssl_, bytes.data(), size)
                                         : ::recv(fd_, bytes.data(), bytes.size(), 0);
        if (got <= 0) return false;
        buffer_.append(bytes.data(), static_cast<std::size_t>(got));
        return true;
    }

    int fd_;
    const std::stop_token& stop_;
    SSL* ssl_ = nullptr;
    std::string buffer_;
};

SmtpTestServer::SmtpTestServer(MailServer::Security security, Reply reply)
    : security_(security), reply_(std::move(reply)) {
    if (security_ != MailServer::Security::kNone) tls_ = std::make_unique<Tls>();
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    INGOT_CHECK(::bind(listener_, generic, size) == 0 && ::listen(listener_, 16) == 0 &&
                    ::getsockname(listener_, generic, &size) == 0,
                "no port on 127.0.0.1");
    port_ = ::ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

SmtpTestServer::~SmtpTestServer() {
    thread_.request_stop();
    thread_.join();
    ::close(listener_);
}

MailServer SmtpTestServer::address() const {
    MailServer server{"127.0.0.1", port_, security_};
    if (tls_ != nullptr) server.certificates = tls_->file;
    return server;
}

std::vector<TestMail> SmtpTestServer::mails() const {
    const std::lock_guard lock(mutex_);
    return mails_;
}

void SmtpTestServer::serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        pollfd entry{listener_, POLLIN, 0};
        if (::poll(&entry, 1, 10) <= 0) continue;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) converse(fd, stop);
    }
}

void SmtpTestServer::converse(int fd, const std::stop_token& stop) {
    Connection connection(fd, stop);
    if (security_ == MailServer::Security::kTls && !connection.start_tls(tls_->context)) return;
    connection.say("220 test");
    TestMail mail;
    for (std::string line; connection.read(line);) {
        const std::string other = reply_ ? reply_(line) : "";
        if (!other.empty()) {
            connection.say(other);
        } else if (line.starts_with("EHLO")) {
            if (security_ == MailServer::Security::kStartTls && !connection.encrypted()) {
                connection.say("250-STARTTLS");
            }
            connection.say("250 AUTH PLAIN");
        } else if (line == "STARTTLS") {
            connection.say("220 go on");
            if (!connection.start_tls(tls_->context)) return;
        } else if (line == "AUTH PLAIN") {
            connection.say("334 ");
            if (!connection.read(mail.login)) return;
            connection.say("235 welcome");
        } else if (line.starts_with("MAIL FROM:")) {
            mail.from = line.substr(10);
            connection.say("250 fine");
        } else if (line.starts_with("RCPT TO:")) {
            mail.to.push_back(line.substr(8));
            connection.say("250 fine");
        } else if (line == "DATA") {
            connection.say("354 go on");
            for (std::string text; connection.read(text) && text != ".";) {
                mail.source += text + "\n";
            }
            mail.encrypted = connection.encrypted();
            {
                const std::lock_guard lock(mutex_);
                mails_.push_back(mail);
            }
            connection.say("250 taken");
        } else if (line == "QUIT") {
            connection.say("221 bye");
            return;
        } else {
            connection.say("250 fine");
        }
    }
}

}  // namespace ingot::net
