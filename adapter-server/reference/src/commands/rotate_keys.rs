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
    println!("sealing with key {}", key.id());
    let reference = Reference::open(config).await?;
    let mut unreadable = 0;
    let done = reference
        .rewrap(|table| {
            unreadable += table.unreadable;
            print(table);
        })
        .await;
    reference.close().await;
    done?;
    match unreadable {
        0 => Ok(()),
        rows => Err(Failure::Unreadable(rows)),
    }
}

fn print(table: &Rewrapped) {
    let Rewrapped {
        table,
        resealed,
        newly_sealed,
        already_current,
        unreadable,
    } = table;
    print!("{table}: {resealed} sealed again, {already_current} were current");
    if *newly_sealed > 0 {
        print!(", {newly_sealed} were in clear");
    }
    if *unreadable > 0 {
        print!(", {unreadable} cannot be opened");
    }
    println!();
}
