//! What is offered now, compared with what was offered before.

use super::answers::{Answers, CONFIRMATIONS};
use super::{ConnectError, Handshakes, Look, Target, no_endpoint};
use crate::mesh::balance::Node;
use crate::mesh::offers::{Described, Offers};
use futures::future::join_all;
use std::sync::Arc;
use std::time::Duration;

impl Handshakes {
    /// Asks every adapter that is there, each within a time, and says what holds from now
    /// on. The last answer of an adapter that is away stays in use.
    pub async fn look(&mut self, within: Duration) -> Look {
        let health = self.mesh.health();
        let mut look = Look {
            offers: Ok(Offers::default()),
            other_faults: Vec::new(),
            degraded: Vec::new(),
            is_mixed: false,
        };
        let mut fault = None;
        let targets: Vec<_> = self.mesh.targets().cloned().collect();
        let asked = targets.iter().map(|target| {
            let away = health.get(&target.name).and_then(|now| now.away.clone());
            let before = self.answers.get(&target.name);
            self.ask(target, away, before, within)
        });
        let batches = join_all(asked).await;
        for (target, batch) in targets.iter().zip(batches) {
            let answers = self.answers.entry(target.name.clone()).or_default();
            match batch {
                Ok(batch) => {
                    let changed = match target.balance.nodes().len() {
                        0 | 1 => answers.take_in(batch),
                        // Each has answered for itself.
                        _ => answers.replace(batch),
                    };
                    if changed {
                        target.was_right();
                    }
                    if let Some(common) = answers.common() {
                        target.limit_requests(common.max_message_bytes);
                    }
                }
                Err(error) if self.mesh.is_required(target) => match &fault {
                    None => fault = Some(error),
                    Some(_) => look.other_faults.push(error.to_string()),
                },
                Err(error) => look.degraded.push(error.to_string()),
            }
            if answers.is_mixed() {
                look.is_mixed = true;
                look.degraded.push(mixed(target, answers));
            }
        }
        let described = self.answers.iter();
        let described =
            described.filter_map(|(name, answers)| Some((name.clone(), answers.common()?)));
        look.offers = match fault {
            Some(error) => Err(error),
            None => self
                .mesh
                .offers(&self.org, &described.collect())
                .map_err(|error| *error),
        };
        if let Ok(offers) = &look.offers {
            look.degraded.extend(self.lost(offers));
        }
        look
    }

    /// One answer, or several where the first is not the one before.
    async fn ask(
        &self,
        target: &Arc<Target>,
        away: Option<ConnectError>,
        before: Option<&Answers>,
        within: Duration,
    ) -> Result<Vec<Described>, ConnectError> {
        if let Some(away) = away {
            return Err(away);
        }
        let nodes = self.mesh.nodes_of(target).await?;
        let ask = |node| self.mesh.describe_soon(target, node, &self.org, within);
        let [only] = &*nodes else {
            return self.ask_each(target, &nodes, within).await;
        };
        let first = ask(only).await?;
        let is_settled = before.is_none_or(|before| before.agrees_with(&first));
        let mut batch = vec![first];
        if !is_settled {
            for _ in 0..CONFIRMATIONS {
                batch.push(ask(only).await?);
            }
        }
        Ok(batch)
    }

    /// One answer of each endpoint that is there; the error of one where none answers.
    async fn ask_each(
        &self,
        target: &Arc<Target>,
        nodes: &[Arc<Node>],
        within: Duration,
    ) -> Result<Vec<Described>, ConnectError> {
        let there = nodes.iter().filter(|node| node.health.now().away.is_none());
        let asked = there.map(|node| self.mesh.describe_soon(target, node, &self.org, within));
        let (answers, failed): (Vec<_>, Vec<_>) =
            join_all(asked).await.into_iter().partition(Result::is_ok);
        let answers: Vec<_> = answers.into_iter().filter_map(Result::ok).collect();
        match failed.into_iter().find_map(Result::err) {
            Some(error) if answers.is_empty() => Err(error),
            Some(error) => {
                tracing::debug!(%error, "an endpoint did not answer the handshake");
                Ok(answers)
            }
            None if answers.is_empty() => Err(no_endpoint(target)),
            None => Ok(answers),
        }
    }

    /// What is routed by name, or was offered before, and is not offered by an adapter
    /// that answers.
    fn lost(&mut self, offers: &Offers) -> Vec<String> {
        let offered = offers.by_service().filter(|(_, adapter)| adapter.is_some());
        self.ever.extend(offered.map(|(service, _)| service));
        let named = self.mesh.inner.routes.by_name();
        let expected = self.ever.union(named);
        expected
            .filter(|service| !offers.has(service))
            .map(|service| self.mesh.lack_of(&self.org, service))
            .collect()
    }
}

fn mixed(target: &Target, answers: &Answers) -> String {
    let servers = answers.common().unwrap_or_default().servers;
    format!(
        "adapter `{}` at {} answers with {} voices ({}); only what all of them offer is used",
        target.name,
        target.endpoint,
        answers.count(),
        servers.into_iter().collect::<Vec<_>>().join(", "),
    )
}
