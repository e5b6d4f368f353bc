//! `mortise-adapter rotate-keys`.

use super::{Failure, Storage, Traces};
use mortise_reference::{Reference, Rewrapped};

/// Which storage, and with which keys.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    storage: Storage,
}

/// Seals everything with the current key and prints what was done, table by table.
pub(crate) async fn run(args: Args) -> Result<(), Failure> {
    Traces::default().start()?;
    let config = args.storage.config()?;
    let Some(key) = &config.encryption_key else {
        return Err(Failure::NoKey);
    };
    // Keys are rotated to the end, also where it cannot be said.
    let mut printed = mortise_output::write(&format!("sealing with key {}\n", key.id()));
    let reference = Reference::open(config).await?;
    let mut unreadable = 0;
    let done = reference
        .rewrap(|table| {
            unreadable += table.unreadable;
            if printed.is_ok() {
                printed = mortise_output::write(&line(table));
            }
        })
        .await;
    reference.close().await;
    done?;
    match unreadable {
        0 => printed.map_err(Failure::Printed),
        rows => Err(Failure::Unreadable(rows)),
    }
}

fn line(table: &Rewrapped) -> String {
    let Rewrapped {
        table,
        resealed,
        newly_sealed,
        already_current,
        unreadable,
    } = table;
    let mut text = format!("{table}: {resealed} sealed again, {already_current} were current");
    if *newly_sealed > 0 {
        text.push_str(&format!(", {newly_sealed} were in clear"));
    }
    if *unreadable > 0 {
        text.push_str(&format!(", {unreadable} cannot be opened"));
    }
    text + "\n"
}
