//! Whether a command is still to be carried out.

/// Is asked before each try: a command may have waited for long, and somebody have decided
/// otherwise. The answer says nothing about who is called.
pub(crate) trait Wanted: Sync {
    fn is_wanted(&self, attempt: u32) -> impl Future<Output = bool> + Send;
}

/// Whatever happens meanwhile.
pub(crate) struct Always;

impl Wanted for Always {
    async fn is_wanted(&self, _: u32) -> bool {
        true
    }
}
