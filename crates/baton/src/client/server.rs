//! Which Baton a command talks to, and as whom.

use super::ApiClient;
use crate::commands::{EVERYWHERE, Output};
use crate::config::Environment;
use baton_model::SystemClock;
use baton_provider_api::Transport;
use baton_provider_api::transport::BaseUrl;
use clap::Args;
use std::sync::Arc;

/// Which Baton a command talks to, and with which API key.
// The ids begin with `baton_` because clap gives every subcommand these global arguments by their id: a subcommand's own
// argument of the same id would silently become the address that the key is sent to.
#[derive(Args, Debug, Clone)]
pub struct Server {
    /// Address of the running Baton [default: $BATON_URL, else http://127.0.0.1:8080]
    #[arg(long = "url", global = true, value_name = "URL", help_heading = EVERYWHERE)]
    baton_url: Option<String>,
    /// API key to use [default: $BATON_API_KEY, else $BATON_ADMIN_KEY]. In development, none is needed on this machine
    #[arg(long = "key", global = true, value_name = "KEY", help_heading = EVERYWHERE)]
    baton_key: Option<String>,
    /// How the reply is printed.
    #[command(flatten)]
    pub output: Output,
}

impl Server {
    /// A client of that Baton.
    ///
    /// # Errors
    /// If the address is not a valid URL.
    pub fn client(&self, environment: &Environment) -> anyhow::Result<ApiClient> {
        // Not by clap's `env`: a `.env` file counts too, and clap knows only the variables of the process.
        let url = self.baton_url.as_deref().or_else(|| environment.get("BATON_URL"));
        let base_url = BaseUrl::parse(url.unwrap_or("http://127.0.0.1:8080"));
        let base_url = base_url.map_err(|problem| anyhow::anyhow!("--url (BATON_URL): {problem}"))?;
        let key = self.baton_key.as_deref();
        let key = key.or_else(|| environment.get("BATON_API_KEY")).or_else(|| environment.get("BATON_ADMIN_KEY"));
        let transport = Transport::new(Arc::new(SystemClock));
        Ok(ApiClient { transport, base_url, key: key.map(str::to_owned) })
    }
}
