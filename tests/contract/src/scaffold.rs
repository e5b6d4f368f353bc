//! Writes a new adapter. Its code is that of the kits' key/value examples, which their tests
//! run, so that it cannot fall behind; only what names the kit is written anew.

mod projects;

use clap::ValueEnum;
use std::io;
use std::path::{Path, PathBuf};

/// The store that there is an example for.
const STORE: &str = "session_storage_store";

/// The language of a kit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Go 1.26.
    Go,
    /// Python 3.11 and later.
    Python,
    /// TypeScript on Node 20 and later.
    Typescript,
    /// Java 17 and later, with Maven.
    Java,
}

/// Why no adapter was written.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// There is no example for it.
    #[error(
        "--store {0}: only {STORE} can be written; begin with it, and see the examples of the \
         kits for other stores"
    )]
    Store(String),
    /// It is no kit.
    #[error("--kit {path}: has no {marker}; give adapter-server/kits/{language} of a checkout")]
    Kit {
        /// As it was given.
        path: PathBuf,
        /// The file by which a kit is known.
        marker: &'static str,
        /// The kit's folder.
        language: &'static str,
    },
    /// There is something that would be lost.
    #[error("{0}: is not empty; name a folder that is not there yet")]
    NotEmpty(PathBuf),
    /// A file cannot be written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// One file of a project.
struct File {
    path: &'static str,
    text: String,
}

/// Where the kit of a project comes from.
struct Kit {
    /// A folder; without one the registry of the language.
    path: Option<String>,
}

/// Writes an adapter into `dir`, and says what to do next. Without a `kit` the project names
/// the kit by its version.
///
/// # Errors
///
/// There is no example for the store, the folder holds something, or a file cannot be
/// written.
pub fn scaffold(
    language: Language,
    store: &str,
    kit: Option<&Path>,
    dir: &Path,
) -> Result<String, ScaffoldError> {
    if store != STORE {
        return Err(ScaffoldError::Store(store.into()));
    }
    let kit = Kit {
        path: kit.map(|path| language.kit_at(path)).transpose()?,
    };
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |cause| ScaffoldError::File { path, cause }
    };
    std::fs::create_dir_all(dir).map_err(failed(dir))?;
    if std::fs::read_dir(dir)
        .map_err(failed(dir))?
        .next()
        .is_some()
    {
        return Err(ScaffoldError::NotEmpty(dir.into()));
    }
    for file in language.project(&kit) {
        let path = dir.join(file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed(folder))?;
        }
        std::fs::write(&path, file.text).map_err(failed(&path))?;
    }
    Ok(format!(
        "{} is written; its README.md says how to build, run and test it\n",
        dir.display()
    ))
}

// === impl Language ===

impl Language {
    /// The folder of the kit, and a file that it has.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Go => ("go", "go.mod"),
            Self::Python => ("python", "pyproject.toml"),
            Self::Typescript => ("typescript", "package.json"),
            Self::Java => ("java", "pom.xml"),
        }
    }

    /// The full path of a kit's folder.
    fn kit_at(self, path: &Path) -> Result<String, ScaffoldError> {
        let (language, marker) = self.names();
        let full = path.canonicalize().ok();
        let full = full.filter(|full| full.join(marker).is_file());
        let full = full.and_then(|full| full.to_str().map(String::from));
        full.ok_or_else(|| ScaffoldError::Kit {
            path: path.into(),
            marker,
            language,
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by it")]
mod tests {
    use super::*;

    const LANGUAGES: [Language; 4] = [
        Language::Go,
        Language::Python,
        Language::Typescript,
        Language::Java,
    ];

    /// Every project is whole, names the kit that it was given, and has no gap left.
    #[test]
    fn projects_name_their_kit() {
        for language in LANGUAGES {
            let folder = tempfile::tempdir().unwrap();
            let (name, marker) = language.names();
            let kit = folder.path().join(name);
            std::fs::create_dir(&kit).unwrap();
            std::fs::write(kit.join(marker), "").unwrap();
            let dir = folder.path().join("new");
            scaffold(language, STORE, Some(&kit), &dir).unwrap();
            let path = language.kit_at(&kit).unwrap();
            let files = language.project(&Kit {
                path: Some(path.clone()),
            });
            assert!(
                files.iter().any(|file| file.text.contains(&path)),
                "{language:?}"
            );
            for file in files {
                let written = std::fs::read_to_string(dir.join(file.path)).unwrap();
                assert!(!written.contains("../.."), "{language:?} {}", file.path);
                let gaps: Vec<_> = ["@KIT", "@SOURCE", "@RUN", "@TEST", "@BUILD", "@SERVER"]
                    .into_iter()
                    .filter(|gap| written.contains(gap))
                    .collect();
                assert_eq!(gaps, Vec::<&str>::new(), "{language:?} {}", file.path);
            }
            let again = scaffold(language, STORE, None, &dir);
            assert!(matches!(again, Err(ScaffoldError::NotEmpty(_))));
        }
    }

    /// Without a kit at hand a project names the version that the kit in this tree has.
    #[test]
    fn projects_name_the_version_of_the_kit() {
        for language in LANGUAGES {
            let files = language.project(&Kit { path: None });
            let version = projects::KIT_VERSION;
            assert!(
                files.iter().any(|file| file.text.contains(version)),
                "{language:?}"
            );
        }
        let manifest = include_str!("../../../adapter-server/kits/python/pyproject.toml");
        assert!(manifest.contains(&format!("\nversion = \"{}\"", projects::KIT_VERSION)));
    }

    /// The code that the page of the first adapter shows is that of the projects.
    #[test]
    fn the_page_shows_the_projects() {
        let page = include_str!("../../../docs/first-adapter.md");
        let projects: Vec<_> = LANGUAGES
            .into_iter()
            .flat_map(|language| language.project(&Kit { path: None }))
            .collect();
        let mut shown = 0;
        for block in page.split("\n```").skip(1).step_by(2) {
            let (kind, code) = block.split_once('\n').unwrap();
            if ["go", "python", "ts", "java"].contains(&kind) {
                let is_there = projects
                    .iter()
                    .any(|file| file.text.contains(code.trim_end()));
                assert!(is_there, "no project has:\n{code}");
                shown += 1;
            }
        }
        assert_eq!(shown, 8);
    }

    /// What is no kit, and a store without an example, are refused with what to give.
    #[test]
    fn mistakes_are_explained() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("new");
        let refused = scaffold(Language::Go, STORE, Some(folder.path()), &dir);
        assert!(refused.unwrap_err().to_string().contains("has no go.mod"));
        let refused = scaffold(Language::Go, "event_log", None, &dir).unwrap_err();
        assert!(refused.to_string().contains(STORE));
        assert!(!dir.exists());
    }
}
