//! The files of a project in each language.

use super::{File, Kit, Language};

/// The version of the kits.
pub(super) const KIT_VERSION: &str = "0.1.0";

/// A file of the kits.
macro_rules! of_kits {
    ($path:literal) => {
        include_str!(concat!("../../../../adapter-server/kits/", $path))
    };
}

const README: &str = include_str!("../../templates/README.md");

/// What the README of a project says.
struct Words {
    source: &'static str,
    build: String,
    run: &'static str,
    test: &'static str,
    server: &'static str,
}

// === impl Language ===

impl Language {
    pub(super) fn project(self, kit: &Kit) -> Vec<File> {
        match self {
            Self::Go => go(kit),
            Self::Python => python(kit),
            Self::Typescript => typescript(kit),
            Self::Java => java(kit),
        }
    }
}

fn file(path: &'static str, text: impl Into<String>) -> File {
    File {
        path,
        text: text.into(),
    }
}

fn readme(words: &Words) -> File {
    let text = README
        .replace("@SOURCE@", words.source)
        .replace("@BUILD@", &words.build)
        .replace("@RUN@", words.run)
        .replace("@TEST@", words.test)
        .replace("@SERVER@", words.server);
    file("README.md", text)
}

fn go(kit: &Kit) -> Vec<File> {
    let module = of_kits!("go/examples/keyvalue/go.mod");
    let module = match &kit.path {
        Some(path) => module.replace("=> ../..", &format!("=> {path}")),
        None => {
            let named = module.replace("kits/go v0.0.0", &format!("kits/go v{KIT_VERSION}"));
            let lines = named.lines().filter(|line| !line.starts_with("replace "));
            lines.collect::<Vec<_>>().join("\n").trim_end().to_string() + "\n"
        }
    };
    vec![
        file("go.mod", module),
        file("go.sum", of_kits!("go/examples/keyvalue/go.sum")),
        file("main.go", of_kits!("go/examples/keyvalue/main.go")),
        file(
            "contract_test.go",
            of_kits!("go/examples/keyvalue/contract_test.go"),
        ),
        file(".gitignore", "values\nvalues.db*\n"),
        readme(&Words {
            source: "main.go",
            build: "go mod tidy\ngo build -o values .".into(),
            run: "./values -listen 127.0.0.1:7500 -database values.db",
            test: "go test ./...",
            server: "go run .",
        }),
    ]
}

fn python(kit: &Kit) -> Vec<File> {
    let required = match &kit.path {
        Some(path) => format!("mortise-adapter @ file://{path}"),
        None => format!("mortise-adapter=={KIT_VERSION}"),
    };
    vec![
        file("requirements.txt", format!("{required}\npytest>=9.2,<10\n")),
        file(
            "keyvalue.py",
            of_kits!("python/examples/keyvalue/keyvalue.py"),
        ),
        file(
            "test_contract.py",
            include_str!("../../templates/python/test_contract.py"),
        ),
        file(".gitignore", "venv\n__pycache__\nvalues.db*\n"),
        readme(&Words {
            source: "keyvalue.py",
            build: "python3 -m venv venv\nvenv/bin/pip install -r requirements.txt".into(),
            run: "venv/bin/python keyvalue.py --listen 127.0.0.1:7500",
            test: "venv/bin/python -m pytest",
            server: "venv/bin/python keyvalue.py",
        }),
    ]
}

fn typescript(kit: &Kit) -> Vec<File> {
    let version = match &kit.path {
        Some(path) => format!("file:{path}"),
        None => KIT_VERSION.into(),
    };
    let package = of_kits!("typescript/examples/key-value/package.json");
    let build = match &kit.path {
        Some(path) => {
            format!("(cd '{path}' && npm ci && npm run build)\nnpm install && npm run build")
        }
        None => "npm install && npm run build".into(),
    };
    vec![
        file("package.json", package.replace("file:../..", &version)),
        file("tsconfig.json", tsconfig()),
        file(
            "src/server.ts",
            of_kits!("typescript/examples/key-value/src/server.ts"),
        ),
        file(
            "src/contract.test.ts",
            of_kits!("typescript/examples/key-value/src/contract.test.ts"),
        ),
        file(".gitignore", "dist\nnode_modules\nvalues.db*\n"),
        readme(&Words {
            source: "src/server.ts",
            build,
            run: "node dist/server.js --listen 127.0.0.1:7500 --database values.db",
            test: "npm test",
            server: "sh -c 'npm run --silent build && node dist/server.js'",
        }),
    ]
}

/// The options of the kit, which its examples extend.
fn tsconfig() -> String {
    let of_kit = of_kits!("typescript/tsconfig.json");
    of_kit.replace("\"declaration\": true", "\"declaration\": false")
}

fn java(kit: &Kit) -> Vec<File> {
    let in_package =
        |text: &str| text.replace("com.everruns.mortise.examples.values", "com.acme.values");
    let pom = include_str!("../../templates/java/pom.xml");
    let build = match &kit.path {
        Some(path) => {
            format!("mvn -f '{path}/pom.xml' install -DskipTests\nmvn package -DskipTests")
        }
        None => "mvn package -DskipTests".into(),
    };
    vec![
        file("pom.xml", pom.replace("@KIT_VERSION@", KIT_VERSION)),
        file(
            "src/main/java/com/acme/values/Main.java",
            in_package(of_kits!(
                "java/examples/values/src/main/java/com/everruns/mortise/examples/values/Main.java"
            )),
        ),
        file(
            "src/main/java/com/acme/values/Values.java",
            in_package(of_kits!(
                "java/examples/values/src/main/java/com/everruns/mortise/examples/values/Values.java"
            )),
        ),
        file(
            "src/test/java/com/acme/values/ContractTest.java",
            include_str!("../../templates/java/ContractTest.java"),
        ),
        file(".gitignore", "target\nvalues.db*\n"),
        readme(&Words {
            source: "src/main/java/com/acme/values/Values.java",
            build,
            run: "java -jar target/values.jar --listen 127.0.0.1:7500",
            test: "mvn verify",
            server: "java -jar target/values.jar",
        }),
    ]
}
