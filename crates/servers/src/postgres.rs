//! PostgreSQL.

use crate::process::{free_port, program, run};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Where Debian keeps the programs of its versions.
// They are not on the path there.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"];

/// The shared server, without a database: `BATON_TEST_POSTGRES`, else the standard port.
pub fn url() -> String {
    crate::address("BATON_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
}

/// A database of the test's own on the shared server; dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    server: String,
    name: String,
}

/// Makes a database on the shared server.
pub fn database() -> TestDatabase {
    database_on(&url())
}

/// Makes a database on that server.
pub fn database_on(server: &str) -> TestDatabase {
    let database = TestDatabase { server: server.to_owned(), name: crate::unique("db") };
    sql(server, "postgres", &format!("CREATE DATABASE {}", database.name));
    database
}

impl TestDatabase {
    /// Its address.
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements there; what they print, unaligned and without headers.
    pub fn sql(&self, statements: &str) -> String {
        sql(&self.server, &self.name, statements)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // With force: connections of a pool may still be open, and PostgreSQL would refuse.
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // Its server may be gone by now, and the database with it.
        let _ = psql(&self.server, "postgres", &drop).output();
    }
}

fn psql(server: &str, database: &str, statements: &str) -> Command {
    let mut command = Command::new(program("psql", &["/usr/bin"]));
    // `-X`: the start file of whoever runs the tests may change what is printed.
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements, &format!("{server}/{database}")]);
    command
}

fn sql(server: &str, database: &str, statements: &str) -> String {
    run(&mut psql(server, database, statements)).trim().to_owned()
}

/// A server of the test's own.
#[derive(Debug)]
pub struct PostgresServer {
    port: u16,
    folder: Folder,
}

#[derive(Debug)]
enum Folder {
    Temporary(TempDir),
    Given(PathBuf),
}

impl PostgresServer {
    /// Starts one in a temporary folder; `settings` as in its configuration: `&["max_connections=5"]`.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_in(Folder::Temporary(TempDir::new().expect("a folder")), settings)
    }

    /// Starts one whose files are in a folder of the caller's (a small disk, for one), which stays.
    pub fn start_at(folder: PathBuf, settings: &[&str]) -> Self {
        Self::start_in(Folder::Given(folder), settings)
    }

    fn start_in(folder: Folder, settings: &[&str]) -> Self {
        let own = Self { port: free_port(), folder };
        // The server runs as another user where the tests run as root, and has to make `data` in here.
        std::fs::set_permissions(own.path(), std::fs::Permissions::from_mode(0o777)).expect("its permissions");
        // No sync to the disk: a test is over before a power cut matters.
        run(as_owner("initdb").args(["--username=postgres", "--auth=trust", "--no-sync", "-D"]).arg(own.data()));
        let mut file =
            // Without a socket: its folder may not be writable, and its path too long.
            format!("port={}\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nfsync=off\n", own.port);
        for setting in settings {
            file.push_str(setting);
            file.push('\n');
        }
        let path = own.data().join("postgresql.auto.conf");
        // By the server's user, because `initdb` has closed the folder to others.
        run(as_owner("sh").arg("-c").arg(format!("cat >> '{}' <<'END'\n{file}END", path.display())));
        own.restart();
        own
    }

    /// `postgresql://postgres@127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}", self.port)
    }

    /// Stops it at once: connections break, what was committed stays.
    pub fn stop(&self) {
        // As a crash: the server does not wait for its clients, and reads its log at the next start.
        run(as_owner("pg_ctl").args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data()));
    }

    /// Starts it (again) on the same port.
    pub fn restart(&self) {
        let log = self.data().join("log");
        run(as_owner("pg_ctl").args(["start", "-w", "-t", "60", "-l"]).arg(log).arg("-D").arg(self.data()));
    }

    fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn path(&self) -> PathBuf {
        match &self.folder {
            Folder::Temporary(folder) => folder.path().to_owned(),
            Folder::Given(folder) => folder.clone(),
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let _ = as_owner("pg_ctl").args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data()).output();
        // The files are the server's user's; whoever runs the tests may not be able to remove them otherwise.
        let _ = as_owner("rm").arg("-rf").arg(self.data()).output();
    }
}

/// A program of PostgreSQL's, run by the user that owns its files: it refuses to run as root.
fn as_owner(name: &str) -> Command {
    let program = program(name, &FOLDERS);
    let root = run(Command::new("id").arg("-u")).trim() == "0";
    let mut command = Command::new(if root { "setpriv" } else { program.as_str() });
    if root {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--", &program]);
    }
    // Not a folder that the server's user may not enter.
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    command
}
