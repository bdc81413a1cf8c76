#include "net/smtp_client.hpp"

#include <algorithm>
#include <array>

#include "net/curl_transfer_internal.hpp"

namespace ingot::net {
namespace {

using MultiHandle = std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)>;
using EasyHandle = std::unique_ptr<CURL, void (*)(CURL*)>;

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t at) -> std::uint32_t {
            return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
        };
        const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        for (std::size_t digit = 0; digit < 4; ++digit) {
            const bool is_there = i + digit <= bytes.size();
            out += is_there ? kDigits[group >> (18 - 6 * digit) & 63] : '=';
        }
    }
    return out;
}

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// A header's value: nothing in it ends the header. What is not ASCII goes in pieces of words that
/// are cut between characters.
std::string header_value(std::string text) {
    std::replace_if(text.begin(), text.end(), [](char c) { return c >= 0 && c < 0x20; }, ' ');
    constexpr std::size_t kPlainMax = 900;
    if (is_plain(text) && text.size() <= kPlainMax) return text;
    constexpr std::size_t kBytesOfWord = 42;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(at + kBytesOfWord, text.size());
        while (end < text.size() && end > at + 1 && (text[end] & 0xC0) == 0x80) --end;
        out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") +
               base64(std::string_view(text).substr(at, end - at)) + "?=";
        at = end;
    }
    return out;
}

struct Address {
    std::string name;
    std::string mailbox;
    std::string header() const {
        if (name.empty()) return mailbox;
        std::string quoted;
        for (const char c : name)
            quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
        return (is_plain(name) ? "\"" + quoted + "\"" : header_value(name)) + " <" + mailbox + ">";
    }
};

std::string_view trimmed(std::string_view text) {
    const std::size_t first = std::min(text.find_first_not_of(" \""), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(" \"") + 1);
}

Result<Address> parse_address(std::string_view text) {
    Address address;
    std::string_view mailbox = text;
    if (const std::size_t open = text.find('<'); open != std::string_view::npos) {
        const std::size_t close = text.find('>', open);
        mailbox = text.substr(open + 1, close == std::string_view::npos ? 0 : close - open - 1);
        address.name = trimmed(text.substr(0, open));
    }
    address.mailbox = mailbox;
    const std::size_t at = mailbox.find('@');
    const bool is_mailbox = is_plain(mailbox) && at != std::string_view::npos && at > 0 &&
                            at + 1 < mailbox.size() &&
                            mailbox.find_first_of(" <>,;\"\\()", 0) == std::string_view::npos &&
                            mailbox.find('@', at + 1) == std::string_view::npos;
    if (!is_mailbox) {
        return make_error(ErrorCode::kInvalidArgument,
                          "'{}' is no mail address: write `a@b.example` or `Name <a@b.example>`",
                          text);
    }
    return address;
}

/// What libcurl reads the mail from.
struct Upload {
    std::string_view rest;
    static std::size_t read(char* to, std::size_t size, std::size_t count, void* user) noexcept {
        auto& upload = *static_cast<Upload*>(user);
        const std::size_t bytes = std::min(size * count, upload.rest.size());
        std::copy_n(upload.rest.data(), bytes, to);
        upload.rest.remove_prefix(bytes);
        return bytes;
    }
};

void set_options(CURL* easy, const MailServer& server, Duration timeout, Upload& upload,
                 char* error_text) {
    const bool tls = server.security == MailServer::Security::kTls;
    const std::string url =
        fmt::format("{}://{}:{}/ingot", tls ? "smtps" : "smtp", server.host, server.port);
    ::curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, std::max(curl_milliseconds(timeout), 1L));
    if (server.security != MailServer::Security::kNone) {
        ::curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    }
    if (!server.user.empty()) {
        ::curl_easy_setopt(easy, CURLOPT_USERNAME, server.user.c_str());
        ::curl_easy_setopt(easy, CURLOPT_PASSWORD, server.password.c_str());
    }
    const char* const trusted =
        server.certificates.empty() ? certificates_file() : server.certificates.c_str();
    if (trusted != nullptr) ::curl_easy_setopt(easy, CURLOPT_CAINFO, trusted);
    ::curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    ::curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Upload::read);
    ::curl_easy_setopt(easy, CURLOPT_READDATA, &upload);
}

Error failure(CURL* easy, CURLcode code, const std::array<char, CURL_ERROR_SIZE>& detail) {
    const std::string text = detail[0] != '\0' ? detail.data() : ::curl_easy_strerror(code);
    long reply = 0;
    ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply);
    if (code == CURLE_OPERATION_TIMEDOUT) return make_error(ErrorCode::kTimeout, "{}", text);
    if (code == CURLE_PEER_FAILED_VERIFICATION) {
        return make_error(ErrorCode::kIo,
                          "{} (`ca` of the connection names a file of certificates to trust)",
                          text);
    }
    if (code == CURLE_USE_SSL_FAILED) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} (`security` of the connection says whether mail goes over TLS)",
                          text);
    }
    if (code == CURLE_LOGIN_DENIED) {
        return make_error(ErrorCode::kInvalidArgument,
                          "{} (check `user` and `password` of the connection)", text);
    }
    const bool for_good = reply >= 500 && reply < 600;
    return make_error(for_good ? ErrorCode::kInvalidArgument : ErrorCode::kIo, "{}", text);
}

}  // namespace

Result<std::string> mail_source(const Mail& mail) {
    INGOT_TRY_ASSIGN(const Address from, parse_address(mail.from));
    std::string recipients;
    for (const std::string& one : mail.to) {
        INGOT_TRY_ASSIGN(const Address to, parse_address(one));
        recipients += (recipients.empty() ? "" : ",\r\n ") + to.header();
    }
    INGOT_TRY_ASSIGN(const std::string date, format_time(mail.date, "%a, %d %b %Y %H:%M:%S +0000"));
    const std::string domain = from.mailbox.substr(from.mailbox.find('@') + 1);
    std::string out = "From: " + from.header() + "\r\nTo: " + recipients +
                      "\r\nSubject: " + header_value(mail.subject) + "\r\nDate: " + date +
                      "\r\nMessage-ID: <" + header_value(mail.id) + "@" + domain +
                      ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: base64\r\n\r\n";
    const std::string body = base64(mail.text);
    constexpr std::size_t kLine = 76;
    for (std::size_t at = 0; at < body.size(); at += kLine) out += body.substr(at, kLine) + "\r\n";
    return out;
}

Status send_mail(const MailServer& server, const Mail& mail, Duration timeout,
                 std::stop_token stop) {
    if (server.security == MailServer::Security::kNone && !server.password.empty()) {
        return make_error(ErrorCode::kInvalidArgument,
                          "a password is not sent without TLS: use `security: starttls`");
    }
    if (mail.to.empty()) return make_error(ErrorCode::kInvalidArgument, "a mail to nobody");
    INGOT_TRY_ASSIGN(const std::string source, mail_source(mail));
    INGOT_TRY_ASSIGN(const Address from, parse_address(mail.from));
    std::vector<std::string> mailboxes;
    for (const std::string& one : mail.to) {
        INGOT_TRY_ASSIGN(const Address to, parse_address(one));
        mailboxes.push_back("<" + to.mailbox + ">");
    }

    initialise_curl();
    const MultiHandle multi(::curl_multi_init(), &::curl_multi_cleanup);
    const EasyHandle easy(::curl_easy_init(), &::curl_easy_cleanup);
    INGOT_CHECK(multi != nullptr && easy != nullptr, "libcurl gives no handle: out of memory");
    std::array<char, CURL_ERROR_SIZE> error_text{};
    Upload upload{source};
    set_options(easy.get(), server, timeout, upload, error_text.data());
    const CurlList recipients = curl_list(mailboxes);
    ::curl_easy_setopt(easy.get(), CURLOPT_MAIL_FROM, ("<" + from.mailbox + ">").c_str());
    ::curl_easy_setopt(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());

    const std::optional<CURLcode> outcome = run_transfer(multi.get(), easy.get(), stop);
    if (!outcome) return make_error(ErrorCode::kCancelled, "stopped");
    if (*outcome == CURLE_OK) return {};
    return failure(easy.get(), *outcome, error_text)
        .with(fmt::format("while handing a mail to {}:{}", server.host, server.port));
}

}  // namespace ingot::net
