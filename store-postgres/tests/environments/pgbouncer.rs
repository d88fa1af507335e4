//! A `PgBouncer` of its own, in transaction mode.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use annals_postgres::testing::Server;
use tokio::process::Child;

pub(crate) struct Pgbouncer {
    port: u16,
    /// Killed when it is dropped.
    _child: Child,
}

impl Pgbouncer {
    pub(crate) async fn start(server: &Server) -> Self {
        // Another process may take it in between; then PgBouncer does not start.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let dir = server.scratch_dir();
        let ini = format!(
            "[databases]\n\
             postgres = host=127.0.0.1 port={} dbname=postgres user=postgres\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\n\
             listen_port = {port}\n\
             unix_socket_dir =\n\
             auth_type = any\n\
             pool_mode = transaction\n\
             default_pool_size = 5\n\
             max_client_conn = 1000\n\
             ignore_startup_parameters = extra_float_digits\n",
            server.port()
        );
        let file = dir.join("pgbouncer.ini");
        std::fs::write(&file, ini).unwrap();
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(&file, readable).unwrap();
        let mut command = server.bin("pgbouncer");
        let command = command.arg("--quiet").arg(&file);
        let log = std::fs::File::create(dir.join("pgbouncer.log")).unwrap();
        command.stderr(log.try_clone().unwrap()).stdout(log);
        let child = command.spawn();
        let mut child = child.expect("PgBouncer does not start: install the package `pgbouncer`");
        let began = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = child.try_wait().unwrap();
            let late = began.elapsed() > Duration::from_secs(20);
            if ended.is_some() || late {
                let said = std::fs::read_to_string(dir.join("pgbouncer.log")).unwrap();
                panic!("PgBouncer does not start; install the package `pgbouncer`: {said}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self { port, _child: child }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }
}
