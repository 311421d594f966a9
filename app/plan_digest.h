// The name of a plan, and what of it stands in a status: the same desired objects and the same changes have the same
// name, whenever and by whomever it is made. Pure.
#pragma once

#include <string>

#include "app/roll_out_record.h"
#include "engine/change_plan.h"

namespace holdfast {

// 32 hexadecimal digits, over what is desired (`content`) and of each change the object, its uid, the verb and the
// fields. What is live beside these fields is no part of it, so that an autoscaler does not make it another plan.
std::string plan_hash(const ChangePlan& plan, const std::string& content);

// `plan` is that of one application.
WaitingPlan waiting_plan(const ChangePlan& plan, const RevisionContent& what, std::chrono::sys_seconds now);

}  // namespace holdfast
