#include "notify/sender.hpp"

#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "net/http_test_server.hpp"
#include "net/smtp_test_server.hpp"

namespace ingot::notify {
namespace {

using project::Receiver;
using project::Template;
using ::testing::HasSubstr;
using ::testing::Not;

Template templ(const std::string& text) {
    return *Template::parse(text);
}

class SenderTest : public ::testing::Test {
protected:
    SenderTest() {
        project_.name = "shop";
        project_.root = ::testing::TempDir();
    }
    Sent send(Receiver receiver) {
        receiver.name = "oncall";
        project_.receivers["oncall"] = std::move(receiver);
        std::shared_ptr<project::SecretStore> secrets =
            *project::SecretStore::open({"env"}, project_.root);
        const Sender sender(std::make_shared<const project::Project>(project_), secrets, http_,
                            std::chrono::seconds(5));
        Delivery delivery{"0198",
                          "oncall",
                          {"run_failed",
                           "hourly failed",
                           "load: no file",
                           {{"run", "r1"}},
                           *parse_timestamp("2026-01-01T10")}};
        return sender.send(delivery);
    }
    static Receiver webhook(const std::string& url) {
        Receiver receiver;
        receiver.url = templ(url);
        return receiver;
    }

    project::Project project_;
    net::HttpClient http_;
};

TEST_F(SenderTest, AWebhookGetsJson) {
    net::HttpTestServer server([](const net::TestRequest&, net::TestConnection& connection) {
        connection.respond(204, "", "");
    });
    ::setenv("INGOT_TEST_KEY", "key-s3cret", 1);
    Receiver receiver = webhook(server.url("/hook"));
    receiver.headers = {{"X-Key", templ("$secret.INGOT_TEST_KEY")}};
    EXPECT_EQ(send(receiver).kind, Sent::Kind::kDelivered);
    const net::TestRequest got = server.requests().at(0);
    EXPECT_EQ(got.method, "POST");
    EXPECT_EQ(got.header("content-type"), "application/json");
    EXPECT_EQ(got.header("x-key"), "key-s3cret");
    EXPECT_EQ(got.header("ingot-delivery"), "0198");
    EXPECT_EQ(nlohmann::json::parse(got.body)["title"], "hourly failed");
}

TEST_F(SenderTest, SlackGetsText) {
    net::HttpTestServer server([](const net::TestRequest&, net::TestConnection& connection) {
        connection.respond(200, "", "ok");
    });
    Receiver receiver = webhook(server.url("/services/T0/B0/x"));
    receiver.kind = Receiver::Kind::kSlack;
    EXPECT_EQ(send(receiver).kind, Sent::Kind::kDelivered);
    EXPECT_EQ(server.requests().at(0).body, R"({"text":"*hourly failed*\nload: no file"})");
}

TEST_F(SenderTest, TheStatusTellsWhetherToTryAgain) {
    int status = 0;
    net::HttpTestServer server([&](const net::TestRequest&, net::TestConnection& connection) {
        connection.respond(status, "Retry-After: 90\r\n", "because\nof that");
    });
    const auto kind_of = [&](int code) {
        status = code;
        return send(webhook(server.url("/hook"))).kind;
    };
    for (const int again : {408, 425, 429, 500, 502, 503, 504}) {
        EXPECT_EQ(kind_of(again), Sent::Kind::kTryAgain) << again;
    }
    for (const int refused : {301, 400, 401, 403, 404, 410, 422}) {
        EXPECT_EQ(kind_of(refused), Sent::Kind::kRefused) << refused;
    }
    status = 503;
    const Sent sent = send(webhook(server.url("/hook")));
    EXPECT_EQ(sent.outcome, "status 503: because");
    EXPECT_EQ(sent.retry_after, std::chrono::seconds(90));
    EXPECT_EQ(send(webhook("http://127.0.0.1:1/hook")).kind, Sent::Kind::kTryAgain);
    EXPECT_EQ(send(webhook("ftp://127.0.0.1/hook")).kind, Sent::Kind::kRefused);
}

TEST_F(SenderTest, NoSecretIsInWhatItSays) {
    net::HttpTestServer server(
        [](const net::TestRequest& request, net::TestConnection& connection) {
            connection.respond(500, "", "no " + request.target + " here");
        });
    ::setenv("INGOT_TEST_HOOK", server.url("/services/T0SECRET/B0SECRET").c_str(), 1);
    EXPECT_THAT(send(webhook("$secret.INGOT_TEST_HOOK")).outcome, Not(HasSubstr("SECRET")));
    ::setenv("INGOT_TEST_HOOK", "http://127.0.0.1:1/services/T0SECRET?key=B0SECRET", 1);
    const Sent down = send(webhook("$secret.INGOT_TEST_HOOK"));
    EXPECT_EQ(down.kind, Sent::Kind::kTryAgain);
    EXPECT_THAT(down.outcome, Not(HasSubstr("SECRET")));
    const Sent unknown = send(webhook("$secret.INGOT_TEST_NONE"));
    EXPECT_EQ(unknown.kind, Sent::Kind::kRefused);
    EXPECT_THAT(unknown.outcome, HasSubstr("INGOT_TEST_NONE"));
}

TEST_F(SenderTest, MailGoesOverTheConnection) {
    net::SmtpTestServer server(net::MailServer::Security::kStartTls);
    ::setenv("INGOT_TEST_MAIL", "mail-s3cret", 1);
    project::Connection connection;
    connection.type = project::Connection::Type::kSmtp;
    connection.fields = {{"host", {templ("127.0.0.1")}},
                         {"port", {templ(std::to_string(server.address().port))}},
                         {"user", {templ("ingot")}},
                         {"password", {templ("$secret.INGOT_TEST_MAIL")}},
                         {"from", {templ("ingot@shop.example")}},
                         {"ca", {templ(server.address().certificates)}}};
    project_.connections["mail"] = connection;
    Receiver receiver;
    receiver.kind = Receiver::Kind::kEmail;
    receiver.addresses = {"a@shop.example"};
    receiver.connection = "mail";
    const Sent sent = send(receiver);
    EXPECT_EQ(sent.kind, Sent::Kind::kDelivered) << sent.outcome;
    EXPECT_TRUE(server.mails().at(0).encrypted);
    EXPECT_THAT(server.mails()[0].source, HasSubstr("Subject: hourly failed\n"));
    EXPECT_THAT(server.mails()[0].source, HasSubstr("Message-ID: <0198@shop.example>"));
    project_.connections["mail"].fields["security"] = {templ("sometimes")};
    EXPECT_EQ(send(receiver).kind, Sent::Kind::kRefused);
}

TEST_F(SenderTest, ACommandGetsTheMessage) {
    const std::string file = ::testing::TempDir() + "/ingot_notify_command.txt";
    Receiver receiver;
    receiver.kind = Receiver::Kind::kCommand;
    receiver.argv = {
        templ("sh"), templ("-c"),
        Template::literal("cat > '" + file + "'; echo $INGOT_EVENT >> '" + file + "'")};
    EXPECT_EQ(send(receiver).kind, Sent::Kind::kDelivered);
    std::ifstream in(file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_THAT(text, HasSubstr("\"delivery\":\"0198\""));
    EXPECT_THAT(text, HasSubstr("}run_failed\n"));
    receiver.argv = {templ("sh"), templ("-c"), Template::literal("echo broken >&2; exit 3")};
    const Sent failed = send(receiver);
    EXPECT_EQ(failed.kind, Sent::Kind::kTryAgain);
    EXPECT_THAT(failed.outcome, HasSubstr("exit code 3: broken"));
    receiver.argv = {templ("/nonexistent/program")};
    EXPECT_EQ(send(receiver).kind, Sent::Kind::kRefused);
}

TEST_F(SenderTest, AReceiverThatIsGoneIsRefused) {
    std::shared_ptr<project::SecretStore> secrets =
        *project::SecretStore::open({"env"}, project_.root);
    const Sender sender(std::make_shared<const project::Project>(project_), secrets, http_);
    EXPECT_EQ(sender.send({"1", "gone", {}}).kind, Sent::Kind::kRefused);
}

}  // namespace
}  // namespace ingot::notify
