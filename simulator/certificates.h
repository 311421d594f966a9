// A certificate authority that lives as long as one simulator, with a server's and a client's certificate.
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

struct SimulatorCertificates {
  std::string ca_pem;
  std::string server_pem, client_pem;
  Secret server_key_pem, client_key_pem;
};

// P-256, valid for a year, for 127.0.0.1 and localhost; the client is simulator-admin of system:masters. Errors:
// Internal, where OpenSSL refuses.
Result<SimulatorCertificates> make_certificates();

// A kubeconfig that has all of it in itself.
std::string kubeconfig_text(const SimulatorCertificates& certificates, unsigned port);

}  // namespace holdfast
