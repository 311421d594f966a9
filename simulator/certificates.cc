#include "simulator/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <memory>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct CertificateFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Certificate = std::unique_ptr<X509, CertificateFree>;
using Memory = std::unique_ptr<BIO, BioFree>;

constexpr long kValidSeconds = 365L * 24 * 3600;
constexpr long kClockSkewSeconds = 3600;

std::string text_of(BIO* memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  return PEM_write_bio_X509(memory.get(), certificate) == 1 ? text_of(memory.get()) : std::string();
}

Secret pem_of(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  const bool done = PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
  return Secret(done ? text_of(memory.get()) : std::string());
}

bool add_name(X509_NAME* name, const char* field, const std::string& value) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

// One certificate of a subject, without extensions and signature.
Certificate new_certificate(EVP_PKEY* key, const std::string& organisation, const std::string& common_name) {
  Certificate certificate(X509_new());
  std::array<unsigned char, 8> serial{};
  if (certificate == nullptr || RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return nullptr;
  serial[0] &= 0x7fU;
  std::uint64_t number = 0;
  for (const unsigned char byte : serial) number = (number << 8) | byte;
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const bool done = X509_set_version(certificate.get(), 2) == 1 &&
                    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), number) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockSkewSeconds) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kValidSeconds) != nullptr &&
                    X509_set_pubkey(certificate.get(), key) == 1 &&
                    (organisation.empty() || add_name(name, "O", organisation)) && add_name(name, "CN", common_name);
  return done ? std::move(certificate) : nullptr;
}

struct Authority {
  Key key;
  Certificate certificate;
};

Authority new_authority() {
  Authority authority{Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), nullptr};
  if (authority.key == nullptr) return authority;
  Certificate made = new_certificate(authority.key.get(), "", "holdfast-simulator-ca");
  if (made == nullptr) return authority;
  const bool done = X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1 &&
                    add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                    add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash") &&
                    X509_sign(made.get(), authority.key.get(), EVP_sha256()) != 0;
  if (done) authority.certificate = std::move(made);
  return authority;
}

// Certificate and key; both empty where OpenSSL refuses.
std::pair<std::string, Secret> sign(const Authority& authority, const std::string& organisation,
                                    const std::string& common_name, const char* usage, const char* names) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (key == nullptr) return {};
  const Certificate made = new_certificate(key.get(), organisation, common_name);
  if (made == nullptr) return {};
  X509* issuer = authority.certificate.get();
  const bool done = X509_set_issuer_name(made.get(), X509_get_subject_name(issuer)) == 1 &&
                    add_extension(made.get(), issuer, NID_ext_key_usage, usage) &&
                    (names == nullptr || add_extension(made.get(), issuer, NID_subject_alt_name, names)) &&
                    add_extension(made.get(), issuer, NID_authority_key_identifier, "keyid") &&
                    X509_sign(made.get(), authority.key.get(), EVP_sha256()) != 0;
  if (!done) return {};
  return {pem_of(made.get()), pem_of(key.get())};
}

}  // namespace

Result<SimulatorCertificates> make_certificates() {
  const auto refused = [] { return fail(ErrorKind::Internal, "OpenSSL could not make the simulator's certificates"); };
  const Authority authority = new_authority();
  if (authority.certificate == nullptr) return refused();
  SimulatorCertificates made;
  made.ca_pem = pem_of(authority.certificate.get());
  std::tie(made.server_pem, made.server_key_pem) =
      sign(authority, "", "holdfast-simulator", "serverAuth", "IP:127.0.0.1,DNS:localhost");
  std::tie(made.client_pem, made.client_key_pem) =
      sign(authority, "system:masters", "simulator-admin", "clientAuth", nullptr);
  if (made.ca_pem.empty() || made.server_pem.empty() || made.client_pem.empty()) return refused();
  return made;
}

std::string kubeconfig_text(const SimulatorCertificates& certificates, unsigned port) {
  return fmt::format(R"(apiVersion: v1
kind: Config
current-context: simulator
clusters:
- name: simulator
  cluster:
    server: https://127.0.0.1:{}
    certificate-authority-data: {}
contexts:
- name: simulator
  context: {{cluster: simulator, user: simulator-admin, namespace: default}}
users:
- name: simulator-admin
  user:
    client-certificate-data: {}
    client-key-data: {}
)",
                     port, base64_encode(certificates.ca_pem), base64_encode(certificates.client_pem),
                     base64_encode(certificates.client_key_pem.reveal()));
}

}  // namespace holdfast
