#include "notify/sender.hpp"

#include <charconv>

#include "base/process.hpp"
#include "net/smtp_client.hpp"

namespace ingot::notify {

using project::Receiver;

namespace {

constexpr std::uint64_t kAnswerMax = 64 * 1024;
constexpr std::size_t kShownMax = 300;

/// What another attempt does not change.
bool is_for_good(ErrorCode code) {
    return code == ErrorCode::kInvalidArgument || code == ErrorCode::kNotFound ||
           code == ErrorCode::kUnsupported;
}

void hide(std::string& text, const std::string& what) {
    if (what.empty()) return;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 3)) {
        text.replace(at, what.size(), "***");
    }
}

std::optional<Duration> seconds_of(const net::HttpHeaders& headers) {
    const auto header = headers.find("retry-after");
    if (header == headers.end()) return std::nullopt;
    int seconds = 0;
    const std::string& text = header->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || seconds < 0) return std::nullopt;
    return std::chrono::seconds(seconds);
}

/// 408, 425, 429 and 5xx ask for patience; the rest that is not 2xx is about what was sent.
Sent sent_by(const net::HttpResponse& response) {
    const int status = response.status;
    if (status >= 200 && status < 300) {
        return {Sent::Kind::kDelivered, fmt::format("status {}", status)};
    }
    const bool patience = status == 408 || status == 425 || status == 429 || status >= 500;
    std::string line = response.body.substr(0, response.body.find_first_of("\r\n"));
    std::erase_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    std::string outcome = fmt::format("status {}", status);
    if (!line.empty()) outcome += ": " + line.substr(0, kShownMax);
    return {patience ? Sent::Kind::kTryAgain : Sent::Kind::kRefused, outcome,
            seconds_of(response.headers)};
}

Result<int> port_of(const std::string& text) {
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535) {
        return make_error(ErrorCode::kInvalidArgument, "'{}' is no port: write 1 to 65535", text);
    }
    return port;
}

Result<net::MailServer::Security> security_of(const std::string& text, int port) {
    using Security = net::MailServer::Security;
    constexpr int kTlsPort = 465;
    if (text.empty()) return port == kTlsPort ? Security::kTls : Security::kStartTls;
    if (text == "starttls") return Security::kStartTls;
    if (text == "tls") return Security::kTls;
    if (text == "none") return Security::kNone;
    return make_error(ErrorCode::kInvalidArgument,
                      "'{}' is no `security` of mail: write starttls, tls or none", text);
}

}  // namespace

Sender::Sender(project::ProjectPtr project, std::shared_ptr<project::SecretStore> secrets,
               net::HttpClient& http, Duration timeout)
    : project_(std::move(project)), secrets_(std::move(secrets)), http_(http), timeout_(timeout) {}

Sent Sender::send(const Delivery& delivery, std::stop_token stop) const {
    const auto receiver = project_->receivers.find(delivery.receiver);
    if (receiver == project_->receivers.end()) {
        return {Sent::Kind::kRefused, fmt::format("nobody is called '{}' in `notify:` of "
                                                  "project.yml any more",
                                                  delivery.receiver)};
    }
    Result<Sent> sent = send_to(receiver->second, delivery, stop);
    Sent outcome =
        sent ? *std::move(sent)
             : Sent{is_for_good(sent.error().code) ? Sent::Kind::kRefused : Sent::Kind::kTryAgain,
                    sent.error().to_string()};
    outcome.outcome = secrets_->mask(outcome.outcome);
    return outcome;
}

Result<Sent> Sender::send_to(const Receiver& receiver, const Delivery& delivery,
                             const std::stop_token& stop) const {
    switch (receiver.kind) {
        case Receiver::Kind::kWebhook:
        case Receiver::Kind::kSlack:
            return post(receiver, delivery, stop);
        case Receiver::Kind::kEmail:
            return mail(receiver, delivery, stop);
        case Receiver::Kind::kCommand:
            return run(receiver, delivery, stop);
    }
    return make_error(ErrorCode::kInternal, "a receiver of no kind");
}

Result<Sent> Sender::post(const Receiver& receiver, const Delivery& delivery,
                          const std::stop_token& stop) const {
    net::HttpRequest request;
    INGOT_TRY_ASSIGN(request.url, render(receiver.url));
    const bool slack = receiver.kind == Receiver::Kind::kSlack;
    request.method = "POST";
    request.body =
        slack ? slack_body(delivery.message) : webhook_body(delivery.message, delivery.id);
    request.headers = {{"Content-Type", "application/json"}, {"Ingot-Delivery", delivery.id}};
    for (const auto& [name, value] : receiver.headers) {
        INGOT_TRY_ASSIGN(std::string text, render(value));
        request.headers.emplace_back(name, std::move(text));
    }
    request.retry.attempts_max = 1;
    request.limits.attempt_timeout = timeout_;
    request.limits.bytes_max = kAnswerMax;
    Result<net::HttpResponse> response = http_.send(request, stop);
    Sent sent = response ? sent_by(*response) : Sent{};
    if (!response) {
        Error error = std::move(response).error();
        hide(error.message, request.url);
        const bool refused = is_for_good(error.code);
        sent = {refused ? Sent::Kind::kRefused : Sent::Kind::kTryAgain, error.to_string()};
    }
    // An address without its secrets still says where it leads to.
    const std::size_t path = request.url.find('/', request.url.find("://") + 3);
    if (path != std::string::npos && path + 1 < request.url.size()) {
        hide(sent.outcome, request.url.substr(path + 1, request.url.find('?', path) - path - 1));
    }
    return sent;
}

Result<Sent> Sender::mail(const Receiver& receiver, const Delivery& delivery,
                          const std::stop_token& stop) const {
    const auto connection = project_->connections.find(receiver.connection);
    if (connection == project_->connections.end()) {
        return make_error(ErrorCode::kNotFound, "there is no connection '{}'", receiver.connection);
    }
    const auto field = [&](const std::string& name) -> Result<std::string> {
        const auto found = connection->second.fields.find(name);
        if (found == connection->second.fields.end() || found->second.empty()) {
            return std::string();
        }
        return render(found->second[0]);
    };
    net::MailServer server;
    INGOT_TRY_ASSIGN(server.host, field("host"));
    INGOT_TRY_ASSIGN(const std::string port, field("port"));
    if (!port.empty()) {
        INGOT_TRY_ASSIGN(server.port, port_of(port));
    }
    INGOT_TRY_ASSIGN(const std::string security, field("security"));
    INGOT_TRY_ASSIGN(server.security, security_of(security, server.port));
    INGOT_TRY_ASSIGN(server.user, field("user"));
    INGOT_TRY_ASSIGN(server.password, field("password"));
    INGOT_TRY_ASSIGN(server.certificates, field("ca"));
    net::Mail mail;
    INGOT_TRY_ASSIGN(mail.from, field("from"));
    mail.to = receiver.addresses;
    mail.subject = delivery.message.title;
    mail.text = mail_body(delivery.message);
    mail.date = delivery.message.at;
    mail.id = delivery.id;
    INGOT_TRY(net::send_mail(server, mail, timeout_, stop));
    return Sent{Sent::Kind::kDelivered, "the mail server took it"};
}

Result<Sent> Sender::run(const Receiver& receiver, const Delivery& delivery,
                         const std::stop_token& stop) const {
    ProcessOptions options;
    for (const project::Template& argument : receiver.argv) {
        INGOT_TRY_ASSIGN(std::string text, render(argument));
        options.arguments.push_back(std::move(text));
    }
    options.folder = project_->root;
    options.timeout = timeout_;
    options.input = StreamBytes{webhook_body(delivery.message, delivery.id)};
    options.environment = {{"INGOT_EVENT", delivery.message.event},
                           {"INGOT_TITLE", delivery.message.title},
                           {"INGOT_DELIVERY", delivery.id}};
    StreamTail said(kShownMax);
    options.output = StreamNull{};
    options.error_output = StreamTo{std::ref(said)};
    INGOT_TRY_ASSIGN(const ExitStatus status, run_process(options, stop));
    if (status.success()) return Sent{Sent::Kind::kDelivered, "exit code 0"};
    std::string outcome = status.to_string();
    if (!said.text().empty()) outcome += ": " + said.text();
    return Sent{Sent::Kind::kTryAgain, outcome};
}

Result<std::string> Sender::render(const project::Template& text) const {
    project::TemplateContext context;
    context.params = &project_->params;
    context.secrets = secrets_.get();
    return text.render_text(context);
}

}  // namespace ingot::notify
