// The verbs; each is in the file of its name (diff in plan_command.cc), and returns the process' exit code.
#pragma once

#include "app/options.h"

namespace holdfast {

int run_command(const RunOptions& options);
int diff_command(const RunOptions& options, const PlanOptions& plan);
int plan_command(const RunOptions& options, const PlanOptions& plan);
int apply_command(const RunOptions& options, const std::string& plan_file);  // of a saved plan
int render_command(const RunOptions& options);
int demo_command(const DemoOptions& options);
int doctor_command(const DoctorOptions& options);
int approve_command(const ApproveOptions& options);
int history_command(const HistoryOptions& options);
int rollback_command(const RollbackOptions& options);
int get_command(const GetOptions& options);
int install_command(const InstallOptions& options);
int try_command(const TryOptions& options);
int drop_command(const OverrideOptions& options);
int keep_command(const OverrideOptions& options);
int health_command(const HealthOptions& options);
int previews_command(const PreviewsOptions& options);
int receiver_command(const ReceiverOptions& options);
int simulate_command(const SimulateOptions& options);
int wait_command(const WaitOptions& options);
int why_command(const WhyOptions& options);

}  // namespace holdfast
