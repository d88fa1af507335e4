//! Throw-away servers and databases do what their documentation says.

mod databases;
mod orphans;
mod servers;
mod support;
