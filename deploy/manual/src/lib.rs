//! Manual pages and shell completions of a program, made from its command line, so that a
//! package's pages say what its program does.

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use std::fs;
use std::io;
use std::path::Path;

/// Writes `man/NAME.1`, a page for each subcommand, and `completions/` for each shell into a
/// folder. `name` is the program's.
///
/// # Errors
/// A file cannot be written.
pub fn write(command: Command, name: &'static str, folder: &Path) -> io::Result<()> {
    let command = command.name(name).bin_name(name);
    let (pages, completions) = (folder.join("man"), folder.join("completions"));
    fs::create_dir_all(&pages)?;
    fs::create_dir_all(&completions)?;
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut command.clone(), name, &completions)?;
    }
    clap_mangen::generate_to(command, &pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every command that is shown has a page, those that are hidden have none, and each
    /// shell has completions.
    #[test]
    fn every_command_has_a_page() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let command = Command::new("x")
            .subcommand(Command::new("serve"))
            .subcommand(Command::new("worker").hide(true));
        write(command, "tenon", folder.path())?;
        let names = |part: &str| -> io::Result<BTreeSet<String>> {
            fs::read_dir(folder.path().join(part))?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        let pages = names("man")?;
        assert_eq!(pages, ["tenon-serve.1", "tenon.1"].map(String::from).into());
        let completions = names("completions")?;
        for file in ["tenon.bash", "_tenon", "tenon.fish"] {
            assert!(completions.contains(file), "{completions:?}");
        }
        Ok(())
    }
}
