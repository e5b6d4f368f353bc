//! The section `[turns]`, with the engine that runs them.

use crate::config::diagnostics::Bad;
use crate::config::reader::Section;
use crate::config::values::{choice, duration, number, path, text};
use crate::config::{Engine, Recovery, RestateOptions, Turns, WhenBusy};
use crate::host::JournalPlace;
use std::net::SocketAddr;
use std::time::Duration;
use toml::Value;
use url::Url;

/// The most of anything that is counted.
const MANY: usize = 1_000_000;

/// What `engine` names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EngineName {
    Local,
    Restate,
}

pub(super) fn turns(mut section: Section<'_>) -> Turns {
    let max_running = section.read("max_running", number(1, MANY));
    let busy = [("queue", WhenBusy::Queue), ("refuse", WhenBusy::Refuse)];
    let when_busy = section.read("when_busy", choice(&busy));
    let queue_max = section.read("queue_max", number(1, MANY));
    let deadline = section.read("deadline", duration);
    let recoveries = [("resume", Recovery::Resume), ("fail", Recovery::Fail)];
    let recovery = section.read("recovery", choice(&recoveries));
    let drain = section.read("drain", duration);
    let engine = engine(&mut section);
    let journal = journal(&mut section, &engine);
    section.finish();
    Turns {
        max_running: max_running.unwrap_or(64),
        when_busy: when_busy.unwrap_or(WhenBusy::Queue),
        queue_max: queue_max.unwrap_or(1024),
        deadline: deadline.unwrap_or(Duration::from_secs(60 * 60)),
        recovery: recovery.unwrap_or(Recovery::Resume),
        drain: drain.unwrap_or(Duration::from_secs(30)),
        journal,
        engine,
    }
}

/// With an engine that places turns on hosts, each of them must find where a turn stands.
fn journal(section: &mut Section<'_>, engine: &Engine) -> JournalPlace {
    let places = [
        ("files", JournalPlace::Own),
        ("adapter", JournalPlace::Adapter),
    ];
    let journal = section.read("journal", choice(&places));
    match (journal, engine) {
        (Some(JournalPlace::Own), Engine::Restate(_)) => {
            let problem =
                "the engine restate runs turns on other hosts, which cannot read this host's files";
            let remedy = "write \"adapter\" or leave it out";
            section.fault("journal", Bad::new(problem, remedy));
            JournalPlace::Own
        }
        (None, Engine::Restate(_)) => JournalPlace::Adapter,
        (journal, _) => journal.unwrap_or(JournalPlace::Own),
    }
}

fn engine(section: &mut Section<'_>) -> Engine {
    let names = [
        ("local", EngineName::Local),
        ("restate", EngineName::Restate),
    ];
    let name = section.read("engine", choice(&names));
    let is_restate = name == Some(EngineName::Restate);
    if is_restate && !cfg!(feature = "restate") {
        let problem = "this host was built without it";
        let remedy = "use a host that was built with the feature `restate`";
        section.fault("engine", Bad::new(problem, remedy));
    }
    // It may stand in the file while another engine runs turns.
    let is_there = section.has("restate");
    let options = match is_restate || is_there {
        true => restate(section.section("restate")),
        false => {
            section.skip("restate");
            None
        }
    };
    match options.filter(|_| is_restate) {
        Some(options) => Engine::Restate(Box::new(options)),
        None => Engine::Local,
    }
}

fn restate(mut section: Section<'_>) -> Option<RestateOptions> {
    let ingress = "write where the server takes invocations, such as http://127.0.0.1:8080";
    let ingress = section.require("ingress", ingress, url);
    let admin = "write where its admin API is, such as http://127.0.0.1:9070";
    let admin = section.require("admin", admin, url);
    let listen = "write where this host listens for the server, such as 0.0.0.0:9080";
    let listen = section.require("listen", listen, address);
    let advertise = section.read("advertise", url);
    let token_file = section.read("token_file", path);
    let timeout = section.read("timeout", duration);
    if let Some(listen) = listen
        && listen.ip().is_unspecified()
        && advertise.is_none()
    {
        let problem =
            "the server cannot be told this address, which stands for all of this machine's";
        let remedy = "write advertise as well: the URL under which the server finds the hosts";
        section.fault("listen", Bad::new(problem, remedy));
    }
    section.finish();
    Some(RestateOptions {
        ingress: ingress?,
        admin: admin?,
        listen: listen?,
        advertise,
        token_file,
        timeout: timeout.unwrap_or(Duration::from_secs(10)),
    })
}

fn url(value: &Value) -> Result<Url, Bad> {
    let remedy = "write http://HOST:PORT or https://HOST:PORT";
    let url = text(value)?.parse::<Url>().ok();
    let is_http = |url: &Url| ["http", "https"].contains(&url.scheme()) && url.has_host();
    let url = url.filter(is_http);
    let url = url.ok_or_else(|| Bad::new("it is not the URL of an HTTP server", remedy))?;
    // It is shown to operators.
    if !url.username().is_empty() || url.password().is_some() {
        let problem = "it contains a user or a password, which are not sent";
        return Err(Bad::new(
            problem,
            "write the token into a file, and name it as token_file",
        ));
    }
    Ok(url)
}

fn address(value: &Value) -> Result<SocketAddr, Bad> {
    let remedy = "write IP:PORT, such as 127.0.0.1:9080";
    let address = text(value)?.parse();
    address.map_err(|_| Bad::new("it is not an IP address with a port", remedy))
}
