//! Progress, on stderr: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const NOW_AND_THEN: Duration = Duration::from_secs(10);

/// A bar, or lines. It is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    what: String,
    told: Instant,
}

impl Progress {
    /// Of so many things; none where their number is not known.
    pub(crate) fn new(what: impl Into<String>, of: Option<u64>, unit: Unit) -> Self {
        let what = what.into();
        let bar = match of {
            Some(of) => ProgressBar::new(of).with_style(style(unit.bar())),
            None => ProgressBar::new_spinner().with_style(style(unit.spinner())),
        };
        bar.set_prefix(what.clone());
        bar.enable_steady_tick(Duration::from_millis(250));
        Self { bar, what, told: Instant::now() }
    }

    /// So many more are done.
    pub(crate) fn advance(&mut self, by: u64) {
        self.bar.inc(by);
        self.tell();
    }

    /// So many are done, of so many; and what else there is to say.
    pub(crate) fn set(&mut self, done: u64, of: u64, message: String) {
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.bar.set_message(message);
        self.tell();
    }

    fn tell(&mut self) {
        if self.bar.is_hidden() && self.told.elapsed() > NOW_AND_THEN {
            self.told = Instant::now();
            let of = self.bar.length().map(|of| format!(" of {of}")).unwrap_or_default();
            eprintln!("{}: {}{of} {}", self.what, self.bar.position(), self.bar.message());
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Positions of the log, with a message.
    Positions,
    /// Events.
    Events,
    /// Bytes.
    Bytes,
}

impl Unit {
    fn bar(self) -> &'static str {
        match self {
            Unit::Positions => "{prefix} {bar:30} {percent}% {msg}",
            Unit::Events => "{prefix} {bar:30} {human_pos} events, {per_sec}, {eta} left",
            Unit::Bytes => "{prefix} {bar:30} {bytes} of {total_bytes}, {eta} left",
        }
    }

    fn spinner(self) -> &'static str {
        match self {
            Unit::Positions => "{spinner} {prefix} {human_pos} {msg}",
            Unit::Events => "{spinner} {prefix} {human_pos} events, {per_sec}",
            Unit::Bytes => "{spinner} {prefix} {bytes}",
        }
    }
}

/// Something of which it is not known how long it takes.
pub(crate) fn waiting(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {prefix}, {elapsed}"));
    bar.set_prefix(what);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

fn style(template: &'static str) -> ProgressStyle {
    // Tested below: the templates are constants.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    use super::Unit;

    #[test]
    fn the_templates_are_sound() {
        for unit in [Unit::Positions, Unit::Events, Unit::Bytes] {
            ProgressStyle::with_template(unit.bar()).unwrap();
            ProgressStyle::with_template(unit.spinner()).unwrap();
        }
    }
}
