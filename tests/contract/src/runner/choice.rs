//! Which rules a run has, and which of them cannot be held against its server.

use super::{Options, RunError};
use crate::context::{Shared, offers};
use crate::report::Skip;
use crate::rule::{Need, Rule};
use mortise_proto::pb;
use mortise_proto::rpc::short_service_name;
use mortise_proto::rpc::table::{adapter_service, test_seed_service};

/// The rules that were asked for.
pub(super) fn choose<'a>(rules: &'a [Rule], options: &Options) -> Result<Vec<&'a Rule>, RunError> {
    for pattern in &options.only {
        if !rules.iter().any(|rule| rule.fits(pattern)) {
            return Err(RunError::NoSuchRule(pattern.clone()));
        }
    }
    let asked = |rule: &&Rule| {
        options.only.is_empty() || options.only.iter().any(|pattern| rule.fits(pattern))
    };
    Ok(rules.iter().filter(asked).collect())
}

/// Why a rule is not run.
pub(super) fn why_not(rule: &Rule, shared: &Shared, options: &Options) -> Option<(Skip, String)> {
    let missing = rule
        .services
        .iter()
        .find(|service| **service != adapter_service::NAME && !offers(&shared.described, service));
    if let Some(service) = missing {
        let service = short_service_name(service);
        let reason = format!("the server does not offer {service}");
        return Some((Skip::NotOffered, reason));
    }
    // A rule that was asked for by its name is run whatever its level.
    if options.only.is_empty() && rule.level > options.level {
        let reason = format!(
            "it is of level {}, the run of level {}",
            rule.level, options.level
        );
        return Some((Skip::Level, reason));
    }
    let need = rule.needs.iter().find(|need| !need.is_met(shared))?;
    Some((Skip::Needs, need.missing(shared)))
}

impl Need {
    fn is_met(self, shared: &Shared) -> bool {
        match self {
            Self::Session | Self::Harness | Self::Agent => shared.seeds.have_records(),
            Self::Seed => offers(&shared.described, test_seed_service::NAME),
            Self::OtherOrg => shared.other_org_id.is_some(),
            Self::Restart => shared.restart.is_some(),
            Self::Outage => shared.outage.is_some(),
        }
    }

    fn missing(self, shared: &Shared) -> String {
        match self {
            Self::Session | Self::Harness | Self::Agent => format!(
                "the suite cannot create {}: offer PlatformStoreService or TestSeedService, or list some with --fixtures",
                self.name()
            ),
            Self::Seed => "the server does not offer TestSeedService, which this rule needs".into(),
            Self::OtherOrg if shared.described.scoping() == pb::Scoping::PerOrg => {
                "no second org was named with --other-org".into()
            }
            Self::OtherOrg => "the server states that all orgs share one set of data".into(),
            Self::Restart => {
                "the suite cannot restart the server: give its command after `--`, or --restart-command".into()
            }
            Self::Outage => "no --outage-command and --recover-command were given".into(),
        }
    }
}
