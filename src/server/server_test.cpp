#include "server/server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <thread>

#include "server/raw_client_for_test.hpp"

#include "base/uuid.hpp"

namespace ingot::server {
namespace {

namespace asio = boost::asio;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// A key and a certificate that it signed itself.
void write_certificate(const std::string& certificate_file, const std::string& key_file,
                       int serial = 1) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
    std::FILE* file = std::fopen(certificate_file.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key_file.c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

class ServerTest : public testing::Test {
protected:
    ServerTest() { std::filesystem::create_directories(folder); }
    ~ServerTest() override { std::filesystem::remove_all(folder); }
    ServerOptions options() const {
        return {.listen = {.port = 0}, .accounts = folder + "/accounts.db"};
    }
    std::unique_ptr<Server> started(ServerOptions chosen) {
        auto server = Server::start(std::move(chosen), events);
        EXPECT_TRUE(server) << server.error().to_string();
        return *std::move(server);
    }
    /// What a client that speaks TLS in one version gets; empty when they do not come together.
    static std::string over_tls(std::uint16_t port, int version, const std::string& request) {
        asio::io_context io;
        asio::ssl::context context(asio::ssl::context::tls_client);
        SSL_CTX_set_min_proto_version(context.native_handle(), version);
        SSL_CTX_set_max_proto_version(context.native_handle(), version);
        SSL_CTX_set_security_level(context.native_handle(), 0);
        asio::ssl::stream<asio::ip::tcp::socket> stream(io, context);
        boost::system::error_code failed;
        stream.next_layer().connect({asio::ip::address_v4::loopback(), port}, failed);
        if (!failed) stream.handshake(asio::ssl::stream_base::client, failed);
        if (!failed) asio::write(stream, asio::buffer(request), failed);
        std::string answer;
        if (!failed) asio::read(stream, asio::dynamic_buffer(answer), failed);
        return answer;
    }

    /// Of the certificate that a new connection gets; 0: none.
    static std::int64_t serial_shown(std::uint16_t port) {
        asio::io_context io;
        asio::ssl::context context(asio::ssl::context::tls_client);
        asio::ssl::stream<asio::ip::tcp::socket> stream(io, context);
        boost::system::error_code failed;
        stream.next_layer().connect({asio::ip::address_v4::loopback(), port}, failed);
        if (!failed) stream.handshake(asio::ssl::stream_base::client, failed);
        if (failed) return 0;
        X509* const certificate = SSL_get1_peer_certificate(stream.native_handle());
        const std::int64_t serial = ASN1_INTEGER_get(X509_get0_serialNumber(certificate));
        X509_free(certificate);
        return serial;
    }

    const std::string folder = testing::TempDir() + "server-" + uuid_v4();
    EventHub events;
};

constexpr const char* kMe =
    "GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

TEST_F(ServerTest, ListensOnThisMachineAloneUnlessToldOtherwise) {
    const auto server = started(options());
    EXPECT_EQ(server->address(), fmt::format("http://127.0.0.1:{}", server->port()));
    RawClient client(server->port());
    ASSERT_TRUE(client.send(kMe));
    EXPECT_THAT(client.read_all(), HasSubstr(R"({"user":"local","role":"admin","csrf":""})"));
}

TEST_F(ServerTest, OthersReachItOnlyWhenThereIsAnAccount) {
    ServerOptions open = options();
    open.listen.address = "0.0.0.0";
    const auto refused = Server::start(open, events);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("`ingot user add NAME --role admin`"));
    ASSERT_TRUE((*Accounts::open(open.accounts))->add("ada", "a long password", Role::kAdmin));
    const auto server = started(open);
    RawClient client(server->port());
    ASSERT_TRUE(client.send(kMe));
    EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 401 "));
    ASSERT_TRUE((*Accounts::open(open.accounts))->remove("ada"));
    RawClient later(server->port());
    ASSERT_TRUE(later.send(kMe));
    EXPECT_THAT(later.read_all(), StartsWith("HTTP/1.1 401 "));
}

TEST_F(ServerTest, SpeaksTlsOfOurTime) {
    ServerOptions secure = options();
    secure.listen.tls_certificate = folder + "/certificate.pem";
    secure.listen.tls_key = folder + "/key.pem";
    write_certificate(secure.listen.tls_certificate, secure.listen.tls_key);
    const auto server = started(secure);
    EXPECT_THAT(server->address(), StartsWith("https://"));
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        EXPECT_THAT(over_tls(server->port(), version, kMe), StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(over_tls(server->port(), TLS1_1_VERSION, kMe), "");
    RawClient plain(server->port());
    ASSERT_TRUE(plain.send(kMe));
    EXPECT_EQ(plain.read_all().find("HTTP/1.1 200"), std::string::npos);
    EXPECT_TRUE(plain.closed());
}

TEST_F(ServerTest, ARenewedCertificateIsUsedAndABadOneIsNot) {
    ServerOptions secure = options();
    secure.listen.tls_certificate = folder + "/certificate.pem";
    secure.listen.tls_key = folder + "/key.pem";
    secure.listen.look_at_certificate = std::chrono::milliseconds(20);
    write_certificate(secure.listen.tls_certificate, secure.listen.tls_key, 1);
    const auto server = started(secure);
    const auto metrics = [&] {
        return over_tls(server->port(), TLS1_3_VERSION,
                        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    };
    const auto comes = [](const std::function<bool()>& condition) {
        for (int i = 0; i < 500 && !condition(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return condition();
    };
    EXPECT_EQ(serial_shown(server->port()), 1);
    EXPECT_THAT(metrics(), HasSubstr("ingot_tls_certificate_problems 0\n"));
    // A key without its certificate: the old pair stays.
    write_certificate(folder + "/other.pem", secure.listen.tls_key, 2);
    EXPECT_TRUE(comes(
        [&] { return metrics().find("ingot_tls_certificate_problems 1\n") != std::string::npos; }));
    EXPECT_EQ(serial_shown(server->port()), 1);
    // The pair is whole again, put there as programs that renew do it.
    std::filesystem::rename(folder + "/other.pem", secure.listen.tls_certificate);
    EXPECT_TRUE(comes([&] { return serial_shown(server->port()) == 2; }));
    EXPECT_THAT(metrics(), HasSubstr("ingot_tls_certificate_problems 0\n"));
    std::ofstream(secure.listen.tls_certificate) << "no certificate";
    EXPECT_TRUE(comes(
        [&] { return metrics().find("ingot_tls_certificate_problems 1\n") != std::string::npos; }));
    EXPECT_EQ(serial_shown(server->port()), 2);
}

TEST_F(ServerTest, OneThatDrainsIsNotReadyAndEndsItsConnections) {
    const auto server = started(options());
    const auto ask = [](RawClient& client, const std::string& path) {
        EXPECT_TRUE(client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        return client.read_answer();
    };
    RawClient idle(server->port());
    EXPECT_THAT(ask(idle, "/readyz"),
                AllOf(StartsWith("HTTP/1.1 200 "), testing::Not(HasSubstr("Connection: close"))));
    server->drain();
    RawClient late(server->port());
    EXPECT_THAT(ask(late, "/readyz"),
                AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("the server is stopping"),
                      HasSubstr("Retry-After: 5\r\n"), HasSubstr("Connection: close")));
    EXPECT_EQ(late.read_all(), "");
    EXPECT_THAT(ask(idle, "/healthz"),
                AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("Connection: close")));
    EXPECT_EQ(idle.read_all(), "");
}

TEST_F(ServerTest, ACertificateThatCannotBeUsedIsNamed) {
    ServerOptions secure = options();
    secure.listen.tls_certificate = folder + "/certificate.pem";
    EXPECT_THAT(Server::start(secure, events).error().message, HasSubstr("go together"));
    secure.listen.tls_key = folder + "/key.pem";
    EXPECT_THAT(Server::start(secure, events).error().message, HasSubstr("/certificate.pem"));
    write_certificate(secure.listen.tls_certificate, secure.listen.tls_key);
    std::ofstream(secure.listen.tls_key) << "no key";
    EXPECT_THAT(Server::start(secure, events).error().message, HasSubstr("/key.pem"));
}

TEST_F(ServerTest, AnEventReachesItsListenersAtOnce) {
    const auto server = started(options());
    RawClient client(server->port());
    ASSERT_TRUE(client.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    client.read_until(": hello\n\n");
    events.publish("run", {{"run_id", "r1"}, {"state", "queued"}});
    EXPECT_THAT(client.read_until("\n\n"), HasSubstr(R"(data: {"run_id":"r1","state":"queued")"));
}

}  // namespace
}  // namespace ingot::server
