//! Standard output of the programs. A byte that cannot be written is an error, also where
//! standard output was closed before the program began (`>&-`): the standard library puts
//! `/dev/null` in its place before `main`, and every write succeeds. So whether it is open is
//! noted earlier.

use clap::Parser;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard output was closed when the program began.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);

#[expect(
    unsafe_code,
    reason = "the linker is told to have it called before `main`; the function itself is safe"
)]
#[used]
#[cfg_attr(target_os = "linux", unsafe(link_section = ".init_array"))]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
static BEFORE_MAIN: extern "C" fn() = note_closed;

extern "C" fn note_closed() {
    let is_closed = rustix::io::fcntl_getfd(io::stdout()).is_err();
    IS_CLOSED.store(is_closed, Ordering::Relaxed);
}

/// Standard output. A write is passed on at once.
#[derive(Debug, Default, Clone, Copy)]
pub struct Output;

// === impl Output ===

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if IS_CLOSED.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was closed before the program began"));
        }
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a text to standard output, all of it.
///
/// # Errors
/// It is closed, its reader has gone, or the disk is full.
pub fn write(text: &str) -> io::Result<()> {
    Output.write_all(text.as_bytes())
}

/// Reads the command line. What is not one ends the program: help and version with 0, or
/// with `not_written` where they cannot be written; wrong arguments with 2.
///
/// # Errors
/// The exit code, once all is said.
pub fn parse<P: Parser>(not_written: u8) -> Result<P, ExitCode> {
    P::try_parse().map_err(|error| {
        if error.use_stderr() {
            // There is nowhere else to say it.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        let styled = error.render();
        let text = match io::stdout().is_terminal() {
            true => styled.ansi().to_string(),
            false => styled.to_string(),
        };
        match write(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fault) => {
                eprintln!("{}: {}", P::command().get_name(), not_written_text(&fault));
                ExitCode::from(not_written)
            }
        }
    })
}

/// What a program says whose output cannot be written.
#[must_use]
pub fn not_written_text(fault: &io::Error) -> String {
    format!("standard output cannot be written: {fault}")
}
