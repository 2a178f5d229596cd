//! What a project or user may say, beyond the form of its fields.

use crate::faults::Faults;
use crate::policies::check_own;
use baton_model::bounds::{self, Maximum};
use baton_model::entity::{KeyTemplate, OwnShare, ProjectMember, Role};
use baton_model::{Project, User};
use ipnet::IpNet;
use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

/// The largest charge factor, in millionths.
const LARGEST_FACTOR: u64 = 10_000_000;
/// What a factor is counted in, in millionths: four decimal places, as the ledger keeps them.
const FACTOR_STEP: u64 = 100;
/// The longest time in which a key of a template expires.
const LONGEST_KEY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Notes every field of a project that is wrong.
pub fn check_project(project: &Project, faults: &mut Faults) {
    check_own("", project.budget.as_ref(), project.limits.as_ref(), faults);
    for (field, share) in [("each_user", &project.each_user), ("each_key", &project.each_key)] {
        if let Some(OwnShare { budget, limits }) = share {
            check_own(&format!("{field}."), budget.as_ref(), limits.as_ref(), faults);
        }
    }
    if project.members.len() > bounds::MEMBERS {
        faults.add("members", format!("must have at most {} entries, got {}", bounds::MEMBERS, project.members.len()));
    }
    let mut users = HashSet::new();
    for member in &project.members {
        check_member(member, faults);
        if !users.insert(&member.user_id) {
            faults.add("members", format!("must name each user once, got `{}` again", member.user_id));
        }
    }
    let models = project.models.as_ref().map(|models| models.iter().map(|model| model.as_str()).collect());
    let providers = project.providers.as_ref().map(|names| names.iter().map(|name| name.as_str()).collect());
    check_names("models", models, faults);
    check_names("providers", providers, faults);
    if let Some(template) = &project.key_template {
        check_template(template, faults);
    }
    if let Some(factor) = project.charge_factor.map(|factor| factor.in_millionths())
        && (factor > LARGEST_FACTOR || factor % FACTOR_STEP != 0)
    {
        faults.add("charge_factor", "must be from 0 to 10, with at most four decimal places");
    }
}

/// Notes what is wrong with a member.
pub fn check_member(member: &ProjectMember, faults: &mut Faults) {
    check_user_id("members.user_id", &member.user_id, faults);
    if member.role == Role::Admin {
        faults.add("members.role", "must be operator, viewer or caller: an admin is one of all projects");
    }
}

/// Notes every field of a user that is wrong.
pub fn check_user(user: &User, faults: &mut Faults) {
    check_user_id("id", &user.id, faults);
    check_own("", user.budget.as_ref(), user.limits.as_ref(), faults);
}

fn check_user_id(field: &str, id: &str, faults: &mut Faults) {
    if id.trim().is_empty() || id.trim() != id || id.chars().any(char::is_control) {
        faults.add(field, "must be a name without control characters, and without spaces around it");
    } else if let Err(problem) = Maximum::Bytes(bounds::ID).check(id) {
        faults.add(field, problem);
    }
}

/// A list that bounds what may be used; null bounds nothing.
fn check_names(field: &str, names: Option<Vec<&str>>, faults: &mut Faults) {
    match names.as_deref() {
        Some([]) => faults.add(field, "must not be empty, because nothing could be used; leave it out for all"),
        Some(names) if names.iter().any(|name| name.is_empty()) => faults.add(field, "must not hold an empty name"),
        _ => {}
    }
}

fn check_template(template: &KeyTemplate, faults: &mut Faults) {
    check_own("key_template.", template.budget.as_ref(), template.limits.as_ref(), faults);
    let models = template.models.as_ref().map(|models| models.iter().map(|model| model.as_str()).collect());
    check_names("key_template.models", models, faults);
    let is_network = |text: &String| text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok();
    match template.addresses.as_deref() {
        Some([]) => faults.add("key_template.addresses", "must not be empty; leave it out for any"),
        Some(networks) if !networks.iter().all(is_network) => {
            faults.add("key_template.addresses", "must be networks such as 10.0.0.0/8, or addresses");
        }
        _ => {}
    }
    if template.expires_in.is_some_and(|time| time.is_zero() || time > LONGEST_KEY) {
        faults.add("key_template.expires_in", "must be more than nothing and at most ten years, such as 90d");
    }
}
