use super::*;

const EXAMPLE: &str = include_str!("../../../docs/host.example.toml");

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_string(), (*value).to_string());
    pairs.iter().map(owned).collect()
}

fn good(text: &str, variables: &[(&str, &str)]) -> HostConfig {
    HostConfig::parse(text, env(variables)).unwrap_or_else(|faults| unreachable!("{faults}"))
}

fn faults(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let faults = HostConfig::parse(text, env(variables)).err();
    let faults = faults.map(|faults| faults.0).unwrap_or_default();
    faults.iter().map(ToString::to_string).collect()
}

/// The example is a configuration, and shows every key that is read.
#[test]
fn the_example_shows_every_key() {
    let (config, schema) = parse(EXAMPLE, []);
    let config = config.unwrap_or_else(|faults| unreachable!("{faults}"));
    assert_eq!(config.routes.stores["session_file_system"], "files");
    assert_eq!(
        config.routes.orgs[&2].stores["outbound_tool_rate_limiter"],
        "limits"
    );
    assert_eq!(config.adapters["files"].config.endpoints.len(), 2);
    let Ok(table) = EXAMPLE.parse::<Table>() else {
        unreachable!("it was parsed above");
    };
    let has = |path: &str| present(&toml::Value::Table(table.clone()), path);
    let missing: Vec<_> = schema.iter().filter(|path| !has(path)).collect();
    assert!(missing.is_empty(), "not in the example: {missing:?}");
    assert_eq!(schema.len(), 81, "{schema:?}");
}

/// Whether a path leads somewhere, with `*` for any name.
fn present(value: &toml::Value, path: &str) -> bool {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(table) = value.as_table() else {
        return false;
    };
    let below = |value: &toml::Value| rest.is_empty() || present(value, rest);
    match key {
        "*" => table.values().any(below),
        key => table.get(key).is_some_and(below),
    }
}

/// What is shown is the configuration again, but for its secrets.
#[test]
fn what_is_shown_can_be_read_again() {
    let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    for text in [EXAMPLE, ""] {
        let shown = good(text, &[]).shown();
        assert!(!shown.contains(digest), "{shown}");
        let again = good(&shown.replace("***", digest), &[]);
        assert_eq!(again.shown(), shown);
    }
    let shown = good(EXAMPLE, &[]).shown();
    let Ok(shown) = shown.parse::<Table>() else {
        unreachable!("{shown}");
    };
    let (_, schema) = parse(EXAMPLE, []);
    let shown = toml::Value::Table(shown);
    let missing: Vec<_> = schema
        .iter()
        .filter(|path| !present(&shown, path))
        .collect();
    assert!(missing.is_empty(), "not shown: {missing:?}");
}

/// An empty file is a configuration: the embedded storage, for this machine alone.
#[test]
fn nothing_needs_to_be_given() {
    let config = good("", &[]);
    assert!(config.is_embedded());
    assert_eq!(config.routes.default, EMBEDDED);
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    let started = [(EMBEDDED.to_string(), Endpoint::Unix("/x".into()))];
    let mesh = config.mesh(&started.into());
    assert!(mesh.adapters.contains_key(EMBEDDED));
    assert_eq!(config.turns.when_busy, WhenBusy::Queue);
}

/// The environment goes before the file, and a fault names the variable.
#[test]
fn the_environment_goes_before_the_file() {
    let text = "[turns]\nmax_running = 3\ndrain = \"5s\"";
    let variables = [
        ("MORTISE_HOST__TURNS__MAX_RUNNING", "8"),
        ("MORTISE_HOST__LISTEN__GRPC", "unix:/a.sock,127.0.0.1:1"),
        ("MORTISE_HOST__ADAPTERS__MAIN__ENDPOINT", "unix:/b.sock"),
        ("MORTISE_HOST__ACCESS__ANONYMOUS", "true"),
        ("MORTISE_HOST__ORGS__SERVE", "4, 5"),
        ("MORTISE_OTHER", "x"),
    ];
    let config = good(text, &variables);
    assert_eq!(config.turns.max_running, 8);
    assert_eq!(config.turns.drain, Duration::from_secs(5));
    assert_eq!(config.listen.grpc.len(), 2);
    assert_eq!(config.routes.default, "main");
    assert_eq!(config.orgs, BTreeSet::from([4, 5]));
    let found = faults(text, &[("MORTISE_HOST__TURNS__MAX_RUNNING", "many")]);
    assert_eq!(
        found,
        [
            "turns.max_running = \"many\" (from MORTISE_HOST__TURNS__MAX_RUNNING): it is not such \
          a number; write a whole number from 1 to 1000000"
        ]
    );
    let found = faults(text, &[("MORTISE_HOST__TURNS", "1")]);
    assert_eq!(
        found,
        ["MORTISE_HOST__TURNS does not name a key; write MORTISE_HOST__SECTION__KEY"]
    );
}

/// SPIFFE's own variable says where its agent is, and does nothing unless it is asked for; an
/// adapter is then known by its ID. The host has one for its own callers in the same way.
#[test]
fn the_spiffe_agent_is_found_in_the_environment() {
    let text = "[adapters.main]\nendpoint = \"https://a:1\"\n[adapters.main.tls]\n";
    let variables = [("SPIFFE_ENDPOINT_SOCKET", "unix:///run/agent.sock")];
    let tls = |more: &str| {
        let config = good(&format!("{text}{more}"), &variables);
        config.adapters["main"].config.tls.clone()
    };
    let asked = tls("spiffe = true\nserver_uri = \"spiffe://example.com/a\"");
    let socket = asked.spiffe.map(|socket| socket.to_string());
    assert_eq!(socket.as_deref(), Some("unix:/run/agent.sock"));
    assert_eq!(tls("").spiffe, None);
    assert_eq!(tls("spiffe = false").spiffe, None);
    let listening = good("[listen.tls]\nspiffe = true", &variables).listen.tls;
    let socket = "unix:/run/agent.sock".parse().map(ListenTls::Workload);
    assert_eq!(listening, socket.ok());
    let both = "[listen.tls]\nspiffe = true\ncert = \"/c\"";
    let found = faults(both, &variables);
    assert_eq!(
        found,
        ["listen.tls.cert = \"/c\": SPIFFE gives it; leave it out, or remove spiffe"]
    );
}

/// Everything that is wrong is said at once, with what was probably meant, and no
/// secret is repeated.
#[test]
fn every_fault_is_named_at_once() {
    let text = r#"
        lisen = 1
        [listen]
        grpc = ["0.0.0.0:7450"]
        [adapters.main]
        endpoint = "http://bob:hunter2@storage"
        [adapters.other]
        endpoint = "http://storage.example.com:1"
        token_file = "/t"
        tokn = "hunter3"
        [adapters.other.tls]
        cert = "/c"
        [adapters.clear]
        endpoints = ["unix:/a", "dns:///storage:7443"]
        [adapters.both]
        endpoint = "unix:/a"
        command = []
        [adapters.none]
        command_environment = ["A=B"]
        [adapters.workload]
        endpoint = "https://a:1"
        [adapters.workload.tls]
        spiffe = true
        [adapters.workload2]
        endpoint = "https://a:1"
        [adapters.workload2.tls]
        spiffe = "unix:/agent.sock"
        server_uri = "https://a"
        ca = "/ca"
        [adapters.workload3]
        endpoint = "https://a:1"
        [adapters.workload3.tls]
        spiffe = "tcp://10.0.0.1:1"
        [routes.orgs.9]
        default = "mane"
        [routes]
        default = "mane"
        sesion_store = "main"
        [calls]
        deadline = "30"
        message_max = "0 B"
        [capabilities]
        enabled = ["telepathy"]
        [drivers]
        enabled = ["opnai"]
        [turns]
        max_running = 0
        when_busy = "wait"
        engine = "restate"
        journal = "files"
        [turns.restate]
        ingress = "restate:8080"
        admin = "http://bob:hunter5@restate:9070"
        listen = "0.0.0.0:9080"
        [access.tokens.ci]
        sha256 = "hunter4"
        orgs = [9]
        [access.certificates.x]
        [telemetry]
        log_level = "a=b=c"
        otlp_endpoint = "https://x"
        otlp_sample_ratio = 2
    "#;
    let found = faults(text, &[]);
    let all = found.join("\n");
    for begin in [
        "adapters.main.endpoint = ...@...: it is not an adapter's endpoint",
        "adapters.other.tls.key: it is missing",
        "adapters.other.endpoint = \"http://storage.example.com:1\": TLS is configured",
        "adapters.other.token_file = \"/t\": the token would cross the network in clear",
        "adapters.other.tokn: there is no such key; ",
        "routes.default = \"mane\": there is no such adapter; configured are: both, clear, main, none, other, workload, workload2, workload3",
        "adapters.clear.endpoints = [\"unix:/a\", \"dns:///storage:7443\"]: calls to dns:///storage:7443 would cross the network in clear",
        "adapters.both.command = []: `endpoint` is given as well",
        "adapters.both.command = []: it is empty",
        "adapters.none.endpoint: it is missing",
        "adapters.none.command_environment = [\"A=B\"]: it is not the name",
        "adapters.workload.tls.spiffe = true: SPIFFE_ENDPOINT_SOCKET is not set",
        "adapters.workload2.tls.server_uri = \"https://a\": `https://a` is no SPIFFE ID",
        "adapters.workload2.tls.ca = \"/ca\": SPIFFE gives it",
        "adapters.workload3.tls.spiffe = \"tcp://10.0.0.1:1\": `tcp://10.0.0.1:1` is no address",
        "routes.orgs.9 = { default = \"mane\" }: org 9 is not served",
        "routes.orgs.9.default = \"mane\": there is no such adapter",
        "routes.sesion_store = \"main\": there is no such store; did you mean `session_store`?",
        "calls.deadline = \"30\": it is not a duration",
        "calls.message_max = \"0 B\": it is out of range",
        "capabilities.enabled = [\"telepathy\"]: there is no capability telepathy",
        "drivers.enabled = [\"opnai\"]: there is no such choice",
        "turns.max_running = 0: it is out of range",
        "turns.when_busy = \"wait\": there is no such choice; write \"queue\" or \"refuse\"",
        "turns.restate.ingress = \"restate:8080\": it is not the URL of an HTTP server",
        "turns.restate.admin = ...@...: it contains a user or a password",
        "turns.restate.listen = \"0.0.0.0:9080\": the server cannot be told this address",
        "access.tokens.ci.sha256 = ***: it is not a SHA-256",
        "access.tokens.ci.orgs = [9]: org 9 is not served",
        "access.certificates: no client certificate can be verified",
        "access.certificates.x.subject: it is missing",
        "telemetry.log_level = \"a=b=c\": ",
        "telemetry.otlp_endpoint = \"https://x\": it is not a collector's",
        "telemetry.otlp_sample_ratio = 2: it is not a ratio",
        "lisen: there is no such key; did you mean `listen`?",
    ] {
        assert!(
            found.iter().any(|fault| fault.starts_with(begin)),
            "missing: {begin}\n{all}"
        );
    }
    assert!(!all.contains("hunter"), "{all}");
}

/// An engine that runs turns on other hosts keeps none of them in this host's files, and is
/// told where its server is.
#[test]
fn an_engine_names_its_server_and_shares_the_journal() {
    let server = "[turns.restate]\ningress = \"http://r:8080\"\nadmin = \"http://r:9070\"\nlisten = \"127.0.0.1:9080\"";
    let text = format!("[turns]\nengine = \"restate\"\n{server}");
    assert_eq!(good(&text, &[]).turns.journal, JournalPlace::Adapter);
    let with_files = format!("[turns]\nengine = \"restate\"\njournal = \"files\"\n{server}");
    let found = faults(&with_files, &[]);
    assert!(
        found[0]
            .starts_with("turns.journal = \"files\": the engine restate runs turns on other hosts"),
        "{found:?}"
    );
    let found = faults("[turns]\nengine = \"restate\"", &[]);
    let missing =
        ["ingress", "admin", "listen"].map(|key| format!("turns.restate.{key}: it is missing"));
    for (found, missing) in found.iter().zip(&missing) {
        assert!(found.starts_with(missing), "{found}");
    }
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(good(server, &[]).turns.engine, Engine::Local);
}

/// A file that is not TOML is not quoted: it may hold anything.
#[test]
fn what_is_not_toml_is_not_quoted() {
    let found = faults("[data]\ndir = \"hunter2\nx", &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("line 3 is not TOML: "), "{found:?}");
    assert!(!found[0].contains("hunter"), "{found:?}");
}

/// A host that other machines reach admits no caller without proof, and says when it
/// is reached in clear.
#[test]
fn the_public_needs_proof() {
    let public = "[listen]\ngrpc = [\"0.0.0.0:7450\"]\n";
    let found = faults(public, &[]);
    assert!(
        found[0].starts_with("access: no caller can reach 0.0.0.0:7450"),
        "{found:?}"
    );
    let with_token = format!("{public}[access.tokens.a]\ntoken_file = \"/t\"");
    let config = good(&with_token, &[]);
    assert_eq!(config.warnings.len(), 1, "{:?}", config.warnings);
}

/// Files are looked at when they are to be, and each that is missing is named.
#[test]
fn missing_files_are_named() {
    let found = good(EXAMPLE, &[]).check_files().err();
    let found = found.map(|faults| faults.to_string()).unwrap_or_default();
    for begin in [
        "listen.socket_group: there is no group `mortise-apps`; make it with groupadd",
        "listen.tls: ",
        "access.tokens.web.token_file: ",
        "turns.restate.token_file: ",
        "adapters.main: ",
    ] {
        assert!(found.contains(begin), "{begin}\n{found}");
    }
}
