#include "app/operating_verbs.h"

#include <CLI/CLI.hpp>

#include "app/application_options.h"
#include "app/commands.h"
#include "app/output_options.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

// Which installation is meant; of `install` and `doctor`.
void add_installation_options(CLI::App& app, InstallOptions& options) {
  app.add_option("-n,--namespace", options.namespace_, "where the daemon is to run")
      ->check(label_problem)
      ->capture_default_str();
  app.add_option("--installation", options.installation, "id of this Holdfast among several in one cluster")
      ->check(label_problem)
      ->capture_default_str();
  CLI::Option* const only = app.add_option(
      "--namespace-only", options.only_namespace,
      "it runs there, with rights there alone; what only the whole cluster can show is not seen (docs/operations.md)");
  only->check(label_problem)->excludes(app.get_option("--namespace"));
  CLI::Option* const tenancy = app.add_flag("--tenancy", options.tenancy,
                                            "it acts for nobody but ServiceAccounts that are named (docs/tenancy.md)");
  app.add_option("--tenant", options.tenants, "NAMESPACE/NAME of one of these; may be repeated")->needs(tenancy);
}

CLI::App* add_install(CLI::App& app, InstallOptions& options) {
  options.image = "holdfast:" HOLDFAST_VERSION;
  CLI::App* install = app.add_subcommand("install", "print what a daemon in the cluster needs, for kubectl apply -f -");
  install->add_option("--image", options.image, "of the daemon")->capture_default_str();
  add_installation_options(*install, options);
  install->add_flag("--definitions-only", options.definitions_only,
                    "only the CustomResourceDefinitions; with --namespace-only the admission policies, too, for both "
                    "are the cluster's");
  install
      ->add_flag("--previews", options.previews,
                 "let ApplicationSets have namespaces made and deleted (docs/previews.md)")
      ->excludes("--namespace-only");
  return install;
}

CLI::App* add_doctor(CLI::App& app, DoctorOptions& options) {
  CLI::App* doctor = app.add_subcommand(
      "doctor", "see whether a daemon has what it needs; changes nothing; 0: it has, 1: something fails, 2: an error");
  doctor->add_option("--kubeconfig", options.cluster.kubeconfig,
                     "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, in-cluster)");
  doctor->add_option("--context", options.cluster.context, "context of the kubeconfig (default: its current-context)");
  add_installation_options(*doctor, options.install);
  doctor->add_option("--account", options.account,
                     "NAMESPACE/NAME of the ServiceAccount whose rights are looked at (default: one's own)");
  doctor->add_option("--receiver", options.receiver, "address of a `holdfast receiver`, to see whether it answers");
  doctor->add_option("--relay", options.relay, "address of a relay, likewise");
  add_table_or_json(*doctor, options.output);
  return doctor;
}

CLI::App* add_receiver(CLI::App& app, ReceiverOptions& options, LogOptions& log) {
  CLI::App* receiver = app.add_subcommand(
      "receiver", "receive pushes of forges and registries, and hand them on; needs no cluster and no Git");
  receiver->add_option("--config", options.config, "file of receivers (docs/receivers.md)");
  receiver->add_option("--listen", options.listen, "address and port (default: listen of the file, 127.0.0.1:8080)");
  CLI::Option* const setup = receiver->add_option(
      "--print-setup", options.print_setup, "print what to enter at a sender of this type, as in github, and end");
  receiver->add_option("--url", options.url, "public address of the receiver, for --print-setup")->needs(setup);
  add_log_options(*receiver, log);
  return receiver;
}

CLI::App* add_simulate(CLI::App& app, SimulateOptions& options, LogOptions& log) {
  CLI::App* simulate = app.add_subcommand("simulate", "serve an API server over an in-memory store, to try things on");
  simulate->add_option("--port", options.port, "port on 127.0.0.1 (default: one that is free)")
      ->check(CLI::Range(0U, 65'535U));
  simulate->add_option("--kubeconfig", options.kubeconfig, "file to write (default: standard output)");
  simulate->add_option("--seed", options.seed, "seed of everything that is left to chance")->capture_default_str();
  simulate->add_flag("--without-controllers", options.without_controllers,
                     "as a kube-apiserver alone: no workload becomes ready, no namespace is emptied");
  add_log_options(*simulate, log);
  return simulate;
}

CLI::App* add_demo(CLI::App& app, DemoOptions& options) {
  CLI::App* demo = app.add_subcommand("demo", "a simulated cluster, a sample repository and a story, in one process");
  demo->add_flag("--exit", options.exit, "end after the story: 0 if all of it happened");
  return demo;
}

}  // namespace

OperatingVerbs::OperatingVerbs(CLI::App& app, LogOptions& log)
    : install_(add_install(app, install_options_)),
      doctor_(add_doctor(app, doctor_options_)),
      receiver_(add_receiver(app, receiver_options_, log)),
      simulate_(add_simulate(app, simulate_options_, log)),
      demo_(add_demo(app, demo_options_)) {}

void OperatingVerbs::check() const {
  if (receiver_->parsed() && receiver_options_.config.empty() && receiver_options_.print_setup.empty())
    throw CLI::RequiredError("--config or --print-setup");
}

std::optional<int> OperatingVerbs::run() {
  for (InstallOptions* options : {&install_options_, &doctor_options_.install})
    if (!options->only_namespace.empty()) options->namespace_ = options->only_namespace;
  if (install_->parsed()) return install_command(install_options_);
  if (doctor_->parsed()) return doctor_command(doctor_options_);
  if (receiver_->parsed()) return receiver_command(receiver_options_);
  if (simulate_->parsed()) return simulate_command(simulate_options_);
  if (demo_->parsed()) return demo_command(demo_options_);
  return std::nullopt;
}

}  // namespace holdfast
